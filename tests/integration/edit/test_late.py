"""Articles that are collected after the draft, and articles that staff decided about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.edit import run as edit
from newsletter.edit.operations import LATE, Pin, Place, SetText
from newsletter.edit.refreshing import refresh
from newsletter.model.actor import Actor
from newsletter.model.article import Extracted, Section
from newsletter.model.issue import Item
from newsletter.model.publication import ItemLimits, Newsletter
from newsletter.model.slot import Due
from newsletter.model.states import IssueState
from newsletter.store.content import articles, issues
from newsletter.store.content.articles import NewArticle
from tests.fakes import manuscripts
from tests.fakes.issues import force_state

STAFF = Actor.person("mina")
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
DUE = Due("2026-11-29T08:00", datetime(2026, 11, 29, 8, 0, tzinfo=UTC))
NEXT = Due("2026-11-30T08:00", datetime(2026, 11, 30, 8, 0, tzinfo=UTC))
HOUSE = manuscripts.publication()
DAILY = manuscripts.newsletter(content="same", items=ItemLimits(1, 3))


def insert(engine: sa.Engine, title: str, published: date | None) -> int:
    sections = (Section(None, ("Ports publish their waiting times every single morning now.",)),)
    content = Extracted(title=title, published=published, lang="en", sections=sections)
    with engine.begin() as connection:
        return articles.insert(connection, NewArticle("a", "new", content, title, title), NOW)


@pytest.fixture
def issue_id(engine: sa.Engine) -> int:
    for day in (26, 27):
        insert(engine, f"On the {day}th", date(2026, 11, day))
    made = edit.draft(engine, HOUSE, DAILY, DUE, now=NOW, actor=STAFF)
    assert made is not None
    return made


def items_of(engine: sa.Engine, issue_id: int) -> list[Item]:
    with engine.connect() as connection:
        return issues.load_items(connection, issue_id)


def titles(engine: sa.Engine, issue_id: int) -> list[str]:
    return [item.title for item in items_of(engine, issue_id) if item.included]


def test_the_evenings_article_goes_into_the_morning_issue(engine: sa.Engine, issue_id: int) -> None:
    insert(engine, "Breaking", date(2026, 11, 28))
    (added,) = refresh(engine, HOUSE, DAILY, issue_id, now=NOW).added
    assert (added.title, added.included) == ("Breaking", True)
    assert titles(engine, issue_id) == ["Breaking", "On the 27th", "On the 26th"]
    assert [item.position for item in items_of(engine, issue_id)] == [1, 2, 3]
    assert refresh(engine, HOUSE, DAILY, issue_id, now=NOW).added == ()


def test_a_full_issue_names_what_did_not_fit(engine: sa.Engine, issue_id: int) -> None:
    insert(engine, "Third", date(2026, 11, 25))
    insert(engine, "Undated", None)
    added = refresh(engine, HOUSE, DAILY, issue_id, now=NOW).added
    assert [(item.title, item.included) for item in added] == [("Third", True), ("Undated", False)]
    assert added[1].reason == f"{LATE}; did not fit: 2 items are included; carries over"


def test_an_issue_that_staff_edited_gets_only_candidates(engine: sa.Engine, issue_id: int) -> None:
    edit.change(engine, issue_id, [SetText("note", "Hello.")], actor=STAFF, now=NOW)
    insert(engine, "Breaking", date(2026, 11, 28))
    (added,) = refresh(engine, HOUSE, DAILY, issue_id, now=NOW).added
    assert (added.included, added.reason) == (False, f"{LATE}; carries over")


def test_a_pinned_item_stays_above_a_late_one(engine: sa.Engine, issue_id: int) -> None:
    insert(engine, "Breaking", date(2026, 11, 28))
    first, second = items_of(engine, issue_id)
    pinned = [replace(second, pinned=True, position=1), replace(first, position=2)]
    with engine.begin() as connection:
        issues.replace_items(connection, issue_id, pinned)
    refresh(engine, HOUSE, DAILY, issue_id, now=NOW)
    assert titles(engine, issue_id)[0] == "On the 26th"


def drafted_next(engine: sa.Engine, newsletter: Newsletter = DAILY) -> list[Item]:
    made = edit.draft(engine, HOUSE, newsletter, NEXT, now=NOW, actor=STAFF)
    assert made is not None
    return items_of(engine, made)


def test_out_later_and_never_differ_in_the_next_issue(engine: sa.Engine, issue_id: int) -> None:
    for title in ("Out", "Later", "Never"):
        insert(engine, title, date(2026, 11, 28))
    wide = replace(DAILY, items=ItemLimits(1, 8))
    refresh(engine, HOUSE, wide, issue_id, now=NOW)
    ids = {item.title: item.article_id for item in items_of(engine, issue_id)}
    places = [
        Place(ids["Out"], "out"),
        Place(ids["Later"], "later"),
        Place(ids["Never"], "never"),
    ]
    edit.change(engine, issue_id, places, actor=STAFF, now=NOW)
    found = {item.title: item.included for item in drafted_next(engine, wide)}
    assert found == {"Later": True, "Out": False}


def test_a_decision_can_be_taken_back(engine: sa.Engine, issue_id: int) -> None:
    first = items_of(engine, issue_id)[0].article_id
    edit.change(engine, issue_id, [Place(first, "never")], actor=STAFF, now=NOW)
    edit.change(engine, issue_id, [Pin(first)], actor=STAFF, now=NOW)
    edit.change(engine, issue_id, [Place(first, "later")], actor=STAFF, now=NOW)
    assert [item.article_id for item in drafted_next(engine)] == [first]


def test_the_publication_date_counts_for_the_age(engine: sa.Engine) -> None:
    insert(engine, "Old", NOW.date() - timedelta(days=31))
    insert(engine, "New", NOW.date() - timedelta(days=29))
    insert(engine, "Undated", None)
    assert [item.title for item in drafted_next(engine)] == ["New", "Undated"]


def test_recurring_blocks_are_in_every_new_issue(engine: sa.Engine) -> None:
    insert(engine, "New", NOW.date())
    sponsored = replace(DAILY, blocks=(manuscripts.SPONSOR,))
    made = edit.draft(engine, HOUSE, sponsored, DUE, now=NOW, actor=STAFF)
    assert made is not None
    with engine.connect() as connection:
        assert issues.load(connection, made).blocks == (manuscripts.SPONSOR,)


def test_an_article_after_the_approval_is_reported_once_and_does_not_void_it(
    engine: sa.Engine, issue_id: int
) -> None:
    with engine.begin() as connection:
        force_state(connection, issue_id, IssueState.APPROVED)
    insert(engine, "Breaking", date(2026, 11, 28))
    (added,) = refresh(engine, HOUSE, DAILY, issue_id, now=NOW).added
    assert (added.title, added.included) == ("Breaking", False)
    assert added.reason == "collected after the approval; carries over"
    assert refresh(engine, HOUSE, DAILY, issue_id, now=NOW).added == ()
    assert titles(engine, issue_id) == ["On the 27th", "On the 26th"]
    with engine.connect() as connection:
        assert issues.load(connection, issue_id).state is IssueState.APPROVED
    made = edit.draft(engine, HOUSE, DAILY, NEXT, now=NOW, actor=STAFF)
    assert made is not None
    assert titles(engine, made) == ["Breaking"]
