"""What a person may decide about an issue that is leaving; each act is recorded with its actor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from newsletter.errors import NotAllowed, NotFound
from newsletter.model.batch import BatchState, Planned, read_batch
from newsletter.model.delivery import DeliveryState
from newsletter.model.issue import IssueState
from newsletter.store import acts, batches, deliveries, issues

Decision = Literal["accepted", "again"]

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
    frozen = bool(batches.last_seq(connection, issue_id))
    to = IssueState.SUBMITTING if frozen else IssueState.APPROVED
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
    """Cancel the prepared batches of a cancelled issue, with their deliveries."""
    people = 0
    for row in batches.of_issue(connection, issue_id, [BatchState.PREPARED]):
        span = (row["first_seq"], row["last_seq"])
        gone = deliveries.mark(connection, issue_id, span, DeliveryState.WITHDRAWN, CANCELLED)
        batches.shift(
            connection,
            (issue_id, row["seq"]),
            frm=[BatchState.PREPARED],
            state=BatchState.CANCELLED.value,
            withdrawn=row["withdrawn"] + gone,
            settled_at=now,
            reason=CANCELLED,
        )
        people += gone
    return people


def resolve(
    connection: sa.Connection, batch: str, decision: Decision, *, actor: str, now: datetime
) -> int:
    """Decide about a batch whose outcome nobody saw; return how many people it concerns.

    `accepted`: it reached them. `again`: submit it once more, although some may get it twice.
    """
    key = read_batch(batch)
    row = batches.load(connection, key) if key else None
    if key is None or row is None:
        msg = f"there is no batch {batch!r}; `newsletter issues show ISSUE` lists those that wait"
        raise NotFound(msg)
    if decision == "again" and issues.load(connection, key[0]).state is IssueState.CANCELLED:
        msg = f"issue {key[0]} is cancelled; nothing more of it is submitted"
        raise NotAllowed(msg)
    people = row["planned"] - row["submitted"] - row["refused"] - row["withdrawn"]
    done = _accept(connection, key, now) if decision == "accepted" else _again(connection, key)
    if not done:
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
    issue = issues.load(connection, issue_id)
    if issue.state not in {*_LEAVING, IssueState.PAUSED}:
        _refuse(connection, issue_id, "moved")
    if not batches.last_seq(connection, issue_id):
        msg = (
            f"issue {issue_id} is not frozen yet: it will leave by the `provider` of"
            " newsletter.toml; change it there"
        )
        raise NotAllowed(msg)
    issues.change(connection, issue_id, provider=provider)
    people = 0
    for row in batches.of_issue(connection, issue_id, [BatchState.PREPARED]):
        people += row["planned"] - row["submitted"] - row["refused"] - row["withdrawn"]
        _cut(connection, row, provider, max_batch)
    _record(connection, "move", issue_id, actor, now, provider=provider, people=people)
    return int(people)


def _cut(connection: sa.Connection, row: Mapping[Any, Any], provider: str, max_batch: int) -> None:
    """Shorten a prepared batch to `max_batch` and put the rest into new ones at the end."""
    issue_id, first, last = row["issue_id"], row["first_seq"], row["last_seq"]
    pieces = [(at, min(at + max_batch - 1, last)) for at in range(first, last + 1, max_batch)]
    split_off(connection, row, pieces[1:], provider)
    batches.shift(connection, (issue_id, row["seq"]), frm=[BatchState.PREPARED], provider=provider)


def split_off(
    connection: sa.Connection,
    row: Mapping[Any, Any],
    pieces: list[tuple[int, int]],
    provider: str,
) -> None:
    """Move the end of a batch's range, cut into `pieces`, to new prepared batches.

    Only pending deliveries count as theirs; what was settled one by one stays counted where it was.
    """
    if not pieces:
        return
    issue_id = row["issue_id"]
    seq = batches.last_seq(connection, issue_id)
    moved = 0
    for number, (first, last) in enumerate(pieces, 1):
        pending = deliveries.count_pending(connection, issue_id, (first, last))
        planned = Planned(seq + number, row["edition_id"], first, last, row["not_before"])
        batches.plan(connection, issue_id, provider, [planned])
        batches.shift(
            connection,
            (issue_id, planned.seq),
            frm=[BatchState.PREPARED],
            planned=pending,
        )
        moved += pending
    batches.shift(
        connection,
        (issue_id, row["seq"]),
        frm=tuple(BatchState),
        last_seq=pieces[0][0] - 1,
        planned=row["planned"] - moved,
    )


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
