"""Erase a person from newsletter's own tables and from the outbox."""

import re
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from newsletter.model.delivery import delivery_id
from newsletter.store.database import truncate_log
from newsletter.store.tables import deliveries, issues, notices
from subscribers.model import Erased

_HEAD = 16_384
"""How much of a mail is searched for an address: its headers."""


def erase(connection: sa.Connection, erased: Erased) -> None:
    """Empty waiting and past notices, and what servers answered about the address.

    What is left of a notice names its file in the outbox: it may have gone to another address than
    the last one. Deliveries stay: they name a number that belongs to nobody any more.
    """
    connection.execute(
        notices.update()
        .where(
            sa.or_(
                notices.c.subscriber_id == erased.subscriber_id,
                sa.func.lower(notices.c.address) == erased.address.lower(),
            )
        )
        .values(
            subscriber_id=erased.subscriber_id,
            address="",
            values={},
            state="refused",
            reason="erased",
            settled_at=sa.func.coalesce(notices.c.settled_at, notices.c.queued_at),
        )
    )
    connection.execute(
        deliveries.update()
        .where(
            *_deliveries_to(erased.subscriber_id),
            deliveries.c.reason.contains("@"),
        )
        .values(reason="erased")
    )


def _deliveries_to(subscriber_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Find a person's deliveries issue by issue: their one index begins with the issue."""
    known = sa.select(issues.c.id)
    return deliveries.c.issue_id.in_(known), deliveries.c.subscriber_id == subscriber_id


def erase_elsewhere(engine: sa.Engine, outbox: Path, erased: Erased | None) -> int:
    """Delete the mail to a person from the outbox; return how many files. Harmless to repeat.

    On SQLite the write-ahead log is folded in too: it still holds the pages as they were.
    """
    if erased is None:
        return 0
    with engine.connect() as connection:
        named = _named(connection, erased.subscriber_id)
    present = outbox.iterdir() if outbox.is_dir() else ()
    found = _delete([one for one in present if one.name in named or _speaks_of(one, erased)])
    with engine.begin() as connection:
        mine = notices.c.subscriber_id == erased.subscriber_id
        connection.execute(notices.delete().where(mine, notices.c.reason == "erased"))
    truncate_log(engine)
    return found


def _named(connection: sa.Connection, subscriber_id: int) -> set[str]:
    """Return the names of the files that a person's deliveries and notices became."""
    rows = connection.execute(
        sa.select(deliveries.c.issue_id, deliveries.c.seq).where(*_deliveries_to(subscriber_id))
    )
    sent = connection.scalars(
        sa.select(notices.c.id).where(notices.c.subscriber_id == subscriber_id)
    )
    return {
        *(f"{delivery_id(row.issue_id, row.seq)}.eml" for row in rows),
        *(f"notice-{number}.eml" for number in sent),
    }


def _speaks_of(path: Path, erased: Erased) -> bool:
    if path.suffix not in {".eml", ".part"}:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    except OSError:
        return False
    bounded = rf"(?<![\w.+-]){re.escape(erased.address)}(?![\w.-])"
    return re.search(bounded, head.decode("utf-8", "replace"), re.IGNORECASE) is not None


def _delete(paths: Iterable[Path]) -> int:
    count = 0
    for path in paths:
        path.unlink(missing_ok=True)
        count += 1
    return count
