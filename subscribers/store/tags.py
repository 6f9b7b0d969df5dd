"""Tags: topics that people choose, labels that staff set."""

from collections.abc import Iterable

import sqlalchemy as sa

from subscribers.model import Tag, TagKind
from subscribers.store.missing import add_missing
from subscribers.store.tables import subscriber_tags, tags


def all_tags(connection: sa.Connection) -> list[Tag]:
    """Return every tag, in the order of their slugs."""
    rows = connection.execute(sa.select(tags).order_by(tags.c.slug))
    return [Tag(row.slug, row.name, TagKind(row.kind)) for row in rows]


def ensure(connection: sa.Connection, wanted: Iterable[Tag]) -> dict[str, int]:
    """Return the ids of tags by slug; those that are missing come into being.

    A label becomes a topic when it is asked for as one: the configuration now offers it.
    """
    asked = {tag.slug: tag for tag in wanted}
    if not asked:
        return {}
    rows = connection.execute(sa.select(tags).where(tags.c.slug.in_(list(asked)))).all()
    found = {row.slug: row for row in rows}
    for row in rows:
        if row.kind == TagKind.LABEL and asked[row.slug].kind is TagKind.TOPIC:
            connection.execute(
                tags.update().where(tags.c.id == row.id).values(kind=TagKind.TOPIC.value)
            )
    missing = [tag for slug, tag in asked.items() if slug not in found]
    if missing:
        new = [{"slug": tag.slug, "name": tag.name, "kind": tag.kind.value} for tag in missing]
        add_missing(connection, tags, new)
        rows = connection.execute(sa.select(tags).where(tags.c.slug.in_(list(asked)))).all()
    return {row.slug: int(row.id) for row in rows}


def give(connection: sa.Connection, subscriber_id: int, wanted: Iterable[Tag]) -> None:
    """Mark a person with tags; those already there stay."""
    ids = ensure(connection, wanted)
    rows = [{"tag_id": one, "subscriber_id": subscriber_id} for one in sorted(ids.values())]
    add_missing(connection, subscriber_tags, rows)


def take(connection: sa.Connection, subscriber_id: int, slugs: Iterable[str]) -> None:
    """Take tags off a person."""
    ids = sa.select(tags.c.id).where(tags.c.slug.in_(list(slugs)))
    connection.execute(
        subscriber_tags.delete().where(
            subscriber_tags.c.subscriber_id == subscriber_id, subscriber_tags.c.tag_id.in_(ids)
        )
    )
