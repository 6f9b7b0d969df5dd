"""Cut the end of a batch's range off, into batches of their own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Planned
from newsletter.model.states import BatchState
from newsletter.store.sending import batches, deliveries

Span = tuple[int, int]


def cut(row: Mapping[Any, Any], size: int) -> list[Span]:
    """Return the range of a batch in pieces of at most `size`."""
    first, last = row["first_seq"], row["last_seq"]
    return [(at, min(at + size - 1, last)) for at in range(first, last + 1, size)]


def split_off(
    connection: sa.Connection,
    row: Mapping[Any, Any],
    pieces: Sequence[Span],
    provider: str,
    *,
    frm: BatchState,
    unknown_at: datetime | None,
) -> None:
    """Shorten a batch by `pieces`, its end, if it is still in `frm`.

    The pieces are prepared, for `provider`, and as doubtful as `unknown_at` says. Only pending
    deliveries count as theirs; what was settled one by one stays counted where it was. The caller
    holds the issue, so that nobody else numbers its batches.
    """
    issue_id = row["issue_id"]
    pending = [deliveries.count_pending(connection, issue_id, one) for one in pieces]
    mine = batches.shift(
        connection,
        (issue_id, row["seq"]),
        frm=[frm],
        last_seq=pieces[0][0] - 1,
        planned=row["planned"] - sum(pending),
    )
    if not mine:
        return
    seq = batches.last_seq(connection, issue_id)
    for number, ((first, last), people) in enumerate(zip(pieces, pending, strict=True), seq + 1):
        planned = Planned(number, row["edition_id"], first, last, row["not_before"])
        batches.plan(connection, issue_id, provider, [planned])
        batches.shift(
            connection,
            (issue_id, number),
            frm=[BatchState.PREPARED],
            planned=people,
            rejections=row["rejections"],
            unknown_at=unknown_at,
        )
