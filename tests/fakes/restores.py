"""Kill and restore: a copy of the database made in one state is put back in a later one."""

import shutil
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.errors import NotAllowed, NotFound
from newsletter.model.states import IssueState
from newsletter.send import run
from newsletter.send.journal import SubmissionJournal
from newsletter.store.content import issues
from tests.fakes.esmtp import Esmtp
from tests.fakes.issues import NOW, add_issue, add_people, publication
from tests.fakes.memory import MemorySender
from tests.fakes.scene import Scene, Sink
from tests.fakes.sendgrid import SendGrid

STATES = ("empty", "approved", "frozen", "killed", "killed again", "sent")
PAIRS = [(backed_up, restored) for at, backed_up in enumerate(STATES) for restored in STATES[at:]]
"""Every state in which a copy is made, with every state in which it is put back."""
PEOPLE = 20
SIZE = 4


def sink_of(provider: str, ledger: Path) -> Esmtp | SendGrid:
    """Return a provider's server without faults, which writes a ledger."""
    return Esmtp((), ledger) if provider == "smtp" else SendGrid(ledger)


@dataclass
class Restoring:
    """An issue that goes through the states; the worker is killed at `point`."""

    scene: Scene
    sink: Sink
    point: str
    issue_id: int = 0
    kills: int = 0
    totals: Counter[str] = field(default_factory=Counter)

    def play(self, backed_up: str, restored: str) -> None:
        """Go through the states up to `restored`, put the copy back, and recover."""
        with self.scene.engine.begin() as connection:
            add_people(connection, PEOPLE)
        for state in STATES[: STATES.index(restored) + 1]:
            self._reach(state)
            if state == backed_up:
                self._copy()
        self._put_back()
        self._doomed(1)
        for _ in range(5):
            self.scene.later(1200)
            self._prepare()
            self._pass()
        self._judge()

    def _reach(self, state: str) -> None:
        match state:
            case "approved":
                with self.scene.engine.begin() as connection:
                    self.issue_id = self.scene.issue_id = add_issue(connection)
                self.scene.people = PEOPLE
            case "frozen":
                self._prepare()
            case "killed":
                self._doomed(2)
            case "killed again":
                self.scene.later(1200)
                self._doomed(1)
            case "sent":
                for _ in range(4):
                    self.scene.later(1200)
                    self._pass()

    def _prepare(self) -> None:
        """Freeze the audience as a pass does that finds an approved issue."""
        if not self.issue_id:
            return
        journal = SubmissionJournal(self.scene.folder / "submissions")
        sender = MemorySender(max_batch=SIZE, name=self.sink.provider)
        try:
            route = run.Route(sender, journal)
            run.prepare(self.scene.engine, publication(), self.issue_id, route, now=NOW)
        except (NotAllowed, NotFound):
            return  # the journal knows of a submission, or the issue is not in this state
        finally:
            journal.close()

    def _pass(self) -> None:
        ended = self.scene.workers.wait(
            self.scene.workers.start(self.scene.order(self.sink, deadline=10.0))
        )
        assert ended["status"] == 0, ended

    def _doomed(self, nth: int) -> None:
        """Make a pass that is killed when it passes the point the nth time, if it does."""
        order = self.scene.order(
            self.sink, owner="doomed", point=self.point, nth=nth, deadline=10.0
        )
        ended = self.scene.workers.wait(self.scene.workers.start(order))
        assert ended["status"] in {0, signal.SIGKILL}, ended
        self.kills += ended["status"] == signal.SIGKILL

    def _copy(self) -> None:
        with (
            closing(sqlite3.connect(self._path())) as present,
            closing(sqlite3.connect(self.scene.folder / "copy")) as copy,
        ):
            present.backup(copy)

    def _put_back(self) -> None:
        """Put the copy back by hand, as an operator does who knows no command."""
        self.scene.engine.dispose()
        for ending in ("-wal", "-shm"):
            Path(f"{self._path()}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self.scene.folder / "copy", self._path())

    def _path(self) -> Path:
        return Path(str(self.scene.engine.url.database))

    def _judge(self) -> None:
        """Check by the ledger that no one got two copies and that the others are shown."""
        copies = self.scene.ledger.copies()
        assert not [address for address, number in copies.items() if number > 1]
        reached = len(copies)
        self.totals.update(reached=reached, missed=PEOPLE - reached, kills=self.kills)
        with self.scene.engine.connect() as connection:
            try:
                issue = issues.load(connection, self.issue_id)
            except NotFound:
                assert not copies, "the issue that went out is not in the database"
                return
        if issue.frozen_at is None:
            self._judge_forgotten(issue.state, issue.reason, reached)
            return
        shown = self.scene.by_address()
        assert len(shown) == PEOPLE
        for address, state in shown.items():
            assert not (state == "submitted" and not copies[address]), f"{address} was not reached"
        lacking = [address for address in shown if not copies[address]]
        held = self.scene.report().held
        assert len(lacking) <= held
        self.totals["shown as held"] += held
        assert (issue.state is IssueState.SUBMITTED) == (not held)

    def _judge_forgotten(self, state: IssueState, reason: str, reached: int) -> None:
        """Check an issue of which the database knows only what the journal knows."""
        if not reached:
            assert state in {IssueState.APPROVED, IssueState.PAUSED}, state
            return
        assert "before the database was restored" in reason
        assert state in {IssueState.SUBMITTED, IssueState.PAUSED}
        said = int(reason.partition(" to ")[2].partition(" of ")[0])
        assert said <= reached
        assert (state is IssueState.SUBMITTED) == (said == PEOPLE), "the rest waits for a person"
        self.totals["shown in the reason"] += PEOPLE - said
