"""Compile a segment to SQL that means the same on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import sqlalchemy as sa

from subscribers.segment import And, Everyone, Not, Or, Segment, Tagged, names
from subscribers.store.dialects import is_sqlite
from subscribers.store.tables import subscriber_tags, tags


def tag_ids(connection: sa.Connection, slugs: Iterable[str]) -> dict[str, int]:
    """Map the slugs of existing tags to their IDs."""
    wanted = sorted(set(slugs))
    if not wanted:
        return {}
    rows = connection.execute(sa.select(tags.c.slug, tags.c.id).where(tags.c.slug.in_(wanted)))
    return {row.slug: row.id for row in rows}


def condition(
    connection: sa.Connection,
    segment: Segment,
    subscriber_id: sa.ColumnElement[int],
    *,
    of_all: bool = False,
) -> sa.ColumnElement[bool]:
    """Return the condition for `subscriber_id` to be in the segment; it is never NULL.

    `of_all` means that the query reads most subscribers, not a few.
    """
    ids = tag_ids(connection, names(segment))
    # SQLite then reads the tags' subscribers once: three times as fast as one lookup for each.
    # PostgreSQL makes joins of the lookups. Of the sets, under OR and NOT, it would scan each
    # for every subscriber once it exceeds work_mem.
    tagged = _in_the_set if of_all and is_sqlite(connection) else _looked_up
    return _compiled(segment, ids, partial(tagged, subscriber_id))


def _compiled(
    segment: Segment, ids: Mapping[str, int], tagged: Callable[[list[int]], sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    match segment:
        case Everyone():
            return sa.true()
        case Tagged(name):
            return tagged([ids[name]]) if name in ids else sa.false()
        case Not(part):
            return sa.not_(_compiled(part, ids, tagged))
        case And(parts):
            return sa.and_(*(_compiled(part, ids, tagged) for part in parts))
        case Or(parts):
            plain = [
                ids[part.slug] for part in parts if isinstance(part, Tagged) and part.slug in ids
            ]
            rest = [part for part in parts if not isinstance(part, Tagged)]
            return sa.or_(
                tagged(plain) if plain else sa.false(),
                *(_compiled(part, ids, tagged) for part in rest),
            )


def _looked_up(subscriber_id: sa.ColumnElement[int], ids: list[int]) -> sa.ColumnElement[bool]:
    """Match any of the tags with one lookup in the index (subscriber_id, tag_id) per subscriber."""
    return (
        sa.exists()
        .where(subscriber_tags.c.subscriber_id == subscriber_id, subscriber_tags.c.tag_id.in_(ids))
        .correlate_except(subscriber_tags)
    )


def _in_the_set(subscriber_id: sa.ColumnElement[int], ids: list[int]) -> sa.ColumnElement[bool]:
    """Match any of the tags by the primary key (tag_id, subscriber_id), read once."""
    chosen = sa.select(subscriber_tags.c.subscriber_id).where(subscriber_tags.c.tag_id.in_(ids))
    return subscriber_id.in_(chosen)
