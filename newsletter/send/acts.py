"""What a person may decide about an issue that is leaving; each act is recorded with its actor."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from newsletter.errors import NotAllowed, NotFound
from newsletter.model.batch import read_batch
from newsletter.model.states import BatchState, DeliveryState, IssueState
from newsletter.send import pieces
from newsletter.store import acts
from newsletter.store.content import issues
from newsletter.store.sending import batches, deliveries

Decision = Literal["accepted", "again", "never"]

_LEAVING = (IssueState.APPROVED, IssueState.PREPARING, IssueState.SUBMITTING)
_DOUBTFUL = (BatchState.UNKNOWN, BatchState.HELD, BatchState.REFUSED)
CANCELLED = "cancelled"


def pause(
    connection: sa.Connection, issue_id: int, *, actor: str, now: datetime, reason: str = ""
) -> None:
    """Stop an issue from leaving, at once for all batches that no worker has claimed."""
    if not issues.move(
        connection, issue_id, frm=_LEAVING, to=IssueState.PAUSED, reason=reason or "paused"
    ):
        _refuse(connection, issue_id, "paused")
    _record(connection, "pause", issue_id, actor, now, reason=reason)


def resume(
    connection: sa.Connection, issue_id: int, *, actor: str, now: datetime, reason: str = ""
) -> None:
    """Let a paused issue go on where it stopped."""
    issue = issues.load(connection, issue_id)
    to = IssueState.SUBMITTING if issue.frozen_at else IssueState.APPROVED
    if not issues.move(connection, issue_id, frm=[IssueState.PAUSED], to=to, reason=""):
        _refuse(connection, issue_id, "resumed")
    _record(connection, "resume", issue_id, actor, now, reason=reason, was=issue.reason)


def cancel(
    connection: sa.Connection, issue_id: int, *, actor: str, now: datetime, reason: str = ""
) -> int:
    """Cancel whatever of an issue has not left; return how many people will not get it.

    What is unknown or held stays so: cancelling cannot call it back.
    """
    if not issues.move(
        connection,
        issue_id,
        frm=(*_LEAVING, IssueState.PAUSED, IssueState.DRAFT, IssueState.REVIEW),
        to=IssueState.CANCELLED,
        reason=reason or CANCELLED,
    ):
        _refuse(connection, issue_id, CANCELLED)
    people = withdraw_rest(connection, issue_id, now)
    _record(connection, "cancel", issue_id, actor, now, reason=reason, people=people)
    return people


def withdraw_rest(connection: sa.Connection, issue_id: int, now: datetime) -> int:
    """Cancel the prepared batches of a cancelled issue, with their deliveries.

    One that was to be submitted again after an attempt in doubt is held: it may have reached them.
    """
    people = 0
    for row in batches.take_prepared(connection, issue_id):
        if row["unknown_at"] is None:
            people += _withdraw(connection, row, [BatchState.PREPARED], now) or 0
            continue
        batches.shift(
            connection,
            (issue_id, row["seq"]),
            frm=[BatchState.PREPARED],
            state=BatchState.HELD.value,
            reason="cancelled after an attempt whose outcome nobody saw",
        )
    return people


def _withdraw(
    connection: sa.Connection, row: Mapping[Any, Any], frm: Sequence[BatchState], now: datetime
) -> int | None:
    """Cancel a batch that is still in one of `frm`; return how many people, None if it is not."""
    key, span = (row["issue_id"], row["seq"]), (row["first_seq"], row["last_seq"])
    cancelled = BatchState.CANCELLED
    if not batches.shift(
        connection, key, frm=frm, state=cancelled.value, reason=CANCELLED, settled_at=now
    ):
        return None
    gone = deliveries.mark(connection, key[0], span, DeliveryState.WITHDRAWN, CANCELLED)
    batches.shift(connection, key, frm=[cancelled], withdrawn=row["withdrawn"] + gone)
    return gone


def resolve(
    connection: sa.Connection, batch: str, decision: Decision, *, actor: str, now: datetime
) -> int:
    """Decide about a batch whose outcome nobody saw; return how many people it concerns.

    `accepted`: it reached them. `again`: submit it once more, although some may get it twice.
    `never`: it reached nobody, and is not submitted any more.
    """
    key = read_batch(batch)
    if key:
        issues.lock(connection, key[0])
    row = batches.load(connection, key) if key else None
    if key is None or row is None:
        msg = f"there is no batch {batch!r}; `newsletter issues show ISSUE` lists those that wait"
        raise NotFound(msg)
    if decision == "again" and issues.load(connection, key[0]).state is IssueState.CANCELLED:
        msg = f"issue {key[0]} is cancelled; nothing more of it is submitted"
        raise NotAllowed(msg)
    people = row["planned"] - row["submitted"] - row["refused"] - row["withdrawn"]
    if not _decided(connection, row, decision, now):
        msg = (
            f"batch {batch} is {row['state']}: only one that is unknown, held or refused needs a"
            " decision"
        )
        raise NotAllowed(msg)
    _record(connection, f"resolve: {decision}", key[0], actor, now, batch=batch, people=people)
    return int(people)


def move(
    connection: sa.Connection,
    issue_id: int,
    provider: str,
    max_batch: int,
    *,
    actor: str,
    now: datetime,
) -> int:
    """Give what is still prepared of an issue to another provider; return how many people.

    Batches that are too large for it are cut; what is under way, unknown or held stays.
    """
    issues.lock(connection, issue_id)
    issue = issues.load(connection, issue_id)
    if issue.state not in {*_LEAVING, IssueState.PAUSED}:
        _refuse(connection, issue_id, "moved")
    if issue.frozen_at is None:
        msg = (
            f"issue {issue_id} is not frozen yet: it will leave by the `provider` of"
            " newsletter.toml; change it there"
        )
        raise NotAllowed(msg)
    issues.change(connection, issue_id, provider=provider)
    people = 0
    for row in batches.take_prepared(connection, issue_id):
        people += row["planned"] - row["submitted"] - row["refused"] - row["withdrawn"]
        key, prepared = (issue_id, row["seq"]), BatchState.PREPARED
        batches.shift(connection, key, frm=[prepared], provider=provider, rejections=0)
        if rest := pieces.cut(row, max_batch)[1:]:
            doubt, moved = row["unknown_at"], {**row, "rejections": 0}
            pieces.split_off(connection, moved, rest, provider, frm=prepared, unknown_at=doubt)
    _record(connection, "move", issue_id, actor, now, provider=provider, people=people)
    return int(people)


def _decided(
    connection: sa.Connection, row: Mapping[Any, Any], decision: Decision, now: datetime
) -> bool:
    key = (row["issue_id"], row["seq"])
    match decision:
        case "accepted":
            return _accept(connection, key, now)
        case "again":
            return _again(connection, key)
        case "never":
            return _withdraw(connection, row, _DOUBTFUL, now) is not None


def _accept(connection: sa.Connection, key: tuple[int, int], now: datetime) -> bool:
    span = batches.accept(connection, key, states=_DOUBTFUL, now=now)
    if span is None:
        return False
    deliveries.mark(connection, key[0], span, DeliveryState.SUBMITTED)
    return True


def _again(connection: sa.Connection, key: tuple[int, int]) -> bool:
    done = batches.shift(
        connection,
        key,
        frm=_DOUBTFUL,
        state=BatchState.PREPARED.value,
        reason="to be submitted again, as a person decided",
        not_before=None,
        settled_at=None,
        rejections=0,
    )
    if done:
        issues.move(
            connection, key[0], frm=[IssueState.SUBMITTED], to=IssueState.SUBMITTING, reason=""
        )
    return done


def _record(
    connection: sa.Connection,
    act: str,
    issue_id: int,
    actor: str,
    now: datetime,
    **detail: object,
) -> None:
    acts.record(connection, acts.Act(now, actor, act, issue_id, detail))


def _refuse(connection: sa.Connection, issue_id: int, done: str) -> None:
    issue = issues.load(connection, issue_id)
    msg = f"issue {issue_id} is {issue.state} and cannot be {done}"
    raise NotAllowed(msg)
