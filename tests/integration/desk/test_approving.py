"""Approve at the desk, watch it go out, stop it, and decide: each form calls its use case."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.edit.operations import SetTest, SetText
from newsletter.model.actor import Role
from newsletter.model.issue import Issue
from newsletter.model.states import BatchState, IssueState
from newsletter.model.subjects import Arm, SubjectTest
from newsletter.store import acts
from newsletter.store.content import issues
from newsletter.store.sending import batches
from newsletter.store.tables import batches as batch_rows
from newsletter.usecases import editing
from tests.fakes.desk import ADDRESSES, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, continued

PAGE = "/issues/1/approve"


def drafted(made: House) -> None:
    made.pass_at(MONDAY - timedelta(days=3))
    made.pass_at(MONDAY - timedelta(days=1))
    made.at = MONDAY - timedelta(minutes=30)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    """Open a publication whose first issue waits for approval."""
    with continued(tmp_path, drafted) as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def approver(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.APPROVER)


def issue(opened: House) -> Issue:
    with opened.app.reader.connect() as connection:
        return issues.load(connection, 1)


def shown_hash(browser: TestClient) -> str:
    found = re.search(r'name="hash" value="(\w+)"', browser.get(PAGE).text)
    assert found is not None
    return found[1]


def approve(desk: StaffedDesk, browser: TestClient) -> None:
    answer = desk.post(browser, PAGE, {"hash": shown_hash(browser)})
    assert answer.status_code == 303, answer.text


def test_one_sentence_says_what_will_happen(approver: TestClient) -> None:
    page = html.unescape(approver.get(PAGE).text)
    assert (
        "On Monday 30 November 2026 at 08:00 UTC, this issue goes out in 3 editions to"
        " 3 subscribers of The Tide, once it is approved." in page
    )


def test_the_content_on_the_screen_is_approved_under_the_members_name(
    opened: House, desk: StaffedDesk, approver: TestClient
) -> None:
    approve(desk, approver)
    found = issue(opened)
    assert found.state is IssueState.APPROVED
    assert found.approved_by is not None
    assert found.approved_by.name == ADDRESSES[Role.APPROVER]
    assert f"Approved by {ADDRESSES[Role.APPROVER]}" in approver.get(PAGE).text
    opened.pass_at(MONDAY)
    assert len(opened.mails()) == 3
    assert "Submitted to 3 subscribers by 2026-11-30 08:00 UTC" in approver.get(PAGE).text


@pytest.mark.parametrize("shown", ["", "0" * 64, "x"])
def test_other_content_is_not_approved(
    opened: House, desk: StaffedDesk, approver: TestClient, shown: str
) -> None:
    answer = desk.post(approver, PAGE, {"hash": shown})
    assert answer.status_code == 409
    assert "has changed since you looked at it" in answer.text
    assert issue(opened).state is IssueState.REVIEW


def test_content_that_changed_after_it_was_shown_is_not_approved(
    opened: House, desk: StaffedDesk, approver: TestClient
) -> None:
    before = shown_hash(approver)
    editing.change(opened.app.context, STAFF, 1, [SetText("note", "Good morning.")])
    assert "isn’t rendered yet" in html.unescape(approver.get(PAGE).text).replace("'", "’")
    assert desk.post(approver, PAGE, {"hash": before}).status_code == 409
    assert desk.post(approver, "/issues/1/render").status_code == 303
    assert desk.post(approver, PAGE, {"hash": before}).status_code == 409
    assert issue(opened).state is IssueState.REVIEW
    approve(desk, approver)


def test_above_a_size_the_number_has_to_be_typed(opened: House) -> None:
    settings = replace(opened.app.settings, confirm_above=2)
    desk = staffed_desk(replace(opened.app, settings=settings))
    approver = desk.browser(Role.APPROVER)
    fields = {"hash": shown_hash(approver)}
    assert 'name="recipients"' in approver.get(PAGE).text
    for typed in ({}, {"recipients": ""}, {"recipients": "2"}, {"recipients": "three"}):
        answer = desk.post(approver, PAGE, {**fields, **typed})
        assert answer.status_code == 409
        assert "not the number of subscribers" in answer.text
    assert issue(opened).state is IssueState.REVIEW
    assert desk.post(approver, PAGE, {**fields, "recipients": "3"}).status_code == 303


def test_a_blocking_check_is_shown_with_what_to_do(opened: House) -> None:
    publication = replace(opened.app.publication, postal_address="")
    desk = staffed_desk(replace(opened.app, publication=publication))
    approver = desk.browser(Role.APPROVER)
    desk.post(approver, "/issues/1/render")
    answer = desk.post(approver, PAGE, {"hash": shown_hash(approver)})
    assert answer.status_code == 409
    assert "postal_address" in answer.text or "postal address" in answer.text
    assert issue(opened).state is IssueState.REVIEW


def test_the_checks_say_who_is_left_out(desk: StaffedDesk, approver: TestClient) -> None:
    page = desk.post(approver, "/issues/1/check").text
    assert "Who is left out now, and why" in page
    assert ">1</td>" in page.partition("Who is left out now")[2]


def test_a_request_for_changes_voids_the_approval_and_keeps_the_comment(
    opened: House, desk: StaffedDesk, approver: TestClient
) -> None:
    approve(desk, approver)
    comment = {"comment": "The date of the meeting is wrong."}
    assert desk.post(approver, "/issues/1/request-changes", {"comment": " "}).status_code == 409
    assert issue(opened).state is IssueState.APPROVED
    assert desk.post(approver, "/issues/1/request-changes", comment).status_code == 303
    assert issue(opened).state is IssueState.DRAFT
    assert comment["comment"] in approver.get("/issues/1/history").text


def test_an_issue_in_review_is_returned_with_a_comment(
    opened: House, desk: StaffedDesk, approver: TestClient
) -> None:
    desk.post(approver, "/issues/1/request-changes", {"comment": "Too long."})
    assert issue(opened).state is IssueState.DRAFT
    with opened.app.reader.connect() as connection:
        last = acts.of_issue(connection, 1)[-1]
    assert (last.kind.value, last.detail) == ("changes requested", {"why": "Too long."})
    assert last.actor.name == ADDRESSES[Role.APPROVER]


def test_an_issue_is_paused_resumed_and_cancelled(
    opened: House, desk: StaffedDesk, approver: TestClient
) -> None:
    approve(desk, approver)
    desk.post(approver, "/issues/1/pause", {"reason": "A name is wrong"})
    opened.pass_at(MONDAY)
    assert (issue(opened).state, opened.mails()) == (IssueState.PAUSED, [])
    assert "A name is wrong" in approver.get(PAGE).text
    desk.post(approver, "/issues/1/resume")
    assert issue(opened).state is IssueState.APPROVED
    refused = desk.post(approver, "/issues/1/cancel", {"reason": "No"})
    assert refused.status_code == 409
    assert issue(opened).state is IssueState.APPROVED
    desk.post(approver, "/issues/1/cancel", {"reason": "No", "sure": "yes"})
    assert issue(opened).state is IssueState.CANCELLED
    opened.pass_at(MONDAY)
    assert opened.mails() == []


def test_what_does_not_fit_the_state_is_refused_with_a_sentence(
    desk: StaffedDesk, approver: TestClient
) -> None:
    for act in ("pause", "resume", "move"):
        answer = desk.post(approver, f"/issues/1/{act}", {"provider": "outbox"})
        assert answer.status_code == 409
        assert "issue 1 is in review" in answer.text.lower()
    wrong = {"batch": "1.1", "decision": "maybe"}
    assert desk.post(approver, "/issues/1/resolve", wrong).status_code == 409
    foreign = {"batch": "2.1", "decision": "never"}
    assert desk.post(approver, "/issues/1/resolve", foreign).status_code == 409
    for act in ("approve", "pause", "check"):
        assert desk.post(approver, f"/issues/77/{act}").status_code == 404


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ("accepted", BatchState.ACCEPTED),
        ("again", BatchState.PREPARED),
        ("never", BatchState.CANCELLED),
    ],
)
def test_a_batch_in_doubt_is_shown_and_decided(
    opened: House, desk: StaffedDesk, approver: TestClient, decision: str, state: BatchState
) -> None:
    approve(desk, approver)
    opened.pass_at(MONDAY)
    with opened.app.engine.begin() as connection:
        (batch, *_) = batches.of_issue(connection, 1)
        held = {"state": "held", "reason": "no answer was seen", "submitted": 0}
        connection.execute(batch_rows.update().where(batch_rows.c.seq == batch.seq).values(held))
        connection.exec_driver_sql("UPDATE issues SET state = 'submitting' WHERE id = 1")
    page = html.unescape(approver.get(PAGE).text)
    assert f"Batch {batch.id} needs a decision" in page
    assert "no answer was seen" in page
    answer = desk.post(approver, "/issues/1/resolve", {"batch": batch.id, "decision": decision})
    assert answer.status_code == 303
    with opened.app.reader.connect() as connection:
        decided = next(b for b in batches.of_issue(connection, 1) if b.key == batch.key)
    assert decided.state is state
    assert "needs a decision" not in approver.get(PAGE).text


@pytest.fixture
def undecided(opened: House, desk: StaffedDesk, approver: TestClient) -> House:
    """Send an issue to its test groups; so few recipients are all in the rest."""
    both = [SetText("subject", "Ports are busy"), SetTest(SubjectTest("What <ports> do", share=2))]
    editing.change(opened.app.context, STAFF, 1, both)
    desk.post(approver, "/issues/1/render")
    approve(desk, approver)
    opened.pass_at(MONDAY)
    assert opened.mails() == []
    return opened


@pytest.mark.parametrize(
    ("winner", "subject"), [(Arm.A, "Ports are busy"), (Arm.B, "What <ports> do")]
)
def test_an_approver_gives_the_rest_one_of_two_subjects_once(
    undecided: House, desk: StaffedDesk, approver: TestClient, winner: Arm, subject: str
) -> None:
    page = html.unescape(approver.get(PAGE).text)
    assert (
        "3 subscribers wait for a subject. All of them get the one that you choose, from the next"
        " pass on. It can't be changed afterwards. If no one chooses, they get subject A on"
        " 2026-11-30 12:00 UTC." in page
    )
    assert "Send it to 3 subscribers" in page
    assert "Ports are busy" in page
    assert "What <ports> do" in page
    for wrong in ({}, {"winner": ""}, {"winner": "rest"}, {"winner": "c"}):
        answer = desk.post(approver, "/issues/1/choose-subject", wrong)
        assert (answer.status_code, issue(undecided).winner) == (409, None)
        assert "Choose one of the two subjects." in answer.text
    answer = desk.post(approver, "/issues/1/choose-subject", {"winner": winner})
    assert (answer.status_code, issue(undecided).winner) == (303, winner)
    assert "choose-subject" not in approver.get(PAGE).text
    again = desk.post(approver, "/issues/1/choose-subject", {"winner": winner})
    assert again.status_code == 409
    assert f"was given subject {winner.upper()} before" in again.text
    undecided.pass_at(MONDAY + timedelta(minutes=1))
    paths = undecided.app.settings.outbox.glob("1-*.eml")
    letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    assert [letter["Subject"] for letter in letters] == [subject] * 3


def test_the_choice_on_a_paused_issue_says_that_it_waits(
    undecided: House, desk: StaffedDesk, approver: TestClient
) -> None:
    desk.post(approver, "/issues/1/pause")
    assert "once the issue is resumed" in html.unescape(approver.get(PAGE).text)
    assert desk.post(approver, "/issues/1/choose-subject", {"winner": "b"}).status_code == 303
    undecided.pass_at(MONDAY + timedelta(minutes=1))
    assert undecided.mails() == []
    desk.post(approver, "/issues/1/resume")
    undecided.pass_at(MONDAY + timedelta(minutes=2))
    assert len(undecided.mails()) == 3


@pytest.mark.usefixtures("undecided")
def test_an_editor_sees_which_subjects_are_tested_without_the_form(desk: StaffedDesk) -> None:
    page = desk.browser(Role.EDITOR).get(PAGE).text
    assert "3 subscribers wait for a subject" in page
    assert "An approver can choose it." in page
    assert "choose-subject" not in page


def test_an_editor_sees_the_page_without_the_buttons(desk: StaffedDesk) -> None:
    page = desk.browser(Role.EDITOR).get(PAGE).text
    assert "An approver can approve it." in page
    assert 'action="/issues/1/approve"' not in page
    assert 'action="/issues/1/cancel"' not in page
