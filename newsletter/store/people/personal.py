"""What is held about a person on this side: what they were sent, left out of, and written."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from newsletter.store.bulk import among
from newsletter.store.engagement_tables import edition_links, engagements
from newsletter.store.people.question_tables import still_wanted
from newsletter.store.sending import outcomes, partitions
from newsletter.store.tables import (
    deliveries,
    events,
    exclusions,
    issues,
    notices,
    welcomes,
)


def of(connection: sa.Connection, subscriber_id: int) -> dict[str, list[dict[str, object]]]:
    """Return all rows about a person, by what they are, oldest first, in plain values."""
    return {
        "deliveries": _of_issues(
            connection,
            deliveries,
            subscriber_id,
            outcomes.state().label("state"),
            outcomes.reason().label("reason"),
        ),
        "left_out": _of_issues(connection, exclusions, subscriber_id, exclusions.c.reason),
        "notices": _notices(connection, subscriber_id),
        "events": _rows(connection, events, subscriber_id, events.c.at, _EVENT),
        "opens_and_clicks": _engagements(connection, subscriber_id),
        "still_wanted": _rows(
            connection, still_wanted, subscriber_id, still_wanted.c.asked_at, _QUESTION
        ),
        "welcomes": _rows(connection, welcomes, subscriber_id, welcomes.c.at, _WELCOME),
    }


def written_and_done(
    connection: sa.Connection, subscriber_id: int, most: int = 200
) -> dict[str, list[dict[str, object]]]:
    """Return the latest emails to a person and what became of them, as `of` has them."""
    return {
        "notices": _notices(connection, subscriber_id, most),
        "events": _rows(connection, events, subscriber_id, events.c.at, _EVENT, most),
        "opens_and_clicks": _engagements(connection, subscriber_id, most),
    }


_EVENT = (events.c.at, events.c.kind, events.c.reason)
_QUESTION = tuple(
    still_wanted.c[name] for name in ("newsletter", "asked_at", "until", "answered_at", "paused_at")
)
_WELCOME = (welcomes.c.newsletter, welcomes.c.confirmed_at, welcomes.c.reason, welcomes.c.at)


def _rows(
    connection: sa.Connection,
    table: sa.Table,
    subscriber_id: int,
    order: sa.ColumnElement[Any],
    shown: Sequence[sa.ColumnElement[Any]],
    most: int | None = None,
) -> list[dict[str, object]]:
    mine = sa.select(*shown).where(table.c.subscriber_id == subscriber_id)
    return _latest(connection, mine, order, most)


def _latest(
    connection: sa.Connection,
    query: sa.Select[Any],
    order: sa.ColumnElement[Any],
    most: int | None,
) -> list[dict[str, object]]:
    """Return the last `most` rows of a query, or all of them, in order."""
    rows = connection.execute(query.order_by(order.desc()).limit(most)).mappings().all()
    return [_plain(row) for row in reversed(rows)]


def _engagements(
    connection: sa.Connection, subscriber_id: int, most: int | None = None
) -> list[dict[str, object]]:
    e, links = engagements.c, edition_links.c
    followed = sa.and_(links.edition_id == e.edition_id, links.number == e.link)
    mine = (
        sa.select(e.at, e.kind, links.url.label("link"), e.rule.label("caused_by"))
        .outerjoin(edition_links, followed)
        .where(e.subscriber_id == subscriber_id)
    )
    return _latest(connection, mine, e.at, most)


def _of_issues(
    connection: sa.Connection,
    table: sa.Table,
    subscriber_id: int,
    *what: sa.Column[Any] | sa.Label[Any],
) -> list[dict[str, object]]:
    # Corrections and skipped issues have negative numbers, which mean nothing to a person.
    number = sa.case((issues.c.number > 0, issues.c.number)).label("number")
    shown = (issues.c.newsletter, number, issues.c.subject, issues.c.due_at)
    kept = partitions.kept(connection)
    mine = partitions.of_subscriber(connection, table, subscriber_id, kept, *what)
    found = {row.issue_id: row._asdict() for row in mine}
    known = among(connection, issues.c.id, found)
    rows = connection.execute(sa.select(issues.c.id, *shown).where(known).order_by(issues.c.id))
    names = [column.name for column in (*shown, *what)]
    both = [row._asdict() | found[row.id] for row in rows]
    return [_plain({name: values[name] for name in names}) for values in both]


def _notices(
    connection: sa.Connection, subscriber_id: int, most: int | None = None
) -> list[dict[str, object]]:
    n = notices.c
    shown = (n.kind, n.address, n.language, n.state, n.queued_at, n.settled_at, n.reason)
    mine = sa.select(*shown).where(n.subscriber_id == subscriber_id)
    return _latest(connection, mine, n.id, most)


def _plain(row: Mapping[Any, Any]) -> dict[str, object]:
    """Return what a row says, times as text, without what is empty."""
    said = {
        str(name): value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }
    return {name: value for name, value in said.items() if value not in {None, ""}}
