"""Who wants which set of items, asked of both databases; and what is rendered for them."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from newsletter.edit import run as edit
from newsletter.edit.operations import Place, SetText
from newsletter.model.actor import Actor
from newsletter.model.article import Extracted, Section
from newsletter.model.edition import Chooser, Contents
from newsletter.model.publication import Content, ItemLimits, Newsletter, Topic
from newsletter.model.slot import Due
from newsletter.render import preflight
from newsletter.render import run as render
from newsletter.render.reach import wanted
from newsletter.render.run import RenderKit
from newsletter.store.content import articles, issues
from newsletter.store.content.articles import NewArticle
from newsletter.store.sending.audience import question
from tests.fakes import manuscripts
from tests.fakes.issues import add_people

ADA = Actor.person("Ada")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
DUE = Due("2026-11-30T08:00", datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
TOPICS = ("trade", "arctic", "energy")
HOUSE = manuscripts.publication(topics=tuple(map(Topic, (*TOPICS, "cooking"))))


def weekly(content: Content, most: int = 2, editions: int = 200) -> Newsletter:
    limits = ItemLimits(1, most)
    return manuscripts.newsletter(content=content, items=limits, max_editions=editions)


@pytest.fixture
def peopled(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        for number, topic in enumerate(TOPICS, 1):
            sections = (Section(None, ("Ports publish their waiting times every morning now.",)),)
            content = Extracted(
                title=f"On {topic}",
                published=date(2026, 11, 27 - number),
                topics=(topic,),
                sections=sections,
                lang="en",
            )
            articles.insert(connection, NewArticle("a", "new", content, topic, topic), NOW)
        add_people(connection, 5, first=1)
        add_people(connection, 4, first=10, tags=("arctic",))
        add_people(connection, 3, first=20, tags=("arctic", "energy"))
        add_people(connection, 2, first=30, tags=("cooking",))
        add_people(connection, 9, first=40, tags=("trade",), state="pending")
    return engine


def drafted(engine: sa.Engine, newsletter: Newsletter) -> int:
    made = edit.draft(engine, HOUSE, newsletter, DUE, now=NOW, actor=ADA)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("content", "counts", "nothing"),
    [
        ("same", {((1, 2), ()): 14}, 0),
        ("followed", {((1, 2), (3,)): 5, ((2,), ()): 4, ((2, 3), ()): 3}, 2),
        (
            "followed-first",
            {((1, 2), (3,)): 5, ((2,), (1, 3)): 4, ((2, 3), (1,)): 3, ((1,), (2, 3)): 2},
            0,
        ),
    ],
)
def test_people_are_counted_by_what_they_get(
    peopled: sa.Engine,
    content: Content,
    counts: dict[tuple[tuple[int, ...], tuple[int, ...]], int],
    nothing: int,
) -> None:
    newsletter = weekly(content)
    issue_id = drafted(peopled, newsletter)
    with peopled.connect() as connection:
        chooser = Chooser(issues.load_items(connection, issue_id), newsletter)
        asked = question(connection, newsletter, HOUSE, NOW)
        assert wanted(connection, asked, chooser) == (
            {Contents(*key): people for key, people in counts.items()},
            nothing,
            {"en": sum(counts.values())},
        )


def test_every_set_is_rendered_once_and_the_rarest_are_folded(peopled: sa.Engine) -> None:
    nonces = iter(f"{n:012x}" for n in range(99))
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: next(nonces))
    newsletter = weekly("followed", editions=2)
    issue_id = drafted(peopled, newsletter)
    made = render.render(peopled, HOUSE, newsletter, issue_id, kit, now=NOW)
    assert [(one.items, one.people) for one in made] == [((1, 2), 5), ((2,), 7)]
    assert len({one.nonce for one in made}) == 2
    with peopled.connect() as connection:
        told = render.audience_notes(connection, issue_id)
    assert told[0].startswith("1 sets of topics were too rare")
    assert told[1].startswith("3 subscribers get")
    assert told[2].startswith("2 subscribers follow topics without an article")


def test_an_announcement_without_items_goes_to_all_subscribers(peopled: sa.Engine) -> None:
    newsletter = weekly("followed")
    issue_id = drafted(peopled, newsletter)
    taken = [Place(article, "later") for article in (1, 2, 3)]
    said = SetText("note", "We pause for a week.")
    edit.change(peopled, issue_id, [*taken, said], actor=ADA, now=NOW)
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: "ab" * 6)
    (edition,) = render.render(peopled, HOUSE, newsletter, issue_id, kit, now=NOW)
    assert (edition.items, edition.people) == ((), 14)
    found = preflight.check(peopled, HOUSE, newsletter, issue_id, now=NOW)
    assert not [one for one in found if one.level == "block"]
