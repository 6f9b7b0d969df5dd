"""DRAFT has no current rendering, REVIEW has one; only what is in review can be approved."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.edit.operations import SetText
from newsletter.errors import NotAllowed, NotPermitted
from newsletter.model.actor import Actor, Role
from newsletter.model.next_step import PreviewIssue, RestoreBackup, SendIssue
from newsletter.model.states import IssueState
from newsletter.store.content import editions
from newsletter.store.sending import totals
from newsletter.store.tables import issues as rows
from newsletter.usecases import drafting, editing, reviewing
from newsletter.usecases.drafting import Drafted
from newsletter.usecases.reviewing import Approved, ContentChanged
from tests.fakes.house import MONDAY, STAFF, House, article, continued, house, leave_all, reopened

FRIDAY = MONDAY - timedelta(days=3)


def draft(opened: House) -> None:
    opened.pass_at(FRIDAY)
    drafted = drafting.draft_next(opened.app.context, STAFF, "weekly")
    assert isinstance(drafted, Drafted)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[House]:
    """Open a publication with an issue that was drafted and never rendered."""
    with continued(tmp_path, draft) as opened:
        yield opened


def state(opened: House) -> IssueState:
    """Return the state of the only issue."""
    (issue,) = opened.issues()
    return issue.state


def test_rendering_moves_a_draft_to_review_and_an_edit_moves_it_back(desk: House) -> None:
    context = desk.app.context
    assert state(desk) is IssueState.DRAFT
    rendered = reviewing.render(context, STAFF, 1)
    assert (rendered.fresh, rendered.issue.state) == (True, IssueState.REVIEW)
    assert not reviewing.render(context, STAFF, 1).fresh
    editing.change(context, STAFF, 1, [SetText("note", "Hello.")])
    assert state(desk) is IssueState.DRAFT
    with desk.app.reader.connect() as connection:
        assert editions.of_issue(connection, 1) == []


def test_an_edit_after_the_approval_makes_a_draft_of_it_again(desk: House) -> None:
    approved = reviewing.approve(desk.app.context, STAFF, 1)
    assert isinstance(approved, Approved)
    assert approved.next_step == SendIssue(1)
    edited = editing.change(desk.app.context, STAFF, 1, [SetText("note", "Hello.")])
    assert edited.next_step == PreviewIssue(1)
    (issue,) = desk.issues()
    assert (issue.state, issue.approved_hash, issue.approved_by) == (IssueState.DRAFT, "", None)


def test_approving_twice_changes_nothing(desk: House) -> None:
    first = reviewing.approve(desk.app.context, STAFF, 1)
    again = reviewing.approve(desk.app.context, Actor.person("bo"), 1)
    assert isinstance(first, Approved)
    assert isinstance(again, Approved)
    assert (again.already, again.approved_by.label) == (True, "mina")
    assert again.content_hash == first.content_hash


def test_content_that_the_approver_did_not_see_is_not_approved(desk: House) -> None:
    seen = reviewing.render(desk.app.context, STAFF, 1).content_hash
    editing.change(desk.app.context, STAFF, 1, [SetText("note", "Hello.")])
    result = reviewing.approve(desk.app.context, STAFF, 1, expected_hash=seen)
    assert result == ContentChanged(1, PreviewIssue(1))


@pytest.mark.parametrize("before", ["draft with editions", "review without editions"])
def test_an_issue_of_an_earlier_version_is_rendered_again(desk: House, before: str) -> None:
    """Earlier versions stored editions beside a draft, and moved an edited issue to review."""
    reviewing.render(desk.app.context, STAFF, 1)
    with desk.app.engine.begin() as connection:
        if before == "draft with editions":
            connection.execute(sa.update(rows).values(state="draft"))
        else:
            editions.forget(connection, 1)
    rendered = reviewing.render(desk.app.context, STAFF, 1)
    assert rendered.editions
    assert state(desk) is IssueState.REVIEW
    assert isinstance(reviewing.approve(desk.app.context, STAFF, 1), Approved)


def test_a_role_limits_what_a_person_may_do(desk: House) -> None:
    editor = Actor.person("ed", Role.EDITOR)
    assert reviewing.check(desk.app.context, editor, 1).findings is not None
    with pytest.raises(NotPermitted, match="approver"):
        reviewing.approve(desk.app.context, editor, 1)
    assert state(desk) is IssueState.REVIEW


def test_an_issue_is_corrected_once_at_a_time(desk: House) -> None:
    context = desk.app.context
    with pytest.raises(NotAllowed, match="has no recipients yet"):
        drafting.correct(context, STAFF, 1)
    desk.approve()
    desk.pass_at(MONDAY)
    first = drafting.correct(context, STAFF, 1, note="The fee is two, not three.")
    again = drafting.correct(context, STAFF, 1)
    assert (first.already, again.already) == (False, True)
    assert again.issue == first.issue
    assert len(desk.issues()) == 2
    with desk.app.reader.connect() as connection:
        reached = totals.planned(connection, 1)
    rendered = reviewing.render(context, STAFF, first.issue.id)
    assert rendered.recipients == reached > 0


def test_a_special_issue_leaves_the_next_slot_free(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(FRIDAY)
        context = opened.app.context
        at = (MONDAY - timedelta(days=2)).replace(tzinfo=None)
        special = drafting.draft_special(context, STAFF, "weekly", at)
        assert isinstance(special, Drafted)
        assert (special.issue.kind, special.issue.due_at) == ("special", MONDAY - timedelta(days=2))
        assert special.items
        article(tmp_path, "third", "ships")
        opened.pass_at(FRIDAY + timedelta(hours=2))
        regular = drafting.draft_next(context, STAFF, "weekly")
        assert isinstance(regular, Drafted)
        assert regular.issue.due_at == MONDAY
        with pytest.raises(NotAllowed, match="has passed"):
            drafting.draft_special(context, STAFF, "weekly", at - timedelta(days=3))


def test_a_lost_database_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        leave_all(opened, "ann@example.org")
    for path in tmp_path.glob("newsletter.db*"):
        path.unlink()
    with pytest.raises(NotAllowed, match="is missing, but its journal") as refused:
        reopened(tmp_path, MONDAY)
    assert refused.value.next_step == RestoreBackup()
    assert not (tmp_path / "newsletter.db").exists()
