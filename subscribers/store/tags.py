"""Tags: topics that subscribers choose, labels that staff set."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from subscribers.model import Tag, TagKind
from subscribers.store.dialects import add_missing
from subscribers.store.tables import subscriber_tags, tags


def ensure(connection: sa.Connection, wanted: Iterable[Tag]) -> dict[str, int]:
    """Return the IDs of tags by slug, creating the missing ones.

    A label becomes a topic when it is requested as one: the configuration now offers it.
    """
    requested = {tag.slug: tag for tag in wanted}
    if not requested:
        return {}
    rows = connection.execute(sa.select(tags).where(tags.c.slug.in_(list(requested)))).all()
    found = {row.slug: row for row in rows}
    for row in rows:
        if row.kind == TagKind.LABEL and requested[row.slug].kind is TagKind.TOPIC:
            connection.execute(
                tags.update().where(tags.c.id == row.id).values(kind=TagKind.TOPIC.value)
            )
    missing = [tag for slug, tag in requested.items() if slug not in found]
    if missing:
        new = [{"slug": tag.slug, "name": tag.name, "kind": tag.kind.value} for tag in missing]
        add_missing(connection, tags, new)
        rows = connection.execute(sa.select(tags).where(tags.c.slug.in_(list(requested)))).all()
    return {row.slug: int(row.id) for row in rows}


def give(connection: sa.Connection, subscriber_id: int, wanted: Iterable[Tag]) -> None:
    """Add tags to a subscriber; existing ones stay."""
    ids = ensure(connection, wanted)
    rows = [{"tag_id": tag_id, "subscriber_id": subscriber_id} for tag_id in sorted(ids.values())]
    add_missing(connection, subscriber_tags, rows)


def take(connection: sa.Connection, subscriber_id: int, slugs: Iterable[str]) -> None:
    """Remove tags from a subscriber."""
    ids = sa.select(tags.c.id).where(tags.c.slug.in_(list(slugs)))
    connection.execute(
        subscriber_tags.delete().where(
            subscriber_tags.c.subscriber_id == subscriber_id, subscriber_tags.c.tag_id.in_(ids)
        )
    )


def tags_of(connection: sa.Connection, subscriber_id: int) -> Sequence[int]:
    """Return the IDs of a subscriber's tags."""
    chosen = sa.select(subscriber_tags.c.tag_id)
    return connection.scalars(chosen.where(subscriber_tags.c.subscriber_id == subscriber_id)).all()


def remove_unused(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete those of `ids` that no subscriber has. A configured topic is added again on demand."""
    used = sa.exists().where(subscriber_tags.c.tag_id == tags.c.id)
    connection.execute(tags.delete().where(tags.c.id.in_(ids), ~used))
