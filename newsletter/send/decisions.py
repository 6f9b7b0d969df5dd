"""What a person decides about an issue that is being sent; each decision is recorded."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from newsletter.errors import NotAllowed, NotFound
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor
from newsletter.model.batch import Batch, read_batch
from newsletter.model.delivery import delivery_id, edition_mark
from newsletter.model.next_step import ListIssues
from newsletter.model.reason import Reason
from newsletter.model.states import (
    CANCELLABLE,
    DECIDABLE,
    MOVABLE,
    PAUSABLE,
    BatchState,
    DeliveryState,
    IssueState,
)
from newsletter.send import pieces
from newsletter.store import acts
from newsletter.store.content import editions, issues, leaving
from newsletter.store.sending import batches, deliveries
from subscribers.phrase import Phrase

Decision = Literal["accepted", "again", "never"]


def pause(
    connection: sa.Connection, issue_id: int, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Stop an issue at once for all batches that no worker has claimed."""
    was = issues.load(connection, issue_id).state
    if not issues.move(
        connection,
        issue_id,
        from_states=PAUSABLE,
        to=IssueState.PAUSED,
        reason=reason or IssueState.PAUSED.value,
    ):
        raise _refusal(connection, issue_id, Phrase("paused"))
    before, detail = {"state": was.value}, {"reason": reason}
    acts.record(connection, Act(now, actor, ActKind.PAUSED, issue_id, before, detail=detail))


def resume(
    connection: sa.Connection, issue_id: int, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Let a paused issue continue where it stopped."""
    issue = issues.load(connection, issue_id)
    to = IssueState.SUBMITTING if issue.frozen_at else IssueState.APPROVED
    if not issues.move(connection, issue_id, from_states=[IssueState.PAUSED], to=to, reason=""):
        raise _refusal(connection, issue_id, Phrase("resumed"))
    leaving.let_leave(connection, now, issue_id)
    before, detail = {"reason": issue.reason}, {"reason": reason}
    acts.record(connection, Act(now, actor, ActKind.RESUMED, issue_id, before, detail=detail))


def cancel(
    connection: sa.Connection, issue_id: int, *, actor: Actor, now: datetime, reason: str = ""
) -> int:
    """Cancel what has not been submitted of an issue; return how many recipients will not get it.

    Unknown and held batches stay as they are: a cancellation cannot recall them.
    """
    was = issues.load(connection, issue_id).state
    if not issues.move(
        connection,
        issue_id,
        from_states=CANCELLABLE,
        to=IssueState.CANCELLED,
        reason=reason or Reason.CANCELLED.value,
    ):
        raise _refusal(connection, issue_id, Phrase("cancelled"))
    people = withdraw_rest(connection, issue_id, now)
    before, detail = {"state": was.value}, {"reason": reason, "people": people}
    acts.record(connection, Act(now, actor, ActKind.CANCELLED, issue_id, before, detail=detail))
    return people


def withdraw_rest(connection: sa.Connection, issue_id: int, now: datetime) -> int:
    """Cancel the prepared batches of a cancelled issue; return how many recipients they had.

    A batch that was to be submitted again after an unknown outcome is held instead: some of its
    recipients may have the email.
    """
    people = 0
    for batch in batches.lock_prepared(connection, issue_id):
        if batch.unknown_at is None:
            people += _withdraw(connection, batch, [BatchState.PREPARED], now) or 0
            continue
        batches.hold(
            connection,
            batch.key,
            from_states=[BatchState.PREPARED],
            reason="cancelled after an attempt with an unknown outcome",
        )
    return people


def _withdraw(
    connection: sa.Connection, batch: Batch, from_states: Collection[BatchState], now: datetime
) -> int | None:
    """Cancel a batch; return its recipients, None if it is in another state by now."""
    reason = Reason.CANCELLED.value
    if not batches.cancel(connection, batch.key, from_states=from_states, reason=reason, now=now):
        return None
    withdrawn = deliveries.count_pending(connection, batch.issue_id, batch.span)
    batches.count_settled(connection, batch.key, withdrawn=withdrawn)
    return withdrawn


def resolve(
    connection: sa.Connection, name: str, decision: Decision, *, actor: Actor, now: datetime
) -> int:
    """Decide about a batch with an unknown outcome; return how many recipients it concerns.

    `accepted`: it was delivered. `again`: submit it once more, although some may get two copies.
    `never`: it was not delivered, and is not submitted again.
    """
    batch = _batch(connection, name)
    cancelled = issues.load(connection, batch.issue_id).state is IssueState.CANCELLED
    if decision == "again" and cancelled:
        msg = Phrase(
            "issue {issue_id} is cancelled; nothing more of it is submitted",
            issue_id=batch.issue_id,
        )
        raise NotAllowed(msg)
    if not _decided(connection, batch, decision, now):
        msg = Phrase(
            "batch {name} is {state}; only unknown, held or refused batches need a decision",
            name=name,
            state=batch.state,
        )
        raise NotAllowed(msg)
    before = {"state": batch.state.value}
    detail = {"decision": decision, "batch": name, "people": batch.awaiting}
    acts.record(
        connection, Act(now, actor, ActKind.RESOLVED, batch.issue_id, before, detail=detail)
    )
    return batch.awaiting


@dataclass(frozen=True, slots=True)
class LogFindings:
    """How many recipients of a batch a server's log shows as accepted, and how many not."""

    accepted: int
    missing: int


def resolve_from_log(
    connection: sa.Connection, name: str, logged: Collection[str], *, actor: Actor, now: datetime
) -> LogFindings:
    """Mark the recipients of a batch in doubt that a server's log shows as accepted.

    `logged` are delivery ids with the marks of their editions, or without any. A recipient that is
    missing there stays in doubt: the log may not cover the time of the submission.
    """
    batch = _batch(connection, name)
    if batch.state not in DECIDABLE:
        msg = Phrase(
            "batch {name} is {state}; only unknown, held or refused batches need a decision",
            name=name,
            state=batch.state,
        )
        raise NotAllowed(msg)
    pending = deliveries.pending(connection, batch.issue_id, batch.span)
    edition = editions.load(connection, batch.edition_id)
    marks = {"", edition_mark(edition.nonce) if edition else ""}
    ids = {delivery_id(batch.issue_id, number): number for number in pending}
    found = [ids[id_] for id_ in ids if any(f"{id_}{mark}" in logged for mark in marks)]
    state = DeliveryState.SUBMITTED
    deliveries.mark_each(connection, batch.issue_id, dict.fromkeys(found, ""), state)
    batches.count_settled(connection, batch.key, submitted=len(found))
    if len(found) == len(pending):
        batches.accept(connection, batch.key, from_states=DECIDABLE, now=now)
    before = {"state": batch.state.value}
    detail = {"decision": "from log", "batch": name, "people": len(found)}
    acts.record(
        connection, Act(now, actor, ActKind.RESOLVED, batch.issue_id, before, detail=detail)
    )
    return LogFindings(len(found), len(pending) - len(found))


def _batch(connection: sa.Connection, name: str) -> Batch:
    key = read_batch(name)
    if key:
        issues.lock(connection, key[0])
    batch = batches.load(connection, key) if key else None
    if batch is None:
        msg = Phrase("batch {name!r} does not exist", name=name)
        raise NotFound(msg, next_step=ListIssues())
    return batch


def move(
    connection: sa.Connection,
    issue_id: int,
    provider: str,
    max_batch: int,
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """Give the prepared batches of an issue to another provider; return how many recipients.

    Batches that are too large for it are split. Batches that are being submitted, unknown or held
    stay with their provider.
    """
    issues.lock(connection, issue_id)
    issue = issues.load(connection, issue_id)
    if issue.state not in MOVABLE:
        raise _refusal(connection, issue_id, Phrase("moved"))
    if issue.frozen_at is None:
        msg = Phrase(
            "issue {issue_id} has no audience yet and will use the `provider` of newsletter.toml; change it there",
            issue_id=issue_id,
        )
        raise NotAllowed(msg)
    issues.set_provider(connection, issue_id, provider)
    people = 0
    for batch in batches.lock_prepared(connection, issue_id):
        people += batch.awaiting
        batches.reassign(connection, batch.key, provider)
        if rest := pieces.cut(batch, max_batch)[1:]:
            moved = replace(batch, rejections=0)
            pieces.split_off(connection, moved, rest, provider, unknown_at=batch.unknown_at)
    after, detail = {"provider": provider}, {"people": people}
    act = Act(now, actor, ActKind.MOVED, issue_id, after=after, detail=detail)
    acts.record(connection, act)
    return people


def _decided(connection: sa.Connection, batch: Batch, decision: Decision, now: datetime) -> bool:
    match decision:
        case "accepted":
            return batches.accept(connection, batch.key, from_states=DECIDABLE, now=now)
        case "again":
            return _again(connection, batch, now)
        case "never":
            return _withdraw(connection, batch, DECIDABLE, now) is not None


def _again(connection: sa.Connection, batch: Batch, now: datetime) -> bool:
    done = batches.prepare_again(
        connection,
        batch.key,
        from_states=DECIDABLE,
        reason="will be submitted again, by decision of a person",
        now=now,
        forget_rejections=True,
    )
    if done:
        issues.move(
            connection,
            batch.issue_id,
            from_states=[IssueState.SUBMITTED],
            to=IssueState.SUBMITTING,
            reason="",
        )
    return done


def _refusal(connection: sa.Connection, issue_id: int, done: str) -> NotAllowed:
    issue = issues.load(connection, issue_id)
    return NotAllowed(
        Phrase(
            "issue {issue_id} is {state} and cannot be {done}",
            issue_id=issue_id,
            state=issue.state.spoken,
            done=done,
        )
    )
