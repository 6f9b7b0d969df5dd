"""Stage 4, the shell: freeze an audience, submit what may leave, reconcile what is in doubt."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.errors import ConfigurationError, NotAllowed
from newsletter.esp.port import Sender
from newsletter.model.departure import departure
from newsletter.model.edition import issue_hash
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import BatchState, IssueState
from newsletter.send import acts, alarm, audience, brake, feedback, headers, volume
from newsletter.send.courier import Courier
from newsletter.send.worker import Tally, Worker
from newsletter.store.content import editions, issues
from newsletter.store.sending import batches, claims, deliveries


@dataclass(frozen=True, slots=True)
class Prepared:
    """A frozen issue."""

    issue_id: int
    planned: int
    batches: int
    excluded: dict[str, int]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was settled without a provider: batches by what became of them, issues finished."""

    unknown: int = 0
    held: int = 0
    again: int = 0
    finished: tuple[int, ...] = ()


def departing(connection: sa.Connection, publication: Publication, now: datetime) -> list[int]:
    """Return the issues that are approved and may leave now, the earliest first."""
    found = []
    for issue in issues.every(connection, [IssueState.APPROVED, IssueState.PREPARING]):
        newsletter = publication.newsletter(issue.newsletter)
        if newsletter is not None and departure(issue, newsletter) <= now:
            found.append((issue.due_at, issue.id))
    return [issue_id for _due, issue_id in sorted(found)]


def prepare(
    engine: sa.Engine,
    publication: Publication,
    issue_id: int,
    sender: Sender,
    *,
    now: datetime,
    at_once: bool = False,
) -> Prepared | None:
    """Freeze the audience and the batches of an approved issue.

    None when it is too early (`at_once` waives slot, undo and spread) or another worker has done
    it; raise NotAllowed when it is not approved, or not in the form that was approved.
    """
    headers.require_address(publication)
    with engine.begin() as connection:
        issues.lock(connection, issue_id)
        issue = issues.load(connection, issue_id)
        newsletter = _newsletter(publication, issue)
        if issue.state not in {IssueState.APPROVED, IssueState.PREPARING}:
            msg = f"issue {issue_id} is {issue.state}; only an approved issue can be sent"
            raise NotAllowed(msg)
        if not at_once and departure(issue, newsletter) > now:
            return None
        _require_approved(connection, issue)
        issues.move(
            connection,
            issue_id,
            frm=[IssueState.APPROVED],
            to=IssueState.PREPARING,
            provider=sender.name,
        )
    spread = timedelta(0) if at_once else newsletter.spread
    try:
        with _snapshot(engine) as connection:
            return _freeze(connection, publication, issue_id, sender, now=now, spread=spread)
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != "40001":
            raise
        return None  # another worker froze it while we waited for the row


def _freeze(
    connection: sa.Connection,
    publication: Publication,
    issue_id: int,
    sender: Sender,
    *,
    now: datetime,
    spread: timedelta,
) -> Prepared | None:
    if not issues.move(
        connection,
        issue_id,
        frm=[IssueState.PREPARING],
        to=IssueState.SUBMITTING,
        frozen_at=now,
        leaves_at=now,
    ):
        return None
    issue = issues.load(connection, issue_id)
    frozen = audience.Frozen(
        issue,
        _newsletter(publication, issue),
        issues.load_items(connection, issue_id),
        editions.of_issue(connection, issue_id),
        dict(publication.segments),
    )
    planned = audience.freeze(connection, frozen, now)
    spans = deliveries.ranges(connection, issue_id)
    size = volume.largest_batch(connection, publication, planned, sender.max_batch, now)
    laid = audience.lay_out(spans, size, begin=now, spread=spread)
    batches.plan(connection, issue_id, sender.name, laid)
    excluded = deliveries.count_exclusions(connection, issue_id)
    issues.change(connection, issue_id, planned=planned, excluded=excluded)
    return Prepared(issue_id, planned, len(laid), excluded)


def submit(engine: sa.Engine, publication: Publication, courier: Courier) -> Tally:
    """Submit every batch that may leave now, over as many connections as the courier has.

    The threads are never the main one, so that Ctrl-C does not tear a batch in two.
    """
    headers.require_address(publication)
    worker = Worker(engine, publication, courier)
    try:
        with ThreadPoolExecutor(courier.connections, "send") as pool:
            _wait(worker, [pool.submit(worker.work) for _ in range(courier.connections)])
    finally:
        worker.close()
        with engine.begin() as connection:
            _finish(connection, courier.clock())
    return worker.tally


def _wait(worker: Worker, running: Sequence[Future[None]]) -> None:
    """Wait for the threads; when one breaks, or on Ctrl-C, the others finish their batch first."""
    try:
        for one in as_completed(running):
            one.result()
    finally:
        worker.stopping = True


def reconcile(engine: sa.Engine, publication: Publication, courier: Courier) -> Reconciled:
    """Settle what only time settles: ended leases, passed windows, finished issues.

    Every unknown batch is looked at, whatever the one before it is waiting for. Each step is a
    transaction of its own: none may ask for an issue while it holds the batches of another.
    """
    now = courier.clock()
    with engine.begin() as connection:
        expired = claims.expire(connection, now)
    with engine.begin() as connection:
        _take_doubtful(connection, now)
        again = _repeat(connection, publication, courier, now)
        held = _hold(connection, publication, now - courier.window, now)
    with engine.begin() as connection:
        _brake(connection, publication, now)
    with engine.begin() as connection:
        _release_stranded(connection, now)
    with engine.begin() as connection:
        finished = _finish(connection, now)
    return Reconciled(len(expired), held, again, finished)


def _take_doubtful(connection: sa.Connection, now: datetime) -> None:
    """Lock the issues that have unknown batches; settle those whose earlier attempt was seen."""
    doubtful = [(row["issue_id"], row["seq"]) for row in batches.unknown(connection, now)]
    for issue_id in sorted({issue_id for issue_id, _seq in doubtful}):
        issues.lock(connection, issue_id)
    for key in doubtful:
        feedback.recall(connection, key, now=now)


def _repeat(
    connection: sa.Connection, publication: Publication, courier: Courier, now: datetime
) -> int:
    """Put back what may be submitted twice: the provider forgives it, or the policy chose it.

    Nothing of a cancelled issue is submitted again; what is unknown of it stays unknown.
    """
    repeatable = {name for name, sender in courier.senders.items() if sender.repeatable}
    number = 0
    for row in batches.unknown(connection, now):
        if row["issue_state"] == IssueState.CANCELLED.value:
            continue
        newsletter = publication.newsletter(row["newsletter"])
        waited = row["unknown_at"] <= now - courier.window
        chosen = waited and newsletter is not None and newsletter.on_unknown == "resend"
        if row["provider"] in repeatable or chosen:
            why = "submitted again: nobody saw the outcome, and on_unknown is resend"
            number += batches.shift(
                connection,
                (row["issue_id"], row["seq"]),
                frm=[BatchState.UNKNOWN],
                state=BatchState.PREPARED.value,
                reason="" if row["provider"] in repeatable else why,
                not_before=None,
            )
    return number


def _hold(
    connection: sa.Connection, publication: Publication, before: datetime, now: datetime
) -> int:
    """Hold what stayed unknown past the window, and tell staff: of an issue once an hour."""
    held = []
    for row in batches.unknown(connection, before):
        key = (row["issue_id"], row["seq"])
        if batches.shift(connection, key, frm=[BatchState.UNKNOWN], state=BatchState.HELD.value):
            held.append(key)
    for issue_id in sorted({issue_id for issue_id, _seq in held}):
        totals = batches.totals(connection, issue_id)
        waiting = next(one for one in totals if one["state"] == BatchState.HELD)
        number, people = waiting["batches"], waiting["awaiting"]
        cause = alarm.Cause(
            f"held:{now:%Y-%m-%dT%H}",
            f"nobody saw what became of {people} mails of issue {issue_id}; batches held: {number}",
            f"`newsletter issues show {issue_id}` lists every batch that waits for a decision.",
        )
        alarm.tell(connection, publication, issue_id, cause, now=now)
    return len(held)


def _brake(connection: sa.Connection, publication: Publication, now: datetime) -> None:
    for issue in issues.every(connection, [IssueState.SUBMITTING]):
        totals = batches.totals(connection, issue.id)
        seen = brake.Reputation(
            submitted=sum(one["submitted"] for one in totals),
            complained=sum(one["complained"] for one in totals),
            bounced=sum(one["bounced"] for one in totals),
        )
        if why := brake.verdict(seen):
            step = "Look at who was mailed before you resume or cancel it."
            cause = alarm.Cause(f"brake:{why}", why, step)
            alarm.stop(connection, publication, issue.id, cause, now=now)


def _release_stranded(connection: sa.Connection, now: datetime) -> None:
    """See to prepared batches that no worker may claim: of issues cancelled, or called submitted."""
    for issue_id in batches.stranded(connection, IssueState.CANCELLED):
        issues.lock(connection, issue_id)
        acts.withdraw_rest(connection, issue_id, now)
    leaving = IssueState.SUBMITTING
    for issue_id in batches.stranded(connection, IssueState.SUBMITTED):
        issues.move(connection, issue_id, frm=[IssueState.SUBMITTED], to=leaving)


def _finish(connection: sa.Connection, now: datetime) -> tuple[int, ...]:
    """Call submitted every issue of which no batch is open, unknown or held."""
    leaving = issues.every(connection, [IssueState.SUBMITTING])
    settled = [one.id for one in leaving if not batches.unsettled(connection, one.id)]
    return tuple(one for one in settled if _finished(connection, one, now))


def _finished(connection: sa.Connection, issue_id: int, now: datetime) -> bool:
    """Look once more, when nobody can put a batch back any longer."""
    issues.lock(connection, issue_id)
    return not batches.unsettled(connection, issue_id) and issues.move(
        connection,
        issue_id,
        frm=[IssueState.SUBMITTING],
        to=IssueState.SUBMITTED,
        submitted_at=now,
    )


def _require_approved(connection: sa.Connection, issue: Issue) -> None:
    present = issue_hash(editions.of_issue(connection, issue.id))
    if not issue.approved_hash or present != issue.approved_hash:
        msg = (
            f"issue {issue.id} is not in the form that was approved; render it, look at it and"
            " approve it again"
        )
        raise NotAllowed(msg)


def _newsletter(publication: Publication, issue: Issue) -> Newsletter:
    newsletter = publication.newsletter(issue.newsletter)
    if newsletter is None:
        msg = (
            f"newsletter.toml has no [newsletters.{issue.newsletter}], of which issue {issue.id} is"
        )
        raise ConfigurationError(msg)
    return newsletter


@contextmanager
def _snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction in which every statement sees the same people."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection
