"""An office that sends: an issue, a provider in memory, and a clock that a test moves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.esp.port import FaultPoint, Outcome, Sender, Verdict, nowhere
from newsletter.model.actor import Actor
from newsletter.model.batch import Claim
from newsletter.model.publication import Publication
from newsletter.model.states import BatchState
from newsletter.send import attempt, decisions, run, status
from newsletter.send.courier import Courier
from newsletter.send.journal import SubmissionJournal
from newsletter.send.status import IssueStatus
from newsletter.send.worker import Tally
from newsletter.store.database import open_reader
from newsletter.store.sending import batches, claims
from subscribers.tokens import Signer
from tests.fakes.issues import NOW, add_issue, add_people, publication
from tests.fakes.memory import MemorySender

UNKNOWN = Outcome(Verdict.UNKNOWN, "no answer")
LATER = Outcome(Verdict.UNSENT, "HTTP 429", wait=1.0)


class Office:
    """Everything around one issue."""

    def __init__(self, engine: sa.Engine) -> None:
        """Take a database with the schema."""
        self.engine = engine
        self.reader = open_reader(engine.url.render_as_string(hide_password=False))
        self.now: datetime = NOW
        self.publication: Publication = publication()
        self.memory = MemorySender(max_batch=5)
        self.senders: dict[str, Sender] = {"memory": self.memory}
        self.rates: dict[str, float] = {}
        self.slept: list[float] = []
        self.issue_id = 0
        self.at: FaultPoint = nowhere
        self.journal = SubmissionJournal(None)
        self.stopped: Callable[[], bool] = lambda: False

    def issue(self, people: int = 12) -> int:
        """Subscribe people and approve an issue for them."""
        with self.engine.begin() as connection:
            add_people(connection, people)
            self.issue_id = add_issue(connection)
        return self.issue_id

    def answers(self, answers: Iterable[Outcome] = (), *, max_batch: int = 5) -> None:
        """Have a new provider in memory answer the next shipments so."""
        self.memory = MemorySender(answers, max_batch=max_batch)
        self.senders["memory"] = self.memory

    def use(self, sender: Sender) -> None:
        """Send through this provider and no other."""
        self.senders = {sender.name: sender}

    def courier(self, patience: timedelta = timedelta(0), connections: int = 1) -> Courier:
        """Return the equipment of one worker."""
        return Courier(
            senders=self.senders,
            signer=Signer([b"k" * 32]),
            reader=self.reader,
            clock=lambda: self.now,
            wait=self._sleep,
            owner="test",
            connections=connections,
            rates=self.rates,
            patience=patience,
            at=self.at,
            stopped=self.stopped,
            journal=self.journal,
        )

    def freeze(self, *, at_once: bool = False) -> run.Prepared | None:
        """Freeze the audience of the issue."""
        sender = next(iter(self.senders.values()))
        route = run.Route(sender, self.journal)
        return run.prepare(
            self.engine, self.publication, self.issue_id, route, now=self.now, at_once=at_once
        )

    def submit(self, patience: timedelta = timedelta(0)) -> Tally:
        """Make the sending part of a pass."""
        run.reconcile(self.engine, self.publication, self.courier())
        tally = run.submit(self.engine, self.publication, self.courier(patience))
        run.reconcile(self.engine, self.publication, self.courier())
        return tally

    def claim(self, connection: sa.Connection, provider: str = "memory") -> Claim:
        """Claim the next batch as a worker does that is not heard of again."""
        claim = claims.claim(
            connection,
            claims.Wanted([provider]),
            owner="silent",
            now=self.now,
            lease_until=self.now + timedelta(minutes=3),
        )
        assert claim is not None
        return claim

    def claim_anyway(self, connection: sa.Connection) -> Claim:
        """Claim the next batch although its provider asked to wait."""
        connection.execute(sa.text("UPDATE rates SET free_at = 0"))
        connection.execute(sa.text("UPDATE batches SET not_before = NULL"))
        return self.claim(connection)

    def settle(self, claim: Claim, outcome: Outcome) -> BatchState:
        """Write down what became of a claim; return the state of its batch."""
        with self.engine.begin() as connection:
            done = attempt.settle(connection, self.publication, claim, outcome, now=self.now)
        return done.state

    def resolve(self, batch: str, decision: decisions.Decision) -> int:
        """Have Ada decide about a batch; return how many people it concerns."""
        with self.engine.begin() as connection:
            return decisions.resolve(
                connection, batch, decision, actor=Actor.person("ada"), now=self.now
            )

    def waiting(self) -> list[str]:
        """Return the batches that need a decision, or soon may."""
        with self.engine.connect() as connection:
            return [batch.id for batch in batches.waiting(connection)]

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def told(self) -> IssueStatus:
        """Return how the issue stands."""
        with self.engine.connect() as connection:
            return status.of(connection, self.issue_id)

    def configure(self, **changes: object) -> None:
        """Change the newsletter's configuration."""
        only = self.publication.newsletters[0]
        changed = replace(only, **changes)  # type: ignore[arg-type]
        self.publication = replace(self.publication, newsletters=(changed,))

    def reached(self) -> list[str]:
        """Return everybody who was submitted, with repetitions."""
        return [one.address for one in self.memory.recipients]

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def office(engine: sa.Engine) -> Iterator[Office]:
    made = Office(engine)
    yield made
    made.reader.dispose()


@pytest.fixture
def pg(pg_engine: sa.Engine) -> Iterator[Office]:
    made = Office(pg_engine)
    yield made
    made.reader.dispose()


@pytest.fixture
def lite(sqlite_engine: sa.Engine) -> Iterator[Office]:
    made = Office(sqlite_engine)
    yield made
    made.reader.dispose()
