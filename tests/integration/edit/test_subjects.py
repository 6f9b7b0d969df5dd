"""An editor tests two subjects by commands and by the edit file."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.edit.operations import SetTest, SetText
from newsletter.errors import NotAllowed
from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm, SubjectTest, arm_of
from newsletter.store.content import editions
from newsletter.usecases import editing, proofs, reviewing, sending, watching
from subscribers import directory
from tests.fakes.house import MONDAY, STAFF, House, continued, house

TEST = SubjectTest("What the ports tell us", share=60, decide_after=timedelta(hours=2))
OPERATIONS = [SetText("subject", "Ports are busy"), SetTest(TEST)]


def drafted(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(hours=5))
    editing.change(opened.app.context, STAFF, 1, OPERATIONS)


def subjects_of(opened: House) -> Counter[str]:
    with opened.app.reader.connect() as connection:
        return Counter(edition.subject for edition in editions.of_issue(connection, 1))


def test_every_edition_is_rendered_with_both_subjects_and_people_are_counted_once(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - timedelta(hours=5))
        before = reviewing.render(opened.app.context, STAFF, 1)
        editing.change(opened.app.context, STAFF, 1, OPERATIONS)
        after = reviewing.render(opened.app.context, STAFF, 1)
        number = len(before.editions)
        expected = Counter({"Ports are busy": number, "What the ports tell us": number})
        assert subjects_of(opened) == expected
        counts = [sum(edition.people for edition in each.editions) for each in (before, after)]
        assert counts[0] == counts[1] > 0
        bodies = {edition.seq: edition.html for edition in after.editions}
        assert "What the ports tell us" in bodies[2]
        assert "What the ports tell us" not in bodies[1]


@pytest.mark.parametrize(
    "operation",
    [
        SetText("subject", "Ports are idle"),
        SetTest(SubjectTest("Another one", 60, TEST.decide_after)),
        SetTest(SubjectTest(TEST.subject, 40, TEST.decide_after)),
        SetTest(SubjectTest(TEST.subject, 60, timedelta(hours=3))),
        SetTest(None),
    ],
)
def test_a_change_to_either_subject_voids_the_approval(
    tmp_path: Path, operation: SetText | SetTest
) -> None:
    with continued(tmp_path, drafted) as opened:
        reviewing.render(opened.app.context, STAFF, 1)
        opened.approve()
        assert editing.change(opened.app.context, STAFF, 1, [operation]).changes == 1
        assert opened.issues()[0].state is IssueState.DRAFT
        assert not opened.issues()[0].approved_hash


def test_both_subjects_are_checked(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - timedelta(hours=5))
        unfinished = SetTest(SubjectTest("TK what the ports say"))
        editing.change(opened.app.context, STAFF, 1, [unfinished])
        reviewing.render(opened.app.context, STAFF, 1)
        found = reviewing.check(opened.app.context, STAFF, 1).findings
        assert "The second subject contains “TK”" in " ".join(finding.says for finding in found)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (SubjectTest("Ports are busy"), "the two subjects are the same"),
        (SubjectTest("B", share=1), "expected 2% to 90%"),
        (SubjectTest("B", share=91), "expected 2% to 90%"),
        (SubjectTest("B", decide_after=timedelta(0)), "expected one minute to seven days"),
        (SubjectTest("B", decide_after=timedelta(days=8)), "expected one minute to seven days"),
    ],
)
def test_a_test_that_cannot_work_is_refused(
    tmp_path: Path, test: SubjectTest, message: str
) -> None:
    with continued(tmp_path, drafted) as opened, pytest.raises(NotAllowed, match=message):
        editing.change(opened.app.context, STAFF, 1, [SetTest(test)])


def test_the_edit_file_has_both_subjects_the_share_and_the_time(tmp_path: Path) -> None:
    with continued(tmp_path, drafted) as opened:
        context = opened.app.context
        written = editing.open_file(context, STAFF, 1)
        for line in ("subject b: What the ports tell us", "share: 60%", "decide after: 2h"):
            assert f"\n{line}\n" in written.text
        assert editing.apply_file(context, STAFF, written, written.text).changes == 0
        text = re.sub("share: 60%", "share: 40 %", written.text)
        editing.apply_file(context, STAFF, written, text.replace("after: 2h", "after: 90m"))
        changed = SubjectTest(TEST.subject, 40, timedelta(minutes=90))
        assert opened.issues()[0].test == changed
        written = editing.open_file(context, STAFF, 1)
        with pytest.raises(NotAllowed, match=r"line .*: the share is “many”"):
            editing.apply_file(
                context, STAFF, written, written.text.replace("share: 40%", "share: many")
            )
        emptied = written.text.replace("subject b: What the ports tell us", "subject b:")
        editing.apply_file(context, STAFF, written, emptied)
        assert opened.issues()[0].test is None


def test_the_pass_says_that_no_one_chose_and_the_preview_knows_each_subject(
    tmp_path: Path,
) -> None:
    with continued(tmp_path, drafted) as opened:
        context = opened.app.context
        rendered = reviewing.render(context, STAFF, 1)
        opened.approve()
        for address in ("ann@example.org", "bob@example.org"):
            with opened.app.reader.connect() as connection:
                person = directory.require(connection, address)
            arm = arm_of(person.id, 1, TEST)
            seq = proofs.reader_of(context, STAFF, rendered, address).edition
            assert seq is not None
            shown = rendered.editions[seq - 1].subject
            assert shown == (TEST.subject if arm is Arm.B else "Ports are busy")
        opened.pass_at(MONDAY)
        waits = [line.message for line in opened.pass_at(MONDAY + timedelta(minutes=5))]
        told = watching.status(context, 1)
        rest = next((each for each in told.subjects if each.arm is Arm.REST), None)
        later = [line.message for line in opened.pass_at(MONDAY + timedelta(hours=3))]
        chosen = "issue 1: no one chose a subject in time; the rest gets subject A"
        assert (chosen in later) == bool(rest)
        assert any("the better subject" in message for message in waits) == bool(rest)
        assert watching.state_of(context, 1) is IssueState.SUBMITTED
        assert len(opened.mails()) == told.planned
        with pytest.raises(NotAllowed):
            sending.choose_subject(context, STAFF, 1, Arm.B)
