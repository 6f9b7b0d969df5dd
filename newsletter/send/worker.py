"""A worker claims a batch, commits, submits it and records the result."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from newsletter.esp.port import Letter, Outcome, Recipients, Shipment, Verdict
from newsletter.model.batch import Claim, Result
from newsletter.model.delivery import delivery_number
from newsletter.model.event import origin
from newsletter.model.publication import Publication
from newsletter.model.states import BatchState, DeliveryState
from newsletter.send import attempt, claimable, counting, headers, pacing, recovery, volume
from newsletter.send.courier import Courier
from newsletter.send.journal import SubmissionJournal
from newsletter.store import epoch
from newsletter.store.content import edition_links, editions, issues
from newsletter.store.sending import claims, deliveries, rates, slowed
from newsletter.store.sending.slowed import Slowed
from newsletter.store.turns import Turns
from subscribers.tokens import Purpose

log = structlog.get_logger()

LETTERS = 8
"""How many editions a worker keeps in memory."""
MOST_TRIES = 10
"""Maximum number of attempts. After that, a deferral counts as a refusal."""


@dataclass(slots=True)
class Tally:
    """What one pass did, in recipients and batches; `problems` are sentences for staff."""

    submitted: int = 0
    refused: int = 0
    withdrawn: int = 0
    unknown: int = 0
    batches: int = 0
    problems: list[str] = field(default_factory=list)
    next_at: datetime | None = None


class Worker:
    """Submits the batches that may be submitted now; threads may share one. Close it when done."""

    def __init__(self, engine: sa.Engine, publication: Publication, courier: Courier) -> None:
        """Keep the database to write to and the courier."""
        self._engine = engine
        self._publication = publication
        self._courier = courier
        self._writing = Turns(engine)
        self._counting = threading.Lock()
        self._letters: dict[tuple[int, str], tuple[datetime | None, Letter]] = {}
        self._down: set[str] = set()
        self._introduced: set[int] = set()
        self.stopping = False
        self.tally = Tally()

    def work(self) -> None:
        """Submit batches until none may be submitted now or within the courier's patience.

        A result and the next claim share one commit, because commits are the slow part.
        """
        waited = timedelta(0)
        while True:
            claim = self._claim()
            while claim is not None:
                self._courier.at("after_claim_commit")
                claim = self._submit(claim)
            pause = self._pause()
            if self.stopping or self._courier.stopped():
                return
            if pause is None or (waited := waited + pause) > self._courier.patience:
                return
            self._courier.wait(pause.total_seconds())

    def _claim(self) -> Claim | None:
        with self._writing, self._engine.begin() as connection:
            return self._next(connection)

    def close(self) -> None:
        """Close the queue of writers."""
        self._writing.close()

    def _next(self, connection: sa.Connection) -> Claim | None:
        """Claim the next batch in the caller's transaction, unless the worker must stop."""
        courier = self._courier
        if self.stopping or courier.stopped():
            return None
        now = courier.clock()
        if not volume.has_room(connection, self._publication, now):
            return None
        claim = claims.claim(
            connection,
            self._wanted(now),
            owner=courier.owner,
            now=now,
            lease_until=now + courier.lease,
        )
        if claim is not None:
            people = claim.last - claim.first + 1
            if rate := courier.rates.get(claim.provider):
                rates.spend(connection, claim.provider, people / rate, now=now)
            claim = replace(claim, servers=courier.pacing.route(connection, claim, now))
            volume.count(connection, self._publication, people, now)
            # Before the claim is committed: what this host claims but does not begin is then
            # known not to be sent. If the journal cannot be written, `_call` does not submit.
            with suppress(OSError):
                self._introduce(connection, claim.issue_id)
        return claim

    def _pause(self) -> timedelta | None:
        """Return how long until a batch may be submitted, None if none waits for a time."""
        now = self._courier.clock()
        with self._courier.reader.begin() as connection:
            moment = claims.next_moment(connection, self._wanted(now), now)
            opens = volume.opens_at(connection, self._publication, now)
        if moment is not None and opens is not None:
            moment = max(moment, opens)
        self.tally.next_at = moment
        return None if moment is None else max(moment - now, timedelta(milliseconds=10))

    def _wanted(self, now: datetime) -> claims.Wanted:
        usable = self._courier.senders.keys() - self._down
        return claimable.wanted(self._publication, usable, now)

    def _submit(self, claim: Claim) -> Claim | None:
        """Submit a claimed batch, record the result, and return the next claim."""
        courier = self._courier
        load = self._load(claim)
        if load is None:
            return self._claim()
        recipients = load.recipients
        outcome = self._call(claim, load)
        if load.held is not None:
            outcome = load.held.rest_waits(outcome, recipients)
        courier.at("after_response")
        if outcome.verdict is Verdict.UNSENT and outcome.wait is None:
            self._down.add(claim.provider)
        with self._writing, self._engine.begin() as connection:
            now = courier.clock()
            courier.pacing.learn(connection, claim, outcome, load.slowed, now)
            result = attempt.settle(connection, self._publication, claim, outcome, now=now)
            following = self._next(connection)
        courier.at("after_commit")
        self._count(claim, len(recipients), outcome, result)
        return following

    def _load(self, claim: Claim) -> "_Load | None":
        """Return who may get the email now; None if another worker has the batch by now."""
        now, limits = self._courier.clock(), self._courier.pacing
        with self._courier.reader.begin() as connection:
            waiting = deliveries.waiting(connection, claim, now)
            known = slowed.present(connection) if claim.servers else {}
        if waiting.reasons:
            if not self._withdraw(claim, waiting.reasons):
                return None
            waiting = waiting.mailable()
        held = None
        if claim.servers and (counts := limits.limited(waiting.addresses, known)):
            zone = self._publication.timezone
            with self._writing, self._engine.begin() as connection:
                held = limits.hold_back(connection, counts, known, now, zone)
        if held is not None:
            waiting = waiting.without(held.holds)
        return _Load(self._recipients(claim, waiting), waiting.numbers, held, known)

    def _recipients(self, claim: Claim, waiting: deliveries.Waiting) -> Recipients:
        sign = self._courier.signer.mint_many
        return Recipients(
            [f"{claim.issue_id}-{number}" for number in waiting.numbers],
            waiting.addresses,
            waiting.names,
            sign(waiting.subscribers, claim.newsletter, Purpose.ISSUE),
        )

    def _withdraw(self, claim: Claim, reasons: Mapping[int, str]) -> bool:
        with self._writing, self._engine.begin() as connection:
            current = claims.count_withdrawn(connection, claim, len(reasons))
            if current:
                deliveries.mark_each(connection, claim.issue_id, reasons, DeliveryState.WITHDRAWN)
        with self._counting:
            self.tally.withdrawn += len(reasons) if current else 0
        return current

    def _call(self, claim: Claim, load: "_Load") -> Outcome:
        courier, recipients = self._courier, load.recipients
        if not recipients:
            return Outcome(Verdict.ACCEPTED, "no recipients left")
        letter = self._letter(claim)
        if letter is None:
            why = f"edition {claim.edition_id} of {claim.newsletter} does not exist"
            return Outcome(Verdict.UNSENT, why, stop=True)
        notes = _Notes(courier.journal, claim)
        last = claim.rejections >= MOST_TRIES - 1
        shipment = Shipment(
            claim.id,
            letter,
            recipients,
            last,
            servers=claim.servers,
            given_up=pacing.given_up(load.slowed, courier.clock()),
            on_accepted=notes.accept,
            on_declined=notes.decline,
        )
        try:
            self._journal(claim, load.numbers)
        except OSError as error:
            why = f"the journal of submissions cannot be written: {error.strerror or error}"
            return Outcome(Verdict.UNSENT, why, stop=True)
        courier.at("before_send")
        if courier.clock() + courier.margin > claim.lease_until:
            why = "the lease was nearly over before the submission"
            outcome = Outcome(Verdict.UNSENT, why, wait=0.0)
        else:
            outcome = self._submitted(claim, shipment)
        notes.settle(outcome)
        return outcome

    def _journal(self, claim: Claim, carried: Sequence[int]) -> None:
        """Record a claim in the journal of this host; call it before the first byte."""
        if claim.issue_id not in self._introduced:
            with self._courier.reader.begin() as connection:
                self._introduce(connection, claim.issue_id)
        self._courier.journal.claim(claim, carried)

    def _introduce(self, connection: sa.Connection, issue_id: int) -> None:
        """Let the journal of this host know an issue before it claims the first batch of it."""
        if issue_id not in self._introduced:
            recovery.introduce(connection, self._courier.journal, issue_id)
            self._introduced.add(issue_id)

    def _submitted(self, claim: Claim, shipment: Shipment) -> Outcome:
        try:
            return self._courier.senders[claim.provider].submit(shipment)
        except Exception:
            log.exception("submission failed", batch=claim.batch, attempt=claim.attempt)
            # Not the text of the error, which may contain a key or an address.
            why = "an unexpected error while submitting; the log has the details"
            return Outcome(Verdict.UNKNOWN, why)

    def _letter(self, claim: Claim) -> Letter | None:
        """Return the letter of a claim's edition; None if a part does not exist.

        It is loaded once; with reader time, once for each time, which is the date of the email.
        """
        key = (claim.edition_id, claim.provider)
        due_at, known = self._letters.get(key, (None, None))
        if known is not None and due_at == claim.due_at:
            return known
        with self._courier.reader.begin() as connection:
            edition = editions.load(connection, claim.edition_id)
            issue = issues.load(connection, claim.issue_id)
            counted = edition_links.of_edition(connection, claim.edition_id)
            mark = origin(epoch.read(connection), self._publication.url)
        newsletter = self._publication.newsletter(claim.newsletter)
        if edition is None or newsletter is None:
            return None
        date = claim.due_at or issue.leaves_at or issue.due_at
        letter = headers.letter(
            self._publication, newsletter, edition, kind=issue.kind.value, date=date, origin=mark
        )
        letter = replace(letter, return_path=self._courier.return_path)
        tracking, base = newsletter.tracking, self._publication.url
        if claim.provider in counting.PROVIDERS:
            letter = counting.by_provider(letter, tracking, base)
        elif tickets := self._courier.tickets:
            letter = counting.by_us(letter, edition, counted, tracking, tickets, base)
        with self._counting:
            self._letters[key] = claim.due_at, letter
            while len(self._letters) > LETTERS:  # editions are sent in order
                del self._letters[next(iter(self._letters))]
        return letter

    def _count(self, claim: Claim, people: int, outcome: Outcome, result: Result) -> None:
        with self._counting:
            tally = self.tally
            tally.batches += 1
            tally.refused += len(outcome.refused)
            settled = len(outcome.refused) + len(outcome.reached)
            match result.state:
                case BatchState.ACCEPTED:
                    tally.submitted += people - len(outcome.refused)
                case BatchState.UNKNOWN:
                    tally.submitted += len(outcome.reached)
                    tally.unknown += people - settled - len(outcome.unsent)
                case _:
                    tally.submitted += len(outcome.reached)
            if outcome.reason and result.state is not BatchState.ACCEPTED and not outcome.held_back:
                state = "waits" if result.state is BatchState.PREPARED else f"is {result.state}"
                tally.problems.append(f"batch {claim.batch} {state}: {outcome.reason}")
        log.info("batch settled", batch=claim.batch, attempt=claim.attempt, state=result.state)


@dataclass(frozen=True, slots=True)
class _Load:
    """Who of a batch is tried now (`numbers` are their deliveries), who waits, what is slowed."""

    recipients: Recipients
    numbers: Sequence[int]
    held: pacing.HeldBack | None
    slowed: Mapping[str, Slowed]


class _Notes:
    """Writes the answers to one shipment into the journal, each before the next message."""

    def __init__(self, journal: SubmissionJournal, claim: Claim) -> None:
        self._journal = journal
        self._claim = claim
        self._accepted: set[str] = set()

    def accept(self, delivery: str) -> None:
        self._accepted.add(delivery)
        self._journal.accept(self._claim, delivery_number(delivery))

    def decline(self, delivery: str) -> None:
        self._journal.decline(self._claim, delivery_number(delivery))

    def settle(self, outcome: Outcome) -> None:
        """Record the outcome. If that fails, the database has it in a moment.

        The outcome of a batch that was accepted message by message goes to the disk with the next
        claim: what is lost with the power is held, as it would be without this line.
        """
        durable = outcome.verdict is not Verdict.ACCEPTED or not self._accepted
        try:
            for delivery in outcome.reached:
                if delivery not in self._accepted:
                    self.accept(delivery)
            refused = [delivery_number(delivery) for delivery in outcome.refused]
            self._journal.settle(self._claim, outcome.verdict.value, refused, durable=durable)
        except OSError:
            log.exception("the journal of submissions cannot be written", batch=self._claim.batch)
