"""From stored articles to an approved issue, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.edit import run as edit
from newsletter.edit.approval import Review, approve
from newsletter.edit.operations import SetText
from newsletter.edit.refreshing import Refreshed, refresh
from newsletter.errors import FetchFailed, NotAllowed
from newsletter.model.actor import MACHINE, Actor
from newsletter.model.article import Author, Extracted, Section
from newsletter.model.edition import issue_hash
from newsletter.model.finding import Finding
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Due
from newsletter.model.states import IssueState
from newsletter.render import preflight
from newsletter.render import run as render
from newsletter.render.run import RenderKit
from newsletter.store.content import articles, editions, issues
from newsletter.store.content.articles import NewArticle
from tests.fakes import manuscripts

ADA = Actor.person("Ada")
BO = Actor.person("Bo")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
DUE = Due("2026-11-30T08:00", datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
BODY = (
    "Ports along the eastern coast have begun to publish their waiting times every morning."
    " Shipping lines answered within a week by moving two of their services to the south."
    " Insurers, who rarely speak in public, asked for the same figures in writing."
)


def piece(number: int, topic: str, source: str = "commentary") -> NewArticle:
    content = Extracted(
        title=f"Article {number} on {topic}",
        url=f"https://www.example.org/{number}",
        authors=(Author(f"Author {number}"),),
        published=date(2026, 11, 26) - timedelta(days=number),
        topics=(topic,),
        sections=(Section(None, (BODY,)),),
        lang="en",
    )
    return NewArticle(
        source=source,
        state="new",
        content=content,
        content_hash=f"hash {number}",
        title_key=f"article {number}",
        translation_group=None,
    )


@pytest.fixture
def house() -> Publication:
    return manuscripts.publication()


@pytest.fixture
def weekly() -> Newsletter:
    return manuscripts.newsletter()


@pytest.fixture
def kit(house: Publication) -> RenderKit:
    nonces = iter(f"{number:012x}" for number in range(1000))
    return RenderKit(manuscripts.templates(house), manuscripts.ARTICLES, lambda: next(nonces))


@pytest.fixture
def stocked(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        for number, topic in enumerate(("Trade", "Arctic", "Trade", "Energy"), 1):
            articles.insert(connection, piece(number, topic), NOW)
    return engine


def draft(engine: sa.Engine, house: Publication, weekly: Newsletter) -> int:
    made = edit.draft(engine, house, weekly, DUE, now=NOW, actor=ADA)
    assert made is not None
    return made


def test_a_draft_holds_every_new_article_with_a_reason(
    stocked: sa.Engine, house: Publication, weekly: Newsletter
) -> None:
    issue_id = draft(stocked, house, weekly)
    with stocked.connect() as connection:
        issue = issues.load(connection, issue_id)
        items = issues.load_items(connection, issue_id)
    assert (issue.state, issue.number, issue.created_by) == (
        IssueState.DRAFT,
        1,
        Actor.parse("person:Ada"),
    )
    assert [one.included for one in items] == [True] * 4
    assert items[0].reason.startswith("lead: published 2026-11-25")
    assert items[0].teaser.text.startswith("Ports along the eastern coast")


def test_the_same_slot_is_drafted_once(
    stocked: sa.Engine, house: Publication, weekly: Newsletter
) -> None:
    draft(stocked, house, weekly)
    assert edit.draft(stocked, house, weekly, DUE, now=NOW, actor=BO) is None


def test_an_article_is_not_printed_by_two_open_issues(
    stocked: sa.Engine, house: Publication, weekly: Newsletter
) -> None:
    draft(stocked, house, weekly)
    assert edit.candidates(stocked, house, weekly, now=NOW) == []


def test_nothing_is_claimed_while_there_is_nothing_to_print_and_still_time(
    engine: sa.Engine, house: Publication, weekly: Newsletter
) -> None:
    assert edit.draft(engine, house, weekly, DUE, now=NOW, actor=ADA) is None
    with engine.begin() as connection:
        articles.insert(connection, piece(1, "Trade"), NOW)
    assert edit.draft(engine, house, weekly, DUE, now=NOW, actor=ADA) is not None


def test_a_slot_that_is_due_with_nothing_to_print_is_recorded_as_skipped(
    engine: sa.Engine, house: Publication, weekly: Newsletter
) -> None:
    made = edit.draft(engine, house, weekly, DUE, now=DUE.due_at, actor=MACHINE)
    assert made is not None
    with engine.connect() as connection:
        issue = issues.load(connection, made)
    assert (issue.state, issue.reason) == (IssueState.SKIPPED, edit.NOTHING_NEW)
    assert issue.number < 0


def test_editions_are_rendered_frozen_and_approved(
    stocked: sa.Engine, house: Publication, weekly: Newsletter, kit: RenderKit
) -> None:
    issue_id = draft(stocked, house, weekly)
    made = render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    assert len(made) == 1
    with stocked.begin() as connection:
        approve(connection, issue_id, actor=ADA, now=NOW, expected_hash=issue_hash(made))
    again = render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    assert again == made
    with stocked.connect() as connection:
        issue = issues.load(connection, issue_id)
        assert (issue.state, issue.approved_by) == (IssueState.APPROVED, Actor.parse("person:Ada"))
        assert issue.approved_hash == issue_hash(editions.of_issue(connection, issue_id))


def test_an_approval_is_bound_to_what_was_looked_at(
    stocked: sa.Engine, house: Publication, weekly: Newsletter, kit: RenderKit
) -> None:
    issue_id = draft(stocked, house, weekly)
    seen = issue_hash(render.render(stocked, house, weekly, issue_id, kit, now=NOW))
    edit.change(stocked, issue_id, [SetText("note", "Hello.")], actor=BO, now=NOW)
    render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    with pytest.raises(NotAllowed, match="changed since"), stocked.begin() as connection:
        approve(connection, issue_id, actor=ADA, now=NOW, expected_hash=seen)


def test_an_issue_that_was_never_rendered_cannot_be_approved(
    stocked: sa.Engine, house: Publication, weekly: Newsletter
) -> None:
    issue_id = draft(stocked, house, weekly)
    with pytest.raises(NotAllowed, match="not been rendered"), stocked.begin() as connection:
        approve(connection, issue_id, actor=ADA, now=NOW)


def test_a_blocking_check_stops_the_approval(
    stocked: sa.Engine, house: Publication, weekly: Newsletter, kit: RenderKit
) -> None:
    issue_id = draft(stocked, house, weekly)
    render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    found = [Finding("links", "block", "A link leads nowhere.")]
    with pytest.raises(NotAllowed, match="leads nowhere"), stocked.begin() as connection:
        approve(connection, issue_id, actor=ADA, now=NOW, review=Review(found))


def test_a_check_reports_an_empty_audience(
    stocked: sa.Engine, house: Publication, weekly: Newsletter, kit: RenderKit
) -> None:
    issue_id = draft(stocked, house, weekly)
    render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    found = preflight.check(stocked, house, weekly, issue_id, now=NOW)
    assert [one.check for one in found if one.level == "block"] == ["audience"]
    lenient = replace(house, checks=(("audience", "off"),))
    found = preflight.check(stocked, lenient, weekly, issue_id, now=NOW)
    assert not [one for one in found if one.level == "block"]


def test_a_draft_follows_its_articles_and_an_approved_issue_only_warns(
    stocked: sa.Engine, house: Publication, weekly: Newsletter, kit: RenderKit
) -> None:
    issue_id = draft(stocked, house, weekly)
    with stocked.begin() as connection:
        items = issues.load_items(connection, issue_id)
        article = articles.load(connection, items[0].article_id)
        changed = replace(piece(1, "Trade"), content=replace(article.content, title="Put right"))
        articles.revise(connection, article, changed, NOW)
    assert refresh(stocked, house, weekly, issue_id, now=NOW).changed == (items[0].article_id,)
    with stocked.connect() as connection:
        assert issues.load_items(connection, issue_id)[0].title == "Put right"
    made = render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    with stocked.begin() as connection:
        approve(connection, issue_id, actor=ADA, now=NOW)
    with stocked.begin() as connection:
        article = articles.load(connection, items[0].article_id)
        changed = replace(piece(1, "Trade"), content=replace(article.content, title="Again"))
        articles.revise(connection, article, changed, NOW)
    assert refresh(stocked, house, weekly, issue_id, now=NOW) == Refreshed()
    found = preflight.check(stocked, house, weekly, issue_id, now=NOW)
    assert "outdated" in {one.check for one in found}
    with stocked.connect() as connection:
        assert editions.of_issue(connection, issue_id) == made


def test_a_broken_link_is_a_warning_of_the_check(
    stocked: sa.Engine, house: Publication, weekly: Newsletter, kit: RenderKit
) -> None:
    issue_id = draft(stocked, house, weekly)
    render.render(stocked, house, weekly, issue_id, kit, now=NOW)
    broken = {"https://www.example.org/1": FetchFailed("answers 404 (not found)", status=404)}
    found = preflight.check(
        stocked, house, weekly, issue_id, now=NOW, broken_links=lambda _addresses: broken
    )
    assert [one.level for one in found if one.check == "broken links"] == ["warn"]
