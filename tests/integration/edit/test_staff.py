"""What staff do to a stored issue: it lasts, it is recorded, and it voids an approval."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from newsletter.edit import run as edit
from newsletter.edit import sheet
from newsletter.edit.approval import approve
from newsletter.edit.operations import Correct, Place, SetText
from newsletter.edit.refreshing import refresh
from newsletter.edit.sheet import fingerprint
from newsletter.errors import NotAllowed
from newsletter.model.act import ActKind, Edit, EditKind
from newsletter.model.actor import Actor
from newsletter.model.article import Extracted, Section
from newsletter.model.issue import IssueKind, corrected
from newsletter.model.slot import Due
from newsletter.model.states import IssueState
from newsletter.render import preflight
from newsletter.render import run as render
from newsletter.render.run import RenderKit
from newsletter.store import acts
from newsletter.store.content import articles, editions, issues
from newsletter.store.content.articles import NewArticle
from tests.fakes import manuscripts
from tests.fakes.issues import force_state

ADA = Actor.person("Ada")
BO = Actor.person("Bo")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
DUE = Due("2026-11-30T08:00", datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
HOUSE = manuscripts.publication()
WEEKLY = manuscripts.newsletter()
TEXT = "Ports along the eastern coast publish their waiting times every single morning now."


def content(title: str) -> Extracted:
    sections = (Section(None, (TEXT,)),)
    return Extracted(title=title, published=date(2026, 11, 26), lang="en", sections=sections)


def stored(title: str) -> NewArticle:
    return NewArticle("commentary", "new", content(title), title, title)


@pytest.fixture
def issue_id(engine: sa.Engine) -> int:
    with engine.begin() as connection:
        for title in ("One", "Two"):
            articles.insert(connection, stored(title), NOW)
    made = edit.draft(engine, HOUSE, WEEKLY, DUE, now=NOW, actor=ADA)
    assert made is not None
    return made


def test_a_correction_survives_a_new_collection(engine: sa.Engine, issue_id: int) -> None:
    with engine.connect() as connection:
        _, draft = edit.load_draft(connection, issue_id)
    first, was = draft.items[0].article_id, draft.items[0].title
    made = [Correct(first, "title", "Put right"), SetText("subject", "Ports")]
    assert edit.change(engine, issue_id, made, actor=ADA, now=NOW).done
    with engine.begin() as connection:
        article = articles.load(connection, first)
        articles.revise(
            connection, article, replace(stored("x"), content=content("Rewritten")), NOW
        )
    assert refresh(engine, HOUSE, WEEKLY, issue_id, now=NOW).changed == (first,)
    with engine.connect() as connection:
        issue, draft = edit.load_draft(connection, issue_id)
        made_by_ada = acts.of_issue(connection, issue_id)[-1]
    assert issue.subject == "Ports"
    assert (draft.items[0].title, corrected(draft.items[0]).title) == ("Rewritten", "Put right")
    assert (made_by_ada.actor.name, made_by_ada.kind) == ("Ada", ActKind.EDITED)
    assert made_by_ada.edits == (
        Edit(EditKind.CORRECT, "title", first, before=was, after="Put right"),
        Edit(EditKind.SET_TEXT, "subject", before="", after="Ports"),
    )


def test_an_edit_voids_the_approval_and_forgets_the_editions(
    engine: sa.Engine, issue_id: int
) -> None:
    nonces = iter("abcdef")
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: next(nonces) * 12)
    render.render(engine, HOUSE, WEEKLY, issue_id, kit, now=NOW)
    with engine.begin() as connection:
        approve(connection, issue_id, actor=ADA, now=NOW)
    assert edit.change(engine, issue_id, [SetText("note", "Hello.")], actor=BO, now=NOW).done
    with engine.connect() as connection:
        issue = issues.load(connection, issue_id)
        assert issue.state is IssueState.DRAFT
        assert (issue.approved_by, issue.approved_hash) == (None, "")
        assert editions.of_issue(connection, issue_id) == []
    assert "Hello." in render.render(engine, HOUSE, WEEKLY, issue_id, kit, now=NOW)[0].text


def test_an_edit_that_changes_nothing_voids_nothing(engine: sa.Engine, issue_id: int) -> None:
    assert not edit.change(engine, issue_id, [SetText("note", "")], actor=BO, now=NOW).done


def test_two_simultaneous_edits_do_not_undo_each_other(engine: sa.Engine, issue_id: int) -> None:
    with engine.connect() as connection:
        _, seen = edit.load_draft(connection, issue_id)
    edit.change(engine, issue_id, [SetText("note", "Mine.")], actor=ADA, now=NOW)
    late = [SetText("note", "No, mine.")]
    with pytest.raises(NotAllowed, match="someone else has changed"):
        edit.change(engine, issue_id, late, actor=BO, now=NOW, expected_state=fingerprint(seen))


def test_what_is_left_to_the_next_issue_is_eligible_for_it(
    engine: sa.Engine, issue_id: int
) -> None:
    with engine.connect() as connection:
        _, draft = edit.load_draft(connection, issue_id)
    last = draft.items[-1].article_id
    edit.change(engine, issue_id, [Place(last, "later")], actor=ADA, now=NOW)
    left = edit.candidates(engine, HOUSE, WEEKLY, now=NOW)
    assert [one.article.id for one in left] == [last]


def test_an_issue_that_has_left_can_no_longer_be_edited(engine: sa.Engine, issue_id: int) -> None:
    with engine.begin() as connection:
        force_state(connection, issue_id, IssueState.SUBMITTED)
    with pytest.raises(NotAllowed, match="can no longer be changed"):
        edit.change(engine, issue_id, [SetText("note", "x")], actor=ADA, now=NOW)


def test_an_article_that_arrives_during_an_edit_does_not_void_it(
    engine: sa.Engine, issue_id: int
) -> None:
    with engine.connect() as connection:
        issue, seen = edit.load_draft(connection, issue_id)
    typed = sheet.write(issue, seen).replace("subject: ", "subject: Ports", 1)
    with engine.begin() as connection:
        articles.insert(connection, stored("Three"), NOW)
    refresh(engine, HOUSE, WEEKLY, issue_id, now=NOW)
    with engine.connect() as connection:
        _, present = edit.load_draft(connection, issue_id)
    assert len(present.items) == 3
    assert [item.included for item in present.items] == [True] * 3
    assert sheet.read(typed, present) == [SetText("subject", "Ports")]


def test_a_special_issue_takes_what_staff_put_in(engine: sa.Engine, issue_id: int) -> None:
    with engine.begin() as connection:
        force_state(connection, issue_id, IssueState.SUBMITTED)
        articles.insert(connection, stored("Three"), NOW)
    when = Due("2026-11-28T10:00:00 special", NOW)
    made = edit.draft_special(
        engine, "weekly", when, edit.Occasion(note="Read this."), now=NOW, actor=ADA
    )
    assert made is not None
    assert edit.draft_special(engine, "weekly", when, edit.Occasion(), now=NOW, actor=BO) is None
    refresh(engine, HOUSE, WEEKLY, made, now=NOW)
    with engine.connect() as connection:
        issue, draft = edit.load_draft(connection, made)
    assert (issue.kind, issue.number, issue.note) == (IssueKind.SPECIAL, 2, "Read this.")
    assert [one.title for one in draft.items] == ["Three"]
    assert edit.change(
        engine, made, [Place(draft.items[0].article_id, "in")], actor=ADA, now=NOW
    ).done


def test_a_correction_is_one_edition_for_all_subscribers(engine: sa.Engine, issue_id: int) -> None:
    with engine.begin() as connection:
        force_state(connection, issue_id, IssueState.SUBMITTED)
    occasion = edit.Occasion(IssueKind.CORRECTION, "Correction", "We were wrong.", issue_id)
    when = Due("2026-12-01T10:00:00 correction", NOW)
    made = edit.draft_special(engine, "weekly", when, occasion, now=NOW, actor=ADA)
    assert made is not None
    kit = RenderKit(manuscripts.templates(HOUSE), manuscripts.ARTICLES, lambda: "a1b2c3" * 2)
    (edition,) = render.render(engine, HOUSE, WEEKLY, made, kit, now=NOW)
    assert (edition.items, edition.subject) == ((), "Correction")
    assert "We were wrong." in edition.text
    found = preflight.check(engine, HOUSE, WEEKLY, made, now=NOW)
    assert not [one for one in found if one.level == "block"]
