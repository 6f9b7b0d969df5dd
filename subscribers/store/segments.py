"""Compile a segment to SQL that means the same on SQLite and PostgreSQL."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from subscribers.segment import And, Everyone, Not, Or, Segment, Tagged, names
from subscribers.store.tables import subscriber_tags, tags


def tag_ids(connection: sa.Connection, slugs: Iterable[str]) -> dict[str, int]:
    """Map the slugs of existing tags to their IDs."""
    wanted = sorted(set(slugs))
    if not wanted:
        return {}
    rows = connection.execute(sa.select(tags.c.slug, tags.c.id).where(tags.c.slug.in_(wanted)))
    return {row.slug: row.id for row in rows}


def condition(
    connection: sa.Connection, segment: Segment, subscriber_id: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    """Return the condition for `subscriber_id` to be in the segment; it is never NULL."""
    return _compiled(segment, tag_ids(connection, names(segment)), subscriber_id)


def _compiled(
    segment: Segment, ids: Mapping[str, int], subscriber_id: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    match segment:
        case Everyone():
            return sa.true()
        case Tagged(name):
            return _tagged([ids[name]] if name in ids else [], subscriber_id)
        case Not(part):
            return sa.not_(_compiled(part, ids, subscriber_id))
        case And(parts):
            return sa.and_(*(_compiled(part, ids, subscriber_id) for part in parts))
        case Or(parts):
            plain = [
                ids[part.slug] for part in parts if isinstance(part, Tagged) and part.slug in ids
            ]
            rest = [part for part in parts if not isinstance(part, Tagged)]
            return sa.or_(
                _tagged(plain, subscriber_id),
                *(_compiled(part, ids, subscriber_id) for part in rest),
            )


def _tagged(ids: list[int], subscriber_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Match any of the tags with one lookup in the index (subscriber_id, tag_id) per subscriber.

    `IN (SELECT …)` is slightly faster on SQLite. But under OR and NOT, PostgreSQL scans the whole
    set for each subscriber once it exceeds work_mem.
    """
    if not ids:
        return sa.false()
    return (
        sa.exists()
        .where(subscriber_tags.c.subscriber_id == subscriber_id, subscriber_tags.c.tag_id.in_(ids))
        .correlate_except(subscriber_tags)
    )
