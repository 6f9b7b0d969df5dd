"""The shell of sending: freeze audiences, submit batches, settle unknown outcomes."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.errors import ConfigurationError, NotAllowed
from newsletter.esp.port import Sender
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.departure import departure, lateness
from newsletter.model.edition import issue_hash
from newsletter.model.issue import Issue
from newsletter.model.next_step import CancelIssue, PreviewIssue, ViewIssue
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import SENDABLE, BatchState, IssueState
from newsletter.send import (
    audience,
    brake,
    decisions,
    evidence,
    headers,
    recovery,
    subjects,
    volume,
)
from newsletter.send.courier import Courier
from newsletter.send.journal import SubmissionJournal
from newsletter.send.recovery import Recovered
from newsletter.send.worker import Tally, Worker
from newsletter.store.content import editions, issues, slots
from newsletter.store.counting import domain_spans
from newsletter.store.database import is_serialization_failure, snapshot
from newsletter.store.sending import (
    batches,
    claims,
    deliveries,
    partitions,
    rates,
    slowed,
    totals,
)
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class Prepared:
    """A frozen issue; `late` is for how long nothing ran when it could have gone out."""

    issue_id: int
    planned: int
    batches: int
    excluded: dict[str, int]
    late: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Route:
    """How an issue goes out: through a provider, and with a journal of what is submitted."""

    sender: Sender
    journal: SubmissionJournal = field(default_factory=lambda: SubmissionJournal(None))


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation settled: numbers of batches, and the issues that were finished."""

    unknown: int = 0
    held: int = 0
    again: int = 0
    finished: tuple[int, ...] = ()
    first_subject: tuple[int, ...] = ()
    """Issues of which no one chose a subject in time: the rest gets the first one."""
    findings: tuple[Recovered, ...] = ()
    """What the journal of submissions showed that the database did not know."""
    clock_jumps: int = 0
    """Waits and missed slots of a clock that had jumped ahead, which count no longer."""


def departing(connection: sa.Connection, publication: Publication, now: datetime) -> list[int]:
    """Return the approved issues that may be sent now, earliest slot first."""
    found = []
    for issue in issues.every(connection, SENDABLE):
        newsletter = publication.newsletter(issue.newsletter)
        if newsletter is not None and departure(issue, newsletter) <= now:
            found.append((issue.due_at, issue.id))
    return [issue_id for _due, issue_id in sorted(found)]


def prepare(
    engine: sa.Engine,
    publication: Publication,
    issue_id: int,
    route: Route,
    *,
    now: datetime,
    at_once: bool = False,
) -> Prepared | None:
    """Freeze the audience and the batches of an approved issue.

    Return None if it is too early (`at_once` ignores slot, undo window and spread) or another
    worker has done it. Raise NotAllowed if the issue is not approved in its present form.
    """
    headers.require_address(publication)
    with engine.begin() as connection:
        issues.lock(connection, issue_id)
        issue = issues.load(connection, issue_id)
        newsletter = _newsletter(publication, issue)
        if issue.state in {IssueState.SUBMITTING, IssueState.SUBMITTED}:
            return None  # another pass froze it a moment ago
        if issue.state not in SENDABLE:
            msg = Phrase(
                "issue {issue_id} is {state}; only an approved issue can be sent",
                issue_id=issue_id,
                state=issue.state.spoken,
            )
            raise NotAllowed(msg)
        if not at_once and departure(issue, newsletter) > now:
            return None
        late = timedelta(0) if at_once else lateness(issue, newsletter, now)
        _require_approved(connection, issue)
        _require_unsubmitted(connection, issue, route.journal)
        issues.start_preparing(connection, issue_id, provider=route.sender.name)
        partitions.add(connection, issue_id)
    try:
        with snapshot(engine) as connection:
            done = _freeze(connection, publication, issue_id, route, now=now, at_once=at_once)
        return done and replace(done, late=late)
    except sa.exc.OperationalError as error:
        if not is_serialization_failure(error):
            raise
        return None  # another worker froze the audience while this one waited for the row


def _freeze(
    connection: sa.Connection,
    publication: Publication,
    issue_id: int,
    route: Route,
    *,
    now: datetime,
    at_once: bool,
) -> Prepared | None:
    if not issues.start_submitting(connection, issue_id, at=now):
        return None
    issue = issues.load(connection, issue_id)
    newsletter = _newsletter(publication, issue)
    if at_once:
        issue = replace(issue, reader_time="", ends_at=None)
    frozen = audience.Frozen(
        issue,
        newsletter,
        issues.load_items(connection, issue_id),
        editions.of_issue(connection, issue_id),
        publication,
    )
    planned, spans = audience.freeze(connection, frozen, now)
    most = audience.batch_size(planned, route.sender.max_batch)
    size = volume.largest_batch(connection, publication, planned, most, now)
    spread = timedelta(0) if at_once else newsletter.spread
    laid = audience.lay_out(spans, size, begin=now, spread=spread)
    batches.plan(connection, issue_id, route.sender.name, laid)
    ends_at = max((batch.not_before or now for batch in laid), default=now)
    issues.set_reader_time(
        connection, issue_id, issue.reader_time, ends_at if issue.reader_time else None
    )
    excluded = deliveries.count_exclusions(connection, issue_id)
    issues.set_audience(connection, issue_id, planned=planned, excluded=excluded)
    # On the disk before this transaction is: a restored database may lack the issue altogether.
    route.journal.freeze(recovery.frozen_issue(connection, issue, planned))
    return Prepared(issue_id, planned, len(laid), excluded)


def submit(engine: sa.Engine, publication: Publication, courier: Courier) -> Tally:
    """Submit every batch that may be submitted now, over the courier's connections.

    No batch runs in the main thread, so Ctrl-C cannot interrupt one.
    """
    headers.require_address(publication)
    worker = Worker(engine, publication, courier)
    try:
        with (
            courier.journal.working(courier.owner),
            ThreadPoolExecutor(courier.connections, "send") as pool,
        ):
            _wait(worker, [pool.submit(_work, worker, courier) for _ in range(courier.connections)])
    finally:
        worker.close()
        _finish(engine, courier)
    return worker.tally


def _work(worker: Worker, courier: Courier) -> None:
    with courier.lane() as is_free:
        if is_free:
            worker.work()


def _wait(worker: Worker, running: Sequence[Future[None]]) -> None:
    """Wait for the threads; after an error or Ctrl-C the others finish their batch first."""
    try:
        for future in as_completed(running):
            future.result()
    finally:
        worker.stopping = True


def reconcile(engine: sa.Engine, publication: Publication, courier: Courier) -> Reconciled:
    """Settle what time settles: expired leases, passed windows, finished issues.

    Each step is a separate transaction, so that none waits for an issue while it holds the batches
    of another one.
    """
    now = courier.clock()
    with engine.begin() as connection:
        jumped = batches.forget_future(connection, now)
        jumped += len(rates.forget_future(connection, now))
        jumped += slots.forget_future(connection, now)
        slowed.forget(connection, now)
        domain_spans.forget(connection, now)
        expired = claims.expire(connection, now, courier.journal.is_dead)
    with engine.begin() as connection:
        findings = recovery.recover(connection, publication, courier.journal, now=now)
    with engine.begin() as connection:
        _recall_unknown(connection, now)
        again = _repeat(connection, publication, courier, now)
        held = _hold(connection, publication, now - courier.window, now)
    with engine.begin() as connection:
        for issue in issues.every(connection, [IssueState.SUBMITTING]):
            brake.after_events(connection, publication, issue.id, now=now)
    with engine.connect() as connection:
        overdue = subjects.overdue(connection, now)
    decided = tuple(issue_id for issue_id in overdue if _decide(engine, publication, issue_id, now))
    with engine.begin() as connection:
        _release_stranded(connection, now)
    finished = _finish(engine, courier)
    _close_files(engine, courier.journal)
    return Reconciled(len(expired), held, again, finished, decided, tuple(findings), jumped)


def _decide(engine: sa.Engine, publication: Publication, issue_id: int, now: datetime) -> bool:
    with engine.begin() as connection:
        return subjects.decide(connection, publication, issue_id, now)


def _recall_unknown(connection: sa.Connection, now: datetime) -> None:
    """Lock the issues with unknown batches; settle those whose earlier attempt was seen."""
    keys = [unknown.batch.key for unknown in batches.unknown(connection, now, now)]
    for issue_id in sorted({issue_id for issue_id, _seq in keys}):
        issues.lock(connection, issue_id)
    for key in keys:
        evidence.recall(connection, key, now=now)


def _repeat(
    connection: sa.Connection, publication: Publication, courier: Courier, now: datetime
) -> int:
    """Prepare unknown batches again whose provider or policy allows a second submission.

    Batches of a cancelled issue are not submitted again; they stay unknown.
    """
    repeatable = {name for name, sender in courier.senders.items() if sender.repeatable}
    number = 0
    for unknown in batches.unknown(connection, now, now):
        if unknown.issue_state is IssueState.CANCELLED:
            continue
        batch = unknown.batch
        newsletter = publication.newsletter(unknown.newsletter)
        waited = not now - courier.window < unknown.unknown_at <= now
        by_policy = waited and newsletter is not None and newsletter.on_unknown == "resend"
        if batch.provider in repeatable or by_policy:
            why = "submitted again: the outcome was unknown, and on_unknown is resend"
            number += batches.prepare_again(
                connection,
                batch.key,
                from_states=[BatchState.UNKNOWN],
                reason="" if batch.provider in repeatable else why,
                now=now,
            )
    return number


def _hold(
    connection: sa.Connection, publication: Publication, before: datetime, now: datetime
) -> int:
    """Hold what stayed unknown past the window, and alert staff at most hourly per issue."""
    held = [
        unknown.batch.issue_id
        for unknown in batches.unknown(connection, before, now)
        if batches.hold(connection, unknown.batch.key, from_states=[BatchState.UNKNOWN])
    ]
    for issue_id in sorted(set(held)):
        found = totals.by_state(connection, issue_id)
        waiting = next(total for total in found if total.state is BatchState.HELD)
        alert = Alert(
            f"{issue_id}:held:{now:%Y-%m-%dT%H}",
            f"issue {issue_id}: the outcome of {waiting.awaiting} emails is unknown; batches held:"
            f" {waiting.batches}",
            "Every held batch needs a decision.",
            ViewIssue(issue_id),
            topic=AlertTopic.HELD,
        )
        alerts.queue(connection, publication, alert, now=now)
    return len(held)


def _release_stranded(connection: sa.Connection, now: datetime) -> None:
    """Settle prepared batches that no worker may claim: of cancelled or submitted issues."""
    for issue_id in batches.stranded(connection, IssueState.CANCELLED):
        issues.lock(connection, issue_id)
        decisions.withdraw_rest(connection, issue_id, now)
    for issue_id in batches.stranded(connection, IssueState.SUBMITTED):
        issues.move(
            connection,
            issue_id,
            from_states=[IssueState.SUBMITTED],
            to=IssueState.SUBMITTING,
        )


def _finish(engine: sa.Engine, courier: Courier) -> tuple[int, ...]:
    """Mark as submitted every issue that has no unsettled batch; return their ids."""
    with engine.begin() as connection:
        submitting = issues.every(connection, [IssueState.SUBMITTING])
        settled = [issue.id for issue in submitting if not batches.unsettled(connection, issue.id)]
        now = courier.clock()
        finished = [issue_id for issue_id in settled if _finished(connection, issue_id, now)]
    for issue_id in finished:
        courier.journal.finish(issue_id, IssueState.SUBMITTED.value)
    return tuple(finished)


def _close_files(engine: sa.Engine, journal: SubmissionJournal) -> None:
    """Close the files of issues that another host has finished; they have just been compared."""
    left = [issue_id for issue_id in journal.issues() if not journal.is_finished(issue_id)]
    if not left:
        return
    with engine.connect() as connection:
        over = issues.finished(connection, left)
        states = {issue_id: issues.load(connection, issue_id).state for issue_id in over}
    for issue_id, state in states.items():
        if state is IssueState.SUBMITTED:
            journal.finish(issue_id, state.value)


def _finished(connection: sa.Connection, issue_id: int, now: datetime) -> bool:
    """Check again under the lock, when no one can put a batch back."""
    issues.lock(connection, issue_id)
    unsettled = batches.unsettled(connection, issue_id)
    return not unsettled and issues.finish(connection, issue_id, at=now)


def _require_unsubmitted(
    connection: sa.Connection, issue: Issue, journal: SubmissionJournal
) -> None:
    known = recovery.submissions(connection, journal, issue.id)
    if known is not None:
        msg = Phrase(
            "issue {id} {extent}; it is not sent again. Cancel it, and send a special issue to those who lack it",
            id=issue.id,
            extent=recovery.extent(known),
        )
        raise NotAllowed(msg, next_step=CancelIssue(issue.id))


def _require_approved(connection: sa.Connection, issue: Issue) -> None:
    present = issue_hash(editions.heads(connection, issue.id))
    if not issue.approved_hash or present != issue.approved_hash:
        msg = Phrase(
            "issue {id} has changed since it was approved; preview and approve it again",
            id=issue.id,
        )
        raise NotAllowed(msg, next_step=PreviewIssue(issue.id))


def _newsletter(publication: Publication, issue: Issue) -> Newsletter:
    newsletter = publication.newsletter(issue.newsletter)
    if newsletter is None:
        msg = f"newsletter.toml lacks [newsletters.{issue.newsletter}], to which issue {issue.id} belongs"
        raise ConfigurationError(msg)
    return newsletter
