"""Erase a person from newsletter's own tables and from the outbox."""

import re
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from newsletter.model.delivery import delivery_id
from newsletter.store.tables import deliveries, notices
from subscribers.model import Erased

_HEAD = 16_384
"""How much of a mail is searched for an address: its headers."""


def erase(connection: sa.Connection, erased: Erased) -> None:
    """Delete waiting and past notices; empty what servers answered about the address.

    Deliveries stay: they name a number that belongs to nobody any more.
    """
    connection.execute(
        notices.delete().where(
            sa.or_(
                notices.c.subscriber_id == erased.subscriber_id,
                sa.func.lower(notices.c.address) == erased.address.lower(),
            )
        )
    )
    connection.execute(
        deliveries.update()
        .where(
            deliveries.c.subscriber_id == erased.subscriber_id,
            deliveries.c.reason.contains("@"),
        )
        .values(reason="erased")
    )


def erase_elsewhere(engine: sa.Engine, outbox: Path, erased: Erased | None) -> int:
    """Delete the mail to a person from the outbox; return how many files. Harmless to repeat.

    On SQLite the write-ahead log is folded in too: it still holds the pages as they were.
    """
    if erased is None:
        return 0
    _fold_log(engine)
    if not outbox.is_dir():
        return 0
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(deliveries.c.issue_id, deliveries.c.seq).where(
                deliveries.c.subscriber_id == erased.subscriber_id
            )
        ).all()
    named = {f"{delivery_id(row.issue_id, row.seq)}.eml" for row in rows}
    found = [path for path in outbox.iterdir() if path.name in named or _speaks_of(path, erased)]
    return _delete(found)


def _fold_log(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    borrowed = engine.raw_connection()
    try:
        borrowed.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        borrowed.close()


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
