"""Translations: each reader gets the version in the language they chose, and so does its frame."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from newsletter.edit import run as edit
from newsletter.edit.operations import Place
from newsletter.edit.refreshing import refresh
from newsletter.model.actor import Actor
from newsletter.model.article import Extracted, Section
from newsletter.model.edition import Edition
from newsletter.model.issue import IssueKind
from newsletter.model.publication import ItemLimits, Newsletter
from newsletter.model.slot import Due
from newsletter.model.states import IssueState
from newsletter.render import run as render
from newsletter.render.run import RenderKit
from newsletter.send.audience import Frozen, freeze
from newsletter.store.content import articles, issues
from newsletter.store.content.articles import NewArticle
from newsletter.store.sending import partitions
from newsletter.store.tables import articles as articles_table
from newsletter.store.tables import deliveries
from tests.fakes import manuscripts
from tests.fakes.issues import add_people, force_state

ADA = Actor.person("Ada")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
DUE = Due("2026-11-30T08:00", datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
HOUSE = manuscripts.publication()
WEEKLY = manuscripts.newsletter(content="followed-first")
PORT_EN = "The port will publish its waiting times every morning from now on."
PORT_KO = "항만은 이제부터 매일 아침 대기 시간을 공개한다."
POINTS = {
    "en": ("Waiting times become public.", "Shipping lines had asked for it."),
    "ko": ("대기 시간이 공개된다.", "해운사들이 요구해 온 일이다."),
}


def article(title: str, lang: str, text: str, day: int) -> Extracted:
    return Extracted(
        title=title,
        url=f"https://www.example.org/{lang}/{day}",
        published=date(2026, 11, day),
        takeaways=POINTS[lang],
        takeaways_label="Key takeaways",
        sections=(Section(None, (text,)),),
        lang=lang,
    )


@pytest.fixture
def bilingual(engine: sa.Engine) -> sa.Engine:
    stored = (
        ("a", article("The port opens its books", "en", PORT_EN, 26)),
        ("b", article("항만이 장부를 공개하다", "ko", PORT_KO, 26)),
        ("c", article("Grain moves by night", "en", "Grain now moves by night.", 25)),
    )
    with engine.begin() as connection:
        made = [
            articles.insert(connection, NewArticle("s", "new", content, key, key), NOW)
            for key, content in stored
        ]
        articles.link(connection, made[0], made[:2])
        add_people(connection, 5, first=1, language="en")
        add_people(connection, 3, first=10, language="ko-KR")
        add_people(connection, 2, first=20, language="fr")
        add_people(connection, 1, first=30, language="")
    return engine


def rendered(engine: sa.Engine, newsletter: Newsletter = WEEKLY) -> tuple[int, list[Edition]]:
    nonces = iter(f"{n:012x}" for n in range(99))
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: next(nonces))
    issue_id = edit.draft(engine, HOUSE, newsletter, DUE, now=NOW, actor=ADA)
    assert issue_id is not None
    return issue_id, render.render(engine, HOUSE, newsletter, issue_id, kit, now=NOW)


def test_a_translation_has_its_own_edition_with_its_frame_text_and_takeaways(
    bilingual: sa.Engine,
) -> None:
    _issue_id, (english, korean) = rendered(bilingual)
    assert (english.items, english.language, english.people) == ((1, 3), "", 8)
    assert (korean.items, korean.language, korean.people) == ((2, 3), "ko", 3)
    assert '<html lang="ko"' in korean.html
    assert "핵심" in korean.html
    assert "수신거부" in korean.text
    assert "수신거부" not in english.text
    assert korean.subject == "항만이 장부를 공개하다"
    for point in POINTS["ko"]:
        assert point in korean.text
        assert point in korean.html
        assert point not in english.html
    assert '<html lang="en"' in english.html


def test_what_has_no_version_in_a_language_is_reported(bilingual: sa.Engine) -> None:
    issue_id, _editions = rendered(bilingual)
    with bilingual.connect() as connection:
        notes = render.audience_notes(connection, issue_id)
    assert notes == [
        "Nothing in this issue is in French; 2 subscribers get English instead.",
        "No Korean version of “Grain moves by night”; 3 subscribers get English.",
    ]


def frozen(engine: sa.Engine, issue_id: int, editions: list[Edition]) -> dict[int, set[int]]:
    """Freeze the audience; return the subscribers by edition."""
    got: dict[int, set[int]] = {edition.id: set() for edition in editions}
    with engine.begin() as connection:
        issue = issues.load(connection, issue_id)
        items = issues.load_items(connection, issue_id)
        partitions.add(connection, issue_id)
        freeze(connection, Frozen(issue, WEEKLY, items, editions, HOUSE), NOW)
        query = sa.select(deliveries).where(deliveries.c.issue_id == issue_id)
        for delivery in connection.execute(query):
            got[delivery.edition_id].add(delivery.subscriber_id)
    return got


def test_the_freeze_assigns_each_subscriber_the_edition_in_their_language(
    bilingual: sa.Engine,
) -> None:
    issue_id, (english, korean) = rendered(bilingual)
    assert frozen(bilingual, issue_id, [english, korean]) == {
        english.id: {1, 2, 3, 4, 5, 20, 21, 30},
        korean.id: {10, 11, 12},
    }


def test_a_reader_who_subscribes_after_the_approval_gets_the_newsletters_language(
    bilingual: sa.Engine,
) -> None:
    issue_id, (english, korean) = rendered(bilingual)
    with bilingual.begin() as connection:
        add_people(connection, 1, first=40, language="ko", tags=("harbor",))
    got = frozen(bilingual, issue_id, [english])
    assert got == {english.id: {1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 30, 40}}
    assert korean.id not in got


def test_a_correction_reaches_each_reader_in_their_language(bilingual: sa.Engine) -> None:
    original, editions = rendered(bilingual)
    frozen(bilingual, original, editions)
    with bilingual.begin() as connection:
        connection.execute(deliveries.update().values(state="delivered"))
    occasion = edit.Occasion(IssueKind.CORRECTION, "Correction", "The port is closed.", original)
    later = Due("2026-12-01T08:00", datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    issue_id = edit.draft_special(bilingual, "weekly", later, occasion, now=NOW, actor=ADA)
    assert issue_id is not None
    edit.change(bilingual, issue_id, [Place(1, "in"), Place(2, "in")], actor=ADA, now=NOW)
    nonces = iter(f"{n:012x}" for n in range(99))
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: next(nonces))
    english, korean = render.render(bilingual, HOUSE, WEEKLY, issue_id, kit, now=NOW)
    assert (english.items, korean.items, korean.language) == ((1,), (2,), "ko")
    assert frozen(bilingual, issue_id, [english, korean])[korean.id] == {10, 11, 12}


def test_a_translation_of_what_was_already_sent_is_not_sent_again(bilingual: sa.Engine) -> None:
    with bilingual.begin() as connection:
        connection.execute(
            articles_table.update().where(articles_table.c.id == 2).values(state="seen")
        )
    first, _editions = rendered(bilingual)
    with bilingual.begin() as connection:
        force_state(connection, first, IssueState.SUBMITTED)
        connection.execute(articles_table.update().values(state="new"))
        new = article("Night trains", "en", "Trains now run by night.", 24)
        articles.insert(connection, NewArticle("s", "new", new, "d", "d"), NOW)
    later = Due("2026-12-07T08:00", datetime(2026, 12, 6, 23, 0, tzinfo=UTC))
    issue_id = edit.draft(bilingual, HOUSE, WEEKLY, later, now=NOW, actor=ADA)
    assert issue_id is not None
    with bilingual.connect() as connection:
        items = {item.title: item for item in issues.load_items(connection, issue_id)}
    assert items["Night trains"].included
    translation = items["항만이 장부를 공개하다"]
    assert not translation.included
    assert translation.reason == "a translation of article 1, which an earlier issue printed"


def test_a_translation_that_arrives_after_the_draft_joins_its_article(
    bilingual: sa.Engine,
) -> None:
    with bilingual.begin() as connection:
        connection.execute(articles_table.update().values(translation_group=None))
        connection.execute(
            articles_table.update().where(articles_table.c.id == 2).values(state="seen")
        )
    issue_id, editions = rendered(bilingual)
    assert len(editions) == 1
    with bilingual.begin() as connection:
        connection.execute(articles_table.update().values(state="new"))
        articles.link(connection, 1, [1, 2])
    full = replace(WEEKLY, items=ItemLimits(1, 1), content="same")
    (added,) = refresh(bilingual, HOUSE, full, issue_id, now=NOW).added
    assert (added.title, added.included) == ("항만이 장부를 공개하다", True)
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: "ab" * 6)
    made = render.render(bilingual, HOUSE, WEEKLY, issue_id, kit, now=NOW)
    assert [(edition.items, edition.language) for edition in made] == [((1, 3), ""), ((2, 3), "ko")]
