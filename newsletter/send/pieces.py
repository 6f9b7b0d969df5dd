"""Split the end of a batch off into batches of its own."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.batch import Batch, Planned, Span
from newsletter.store.sending import batches, deliveries


def cut(batch: Batch, size: int) -> list[Span]:
    """Return the range of a batch in pieces of at most `size`."""
    first, last = batch.span
    return [(start, min(start + size - 1, last)) for start in range(first, last + 1, size)]


def split_off(
    connection: sa.Connection,
    batch: Batch,
    pieces: Sequence[Span],
    provider: str,
    *,
    unknown_at: datetime | None,
) -> None:
    """Shorten a batch by `pieces`, its end, if it is still in its state.

    The pieces become prepared batches of `provider`; `unknown_at` says whether an earlier attempt
    may have reached them. Only pending deliveries move to the pieces: what was settled one by one
    stays counted in the batch. The caller holds the lock of the issue, which also numbers batches.
    """
    pending = [deliveries.count_pending(connection, batch.issue_id, piece) for piece in pieces]
    shortened = batches.shorten(
        connection,
        batch.key,
        state=batch.state,
        last=pieces[0][0] - 1,
        planned=batch.planned - sum(pending),
    )
    if not shortened:
        return
    next_seq = batches.last_seq(connection, batch.issue_id) + 1
    planned = [
        Planned(
            seq,
            batch.edition_id,
            first,
            last,
            batch.not_before,
            recipients,
            batch.rejections,
            unknown_at,
            batch.arm,
        )
        for seq, ((first, last), recipients) in enumerate(
            zip(pieces, pending, strict=True), next_seq
        )
    ]
    batches.plan(connection, batch.issue_id, provider, planned)
