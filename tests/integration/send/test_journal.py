"""The journal of submissions settles what a crash or a restore has taken from the database."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.esp.port import Outcome, Verdict
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.actor import Actor
from newsletter.model.batch import Claim
from newsletter.model.delivery import edition_mark
from newsletter.send import decisions, run
from newsletter.send.journal import SubmissionJournal
from newsletter.store.content import editions, issues
from newsletter.store.sending import batches
from tests.conftest import ROOT
from tests.fakes.esmtp import Esmtp
from tests.fakes.issues import add_issue
from tests.integration.send.conftest import UNKNOWN, Office


class _Killed(Exception):  # noqa: N818 - it stands for a kill, not for an error
    """Ends a worker where a kill would."""


@pytest.fixture
def lite(lite: Office, tmp_path: Path) -> Office:
    lite.journal = SubmissionJournal(tmp_path / "submissions")
    return lite


@pytest.fixture
def office(office: Office, tmp_path: Path) -> Office:
    office.journal = SubmissionJournal(tmp_path / "submissions")
    return office


@dataclass
class Backups:
    """Copies of an office's SQLite database, to put back."""

    office: Office
    folder: Path

    def make(self, name: str) -> None:
        with (
            closing(sqlite3.connect(self._path())) as present,
            closing(sqlite3.connect(self.folder / name)) as copy,
        ):
            present.backup(copy)

    def restore(self, name: str) -> None:
        """Put a copy back by hand, as an operator does who knows no command."""
        self.office.engine.dispose()
        self.office.reader.dispose()
        for ending in ("-wal", "-shm"):
            Path(f"{self._path()}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self.folder / name, self._path())

    def _path(self) -> Path:
        return Path(str(self.office.engine.url.database))


@pytest.fixture
def backups(lite: Office, tmp_path: Path) -> Backups:
    return Backups(lite, tmp_path)


def reconcile(office: Office) -> run.Reconciled:
    return run.reconcile(office.engine, office.publication, office.courier())


STATES = ("draft", "frozen", "half", "sent")


def advance(office: Office, state: str) -> None:
    """Bring the issue of an office to a state."""
    match state:
        case "frozen":
            office.freeze()
        case "half":
            passes = iter([False, False, True])
            office.stopped = lambda: next(passes, True)
            office.submit()
            office.stopped = lambda: False
        case "sent":
            office.submit()


@pytest.mark.parametrize("restored_at", [1, 2, 3])
@pytest.mark.parametrize("backed_up_at", [0, 1, 2])
def test_a_restored_database_sends_no_second_copy(
    lite: Office, backups: Backups, backed_up_at: int, restored_at: int
) -> None:
    lite.issue(people=12)
    for place in range(restored_at + 1):
        advance(lite, STATES[place])
        if place == backed_up_at:
            backups.make("copy")
    if backed_up_at > restored_at:
        return
    backups.restore("copy")
    found = reconcile(lite)
    lite.later(minutes=1)
    for _ in range(3):
        try:
            lite.freeze()
        except NotAllowed:
            break
        lite.submit()
    copies = lite.reached()
    assert len(copies) == len(set(copies))
    status = lite.told()
    missing = 12 - len(set(copies))
    assert not missing or status.waits_for_a_person or status.state == "submitted"
    submitted_since = STATES.index("half") <= restored_at and restored_at > backed_up_at
    assert bool(found.findings) == submitted_since


def test_an_issue_that_a_restored_database_has_forgotten_keeps_its_slot(
    lite: Office, backups: Backups
) -> None:
    backups.make("empty")
    lite.issue(people=3)
    lite.freeze()
    lite.submit()
    backups.restore("empty")
    (finding,) = reconcile(lite).findings
    assert "was submitted to 3 of 3 before the database was restored" in finding.message
    with lite.engine.connect() as connection:
        issue = issues.load(connection, 1)
    assert (issue.state, issue.nominal) == ("submitted", "2026-11-23T08:00")
    assert reconcile(lite).findings == ()


def test_the_articles_of_a_forgotten_issue_count_as_printed(lite: Office, backups: Backups) -> None:
    with lite.engine.begin() as connection:
        other = add_issue(connection, number=9)  # it prints the same article
        assert issues.printed_before(connection, issues.load(connection, other)) == []
    backups.make("before")
    lite.issue(people=3)
    lite.freeze()
    lite.submit()
    backups.restore("before")
    (finding,) = reconcile(lite).findings
    assert not finding.for_a_person
    with lite.engine.connect() as connection:
        assert issues.printed_before(connection, issues.load(connection, other)) == [1]
        (item,) = issues.load_items(connection, lite.issue_id)
    assert (item.article_id, item.title) == (1, "Article 1")


def test_articles_that_may_be_printed_again_are_named(lite: Office, backups: Backups) -> None:
    backups.make("empty")
    lite.issue(people=3)
    lite.freeze()
    lite.submit()
    backups.restore("empty")
    (finding,) = reconcile(lite).findings
    assert finding.for_a_person
    assert "may repeat them: https://www.example.org/1" in finding.message


def test_an_issue_with_an_unknown_outcome_is_not_sent_after_a_restore(
    lite: Office, backups: Backups
) -> None:
    lite.issue(people=3)
    backups.make("approved")
    lite.answers([UNKNOWN])
    lite.freeze()
    lite.submit()
    backups.restore("approved")
    (finding,) = reconcile(lite).findings
    assert finding.for_a_person
    assert lite.told().state == "paused"
    with lite.engine.begin() as connection:
        issues.move(connection, 1, from_states=["paused"], to="approved")  # type: ignore[list-item,arg-type]
    with pytest.raises(NotAllowed, match="it is not sent again"):
        lite.freeze()


def test_a_database_that_uses_the_same_folder_is_not_taken_for_a_restored_one(
    lite: Office,
) -> None:
    lite.issue(people=3)
    lite.freeze()
    lite.submit()
    with lite.engine.begin() as connection:
        connection.execute(sa.text("UPDATE epochs SET epoch = 'another'"))
        connection.execute(sa.text("DELETE FROM batches"))
        connection.execute(sa.text("DELETE FROM deliveries"))
        connection.execute(sa.text("UPDATE issues SET state = 'approved', frozen_at = NULL"))
    assert reconcile(lite).findings == ()
    assert lite.freeze() is not None
    lite.submit()
    assert lite.told().submitted == 3


def _killed(office: Office, claim: Claim, *lines: tuple[str, int]) -> None:
    """Journal what a worker wrote before it was killed."""
    office.journal.claim(claim, range(claim.first, claim.last + 1))
    for kind, number in lines:
        note = office.journal.accept if kind == "A" else office.journal.decline
        note(claim, number)


def test_after_a_kill_one_message_of_an_smtp_batch_is_in_doubt(office: Office) -> None:
    office.answers(max_batch=5)
    office.memory.name = "smtp"
    office.senders = {"smtp": office.memory}
    office.issue(people=5)
    office.freeze()
    with office.engine.begin() as connection:
        claim = office.claim(connection, "smtp")
    _killed(office, claim, ("A", 1), ("N", 2))
    office.later(minutes=5)
    (finding,) = reconcile(office).findings
    assert "1 more recipients have the email, 1 are in doubt and 3 can be sent" in finding.message
    status = office.told()
    assert (status.submitted, status.unknown, status.waiting) == (1, 1, 3)
    assert reconcile(office).findings == ()
    office.submit()
    assert sorted(office.reached()) == [f"reader{number}@example.net" for number in (2, 4, 5)]
    status = office.told()
    assert (status.submitted, status.unknown + status.held) == (4, 1)
    office.journal.accept(claim, 3)  # the worker was only stopped, and the answer arrives late
    reconcile(office)
    assert office.told().state == "submitted"


def test_a_result_that_the_database_never_got_is_settled_by_the_journal(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    with office.engine.begin() as connection:
        claim = office.claim(connection)
    office.journal.claim(claim, range(1, 6))
    office.journal.settle(claim, Verdict.ACCEPTED.value, [4])
    office.later(minutes=5)
    reconcile(office)
    status = office.told()
    assert (status.submitted, status.waiting) == (4, 1)


def test_a_worker_that_has_died_is_not_waited_for(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    with office.engine.begin() as connection:
        office.claim(connection)
    assert reconcile(office).unknown == 0
    with office.journal.working("silent"):
        assert reconcile(office).unknown == 0
    (office.journal.folder / "worker-silent~0").touch()  # type: ignore[operator]
    assert reconcile(office).unknown == 1


def test_the_end_of_one_pass_says_nothing_about_another_of_the_same_process(
    tmp_path: Path,
) -> None:
    journal, other = (SubmissionJournal(tmp_path / "submissions") for _ in range(2))
    with journal.working("busy"):
        with journal.working("busy"):
            assert not other.is_dead("busy")
        assert not other.is_dead("busy")
    assert not other.is_dead("busy"), "it ended in good order, and holds nothing"
    assert list((tmp_path / "submissions").iterdir()) == []
    command = (
        "import os, pathlib, sys\n"
        "from newsletter.send.journal import SubmissionJournal\n"
        "journal = SubmissionJournal(pathlib.Path(sys.argv[1]))\n"
        "with journal.working('busy'), journal.working('busy'):\n"
        "    os._exit(9)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path / "submissions")], cwd=ROOT, check=False
    )
    assert ended.returncode == 9
    assert other.is_dead("busy")
    with journal.working("busy"):
        assert not other.is_dead("busy")


def test_nothing_is_submitted_that_cannot_be_journaled(
    lite: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite.issue(people=5)
    lite.freeze()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lite.journal, "claim", full)
    lite.submit()
    assert lite.reached() == []
    assert lite.told().state == "paused"
    assert "journal of submissions" in lite.told().reason


def test_waits_that_a_jumped_clock_has_set_are_over(office: Office) -> None:
    office.issue(people=10)
    office.freeze()
    office.later(days=400)
    office.answers([Outcome(Verdict.UNSENT, "HTTP 429", wait=30.0)])
    office.submit()
    with office.engine.begin() as connection:
        office.claim_anyway(connection)
    office.later(days=-400)
    found = reconcile(office)
    assert found.clock_jumps >= 1
    assert found.unknown == 1
    with office.engine.connect() as connection:
        states = [batch.state for batch in batches.of_issue(connection, office.issue_id)]
    assert "submitting" not in states


def test_a_log_settles_whom_it_names_and_leaves_the_others_in_doubt(office: Office) -> None:
    office.answers([UNKNOWN])
    office.issue(people=5)
    office.freeze()
    office.submit()
    office.later(hours=1)
    office.submit()
    ada = Actor.person("ada")
    with office.engine.begin() as connection:
        found = decisions.resolve_from_log(
            connection, "1.1", {"1-1", "1-3", "2-4"}, actor=ada, now=office.now
        )
    assert (found.accepted, found.missing) == (2, 3)
    assert (office.told().submitted, office.told().held) == (2, 3)
    with office.engine.begin() as connection:
        found = decisions.resolve_from_log(
            connection, "1.1", {f"1-{number}" for number in range(6)}, actor=ada, now=office.now
        )
    assert (found.accepted, found.missing) == (3, 0)
    office.submit()
    assert (office.told().submitted, office.told().state) == (5, "submitted")
    with office.engine.begin() as connection, pytest.raises(NotAllowed):
        decisions.resolve_from_log(connection, "1.1", set(), actor=ada, now=office.now)


def test_a_log_that_another_database_shares_settles_nothing_of_this_one(office: Office) -> None:
    office.answers([UNKNOWN])
    office.issue(people=3)
    office.freeze()
    office.submit()
    office.later(hours=1)
    office.submit()
    ada = Actor.person("ada")
    with office.engine.begin() as connection:
        batch = batches.of_issue(connection, office.issue_id)[0]
        edition = editions.load(connection, batch.edition_id)
        assert edition
        logged = {f"1-1{edition_mark(edition.nonce)}", f"1-2{edition_mark('of another')}"}
        found = decisions.resolve_from_log(connection, "1.1", logged, actor=ada, now=office.now)
    assert (found.accepted, found.missing) == (1, 2)


def test_what_a_worker_of_this_host_claimed_but_did_not_begin_is_not_in_doubt(
    office: Office,
) -> None:
    office.issue(people=5)
    office.freeze()
    owner = office.journal.owner("silent", lambda: "0123456789ab")
    with office.engine.begin() as connection:
        claim = office.claim(connection)
        connection.execute(sa.text("UPDATE batches SET owner = :owner"), {"owner": owner})
    office.later(minutes=5)
    reconcile(office)
    assert (office.told().unknown, office.told().waiting) == (0, 5)
    office.submit()
    assert (office.told().submitted, office.memory.shipments[0].attempt) == (5, "1.1:2")
    assert claim.attempt == 1


def test_what_a_worker_of_another_host_claimed_stays_in_doubt(
    office: Office, tmp_path: Path
) -> None:
    """What it began is in the journal of its own host."""
    office.issue(people=5)
    office.freeze()
    office.journal.owner("here", lambda: "0123456789ab")
    elsewhere = SubmissionJournal(tmp_path / "elsewhere")
    owner = elsewhere.owner("silent", lambda: "ba9876543210")
    with office.engine.begin() as connection:
        office.claim(connection)
        connection.execute(sa.text("UPDATE batches SET owner = :owner"), {"owner": owner})
    office.later(minutes=5)
    reconcile(office)
    assert (office.told().unknown, office.told().waiting) == (5, 0)
    office.submit()
    assert office.memory.shipments == []


def test_what_a_second_host_claimed_but_did_not_begin_is_not_in_doubt(
    office: Office, tmp_path: Path
) -> None:
    """Another host froze the issue; this one dies right after its first claim of it."""
    office.issue(people=5)
    office.freeze()
    office.journal = SubmissionJournal(tmp_path / "second")

    def die(_point: str) -> None:
        raise _Killed

    owner = office.journal.owner("worker", lambda: "0123456789ab")
    courier = replace(office.courier(), owner=owner, at=die)
    with pytest.raises(_Killed):
        run.submit(office.engine, office.publication, courier)
    office.later(minutes=5)
    reconcile(office)
    assert (office.told().unknown, office.told().waiting) == (0, 5)
    office.submit()
    assert office.told().submitted == 5


def test_a_journal_that_is_older_than_a_claim_does_not_release_it(
    office: Office, tmp_path: Path
) -> None:
    """The folder was put back from a copy: it proves nothing about what was sent since."""
    office.issue(people=5)
    office.freeze()
    office.journal = second = SubmissionJournal(tmp_path / "second")
    owner = second.owner("worker", lambda: "0123456789ab")
    answered = []

    def die(point: str) -> None:
        answered.append(point)
        if point == "after_response":
            raise _Killed

    with pytest.raises(_Killed):
        run.submit(
            office.engine, office.publication, replace(office.courier(), owner=owner, at=die)
        )
    assert "after_response" in answered
    second.close()
    second.path(office.issue_id).unlink()
    office.journal = SubmissionJournal(tmp_path / "second")
    office.later(minutes=5)
    office.submit()
    assert (office.told().unknown, len(office.memory.shipments)) == (5, 1)


@pytest.mark.parametrize("fault", ["ok", "data_550", "accept_drop", "rcpt_450"])
def test_the_outcome_of_an_accepted_batch_waits_for_the_next_claim(
    lite: Office, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers are in the journal one by one; what is lost with the power is held."""
    synced: list[int] = []
    with Esmtp(["ok", fault]) as server:
        lite.use(SmtpSender(server.url))
        lite.issue(3)
        lite.freeze()
        monkeypatch.setattr(os, "fdatasync", synced.append)
        run.submit(lite.engine, lite.publication, lite.courier())
    words = [line.split() for line in lite.journal.lines(lite.issue_id)]
    claimed = sum(kind == "C" for kind, *_ in words)
    unaccepted = sum(kind == "R" and rest[2] != "accepted" for kind, *rest in words)
    finished = sum(kind == "E" for kind, *_ in words)
    assert unaccepted == (fault in {"accept_drop", "rcpt_450"})
    assert len(synced) == claimed + unaccepted + finished
