"""Delete the copies of a person's email outside the database."""

import re
from pathlib import Path

import sqlalchemy as sa

from newsletter.store.database import truncate_log
from newsletter.store.people import erasure
from subscribers.model import Erased

HEAD = 16_384
"""How many bytes of an email are searched for an address: its headers."""


def erase_elsewhere(engine: sa.Engine, outbox: Path, erased: Erased | None) -> int:
    """Delete a person's email from the outbox; return how many files. Safe to repeat.

    On SQLite, also fold in the write-ahead log, which still holds the pages as they were.
    """
    if erased is None:
        return 0
    with engine.connect() as connection:
        named = {f"{name}.eml" for name in erasure.submitted_to(connection, erased.subscriber_id)}
    present = outbox.iterdir() if outbox.is_dir() else ()
    found = [path for path in present if path.name in named or _is_addressed(path, erased)]
    for path in found:
        path.unlink(missing_ok=True)
    with engine.begin() as connection:
        erasure.delete_notices(connection, erased.subscriber_id)
    truncate_log(engine)
    return len(found)


def _is_addressed(path: Path, erased: Erased) -> bool:
    if path.suffix not in {".eml", ".part"}:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD).partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    except OSError:
        return False
    bounded = rf"(?<![\w.+-]){re.escape(erased.address)}(?![\w.-])"
    return re.search(bounded, head.decode("utf-8", "replace"), re.IGNORECASE) is not None
