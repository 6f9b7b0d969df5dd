"""An issue that needs two approvals, and what approvers hear when theirs is voided."""

import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.edit.operations import SetText
from newsletter.errors import NotAllowed
from newsletter.model.actor import AUTOMATIC_APPROVAL, Actor, Role
from newsletter.model.states import IssueState
from newsletter.usecases import editing, reviewing
from newsletter.usecases.reviewing import Approved
from tests.fakes.desk import ADDRESSES, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, continued

ADA, BEN = Actor.person("ada"), Actor.person("ben")


def drafted(made: House) -> None:
    made.pass_at(MONDAY - timedelta(days=2))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with continued(tmp_path, drafted, "approvals = 2") as made:
        yield made


def approve(opened: House, actor: Actor) -> int:
    """Approve the issue; return how many approvals are missing."""
    result = reviewing.approve(opened.app.context, actor, 1)
    assert isinstance(result, Approved)
    return result.missing


def state(opened: House) -> IssueState:
    return opened.issues()[0].state


def edit(opened: House, actor: Actor, note: str) -> None:
    editing.change(opened.app.context, actor, 1, [SetText("note", note)])


def test_two_people_have_to_approve_the_same_content(opened: House) -> None:
    assert approve(opened, ADA) == 1
    assert approve(opened, ADA) == 1, "one person counts once"
    assert state(opened) is IssueState.REVIEW
    assert approve(opened, BEN) == 0
    assert state(opened) is IssueState.APPROVED
    opened.pass_at(MONDAY)
    assert len(opened.mails()) == 3


def test_a_change_voids_the_first_approval(opened: House) -> None:
    assert approve(opened, ADA) == 1
    edit(opened, STAFF, "Good morning.")
    assert approve(opened, BEN) == 1
    assert state(opened) is IssueState.REVIEW
    assert approve(opened, ADA) == 0


def test_the_person_who_edited_last_does_not_approve(opened: House) -> None:
    edit(opened, BEN, "Good morning.")
    with pytest.raises(NotAllowed, match="ben edited issue 1 last"):
        approve(opened, BEN)
    edit(opened, STAFF, "Good evening.")
    assert approve(opened, BEN) == 1
    assert approve(opened, ADA) == 0


def test_a_policy_is_not_one_of_two_people(opened: House) -> None:
    with pytest.raises(NotAllowed, match="the approval of 2 people"):
        approve(opened, AUTOMATIC_APPROVAL)


def test_the_desk_says_who_has_approved_and_whose_approval_was_voided(opened: House) -> None:
    desk = staffed_desk(opened.app)
    approver, admin = Actor.person(ADDRESSES[Role.APPROVER]), desk.browser(Role.ADMIN)

    def page() -> str:
        return html.unescape(admin.get("/issues/1/approve").text)

    assert "Two people have to approve it." in page()
    approve(opened, approver)
    assert f"{approver.name} has approved this content." in page()
    edit(opened, STAFF, "Good morning.")
    assert "by mina: the issue was edited." in page()
    opened.pass_at(opened.at + timedelta(minutes=1))
    outbox = opened.app.settings.outbox
    notices = [path.read_text("utf-8") for path in outbox.glob("notice*.eml")]
    about = [text for text in notices if "Your approval of issue 1" in text]
    assert len(about) == 1
    assert f"To: {approver.name}" in about[0]


def test_who_voids_their_own_approval_gets_no_notice(opened: House) -> None:
    approve(opened, ADA)
    edit(opened, ADA, "Good morning.")
    opened.pass_at(opened.at + timedelta(minutes=1))
    found = [path.read_text("utf-8") for path in opened.app.settings.outbox.glob("notice*.eml")]
    assert not [text for text in found if "Your approval" in text]
