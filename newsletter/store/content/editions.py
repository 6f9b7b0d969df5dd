"""The frozen editions of an issue."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.edition import Edition
from newsletter.model.row_number import LARGEST_ID
from newsletter.model.subjects import Arm
from newsletter.store.content import edition_links
from newsletter.store.tables import editions


def replace(
    connection: sa.Connection, issue_id: int, present: Sequence[Edition], *, now: datetime
) -> None:
    """Make these the editions of an issue; ids are given by the database, `seq` is kept."""
    forget(connection, issue_id)
    rows = [
        {
            "issue_id": issue_id,
            "seq": edition.seq,
            "items": list(edition.items),
            "headlines": list(edition.headlines),
            "nonce": edition.nonce,
            "subject": edition.subject,
            "preheader": edition.preheader,
            "html": edition.html,
            "text": edition.text,
            "hash": edition.hash,
            "people": edition.people,
            "rendered_from": edition.rendered_from,
            "language": edition.language,
            "arm": edition.arm or "",
            "rendered_at": now,
        }
        for edition in present
    ]
    if rows:
        connection.execute(editions.insert(), rows)


def forget(connection: sa.Connection, issue_id: int) -> None:
    """Delete the editions of an issue: what they show is no longer what the issue says."""
    edition_links.forget(connection, issue_id)
    connection.execute(editions.delete().where(editions.c.issue_id == issue_id))


def confirm(connection: sa.Connection, issue_id: int, rendered_from: str) -> None:
    """Record that the editions of an issue are what `rendered_from` renders."""
    connection.execute(
        editions.update().where(editions.c.issue_id == issue_id).values(rendered_from=rendered_from)
    )


def of_issue(connection: sa.Connection, issue_id: int) -> list[Edition]:
    """Return the editions of an issue in order."""
    query = sa.select(editions).where(editions.c.issue_id == issue_id).order_by(editions.c.seq)
    return [_edition(row) for row in connection.execute(query).mappings()]


def heads(connection: sa.Connection, issue_id: int) -> list[Edition]:
    """Return the editions of an issue in order, with empty HTML and text: those are large."""
    empty = sa.literal("").label("html"), sa.literal("").label("text")
    columns = (column for column in editions.c if column.name not in {"html", "text"})
    query = sa.select(*columns, *empty).where(editions.c.issue_id == issue_id)
    return [_edition(row) for row in connection.execute(query.order_by(editions.c.seq)).mappings()]


def find(connection: sa.Connection, issue_id: int, seq: int) -> Edition | None:
    """Return an edition of an issue by its number."""
    if max(abs(issue_id), abs(seq)) > LARGEST_ID:
        return None
    query = sa.select(editions).where(editions.c.issue_id == issue_id, editions.c.seq == seq)
    row = connection.execute(query).mappings().first()
    return _edition(row) if row else None


def first_subject(connection: sa.Connection, issue_id: int) -> tuple[str, str]:
    """Return the subject of the first edition with its nonce, without its content; or ("", "")."""
    e = editions.c
    query = sa.select(e.subject, e.nonce).where(e.issue_id == issue_id).order_by(e.seq).limit(1)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else ("", "")


def numbers(connection: sa.Connection, issue_id: int) -> list[tuple[int, int]]:
    """Return id and number of the editions of an issue, in order, without their content."""
    e = editions.c
    query = sa.select(e.id, e.seq).where(e.issue_id == issue_id).order_by(e.seq)
    return [(row[0], row[1]) for row in connection.execute(query)]


def load(connection: sa.Connection, edition_id: int) -> Edition | None:
    """Return one edition."""
    query = sa.select(editions).where(editions.c.id == edition_id)
    row = connection.execute(query).mappings().first()
    return _edition(row) if row else None


def _edition(row: Mapping[Any, Any]) -> Edition:
    values = {name: row[name] for name in Edition.__dataclass_fields__}
    values["items"] = tuple(values["items"])
    values["headlines"] = tuple(values["headlines"])
    values["arm"] = Arm(values["arm"]) if values["arm"] else None
    return Edition(**values)
