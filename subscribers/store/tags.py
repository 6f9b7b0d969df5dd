"""Tags: topics that subscribers choose, labels that staff set."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from subscribers.model import AUTHOR, Tag, TagKind, slug, spelling
from subscribers.store.dialects import add_missing
from subscribers.store.tables import subscriber_tags, tags

AT_ONCE = 900
"""Slugs per statement: SQLite before 3.32 takes 999 parameters."""


def settled(
    connection: sa.Connection, wanted: Iterable[Tag], reserved: Collection[str] = ()
) -> dict[Tag, Tag]:
    """Return each tag with the slug that it has or gets: names that differ stay different tags.

    “Node.js” and “Node JS” have one slug. The tag that came second gets `node-js-2`, unless that is
    in `reserved`: the slugs of the topics of the configuration, which must not be among `wanted`.
    """
    found: dict[Tag, Tag] = {}
    holders: dict[str, str] = {}
    rest, number = list(dict.fromkeys(wanted)), 1
    while rest:
        slugs = {tag: f"{tag.slug}-{number}" if number > 1 else tag.slug for tag in rest}
        names = {row.slug: row.name for row in _rows(connection, slugs.values())}
        holders = names | holders
        for tag, own in slugs.items():
            free = own == tag.slug or own not in reserved
            if free and _is_named(tag, own, holders.setdefault(own, tag.name)):
                found[tag] = replace(tag, slug=own)
        rest = [tag for tag in rest if tag not in found]
        number += 1
    return found


def _is_named(tag: Tag, own: str, holder: str) -> bool:
    """Return whether the tag with the slug `own`, whose name is `holder`, is this one.

    A configured topic is named by its label, which need not resemble its slug.
    """
    if spelling(tag.name) == spelling(holder):
        return True
    return own == tag.slug and (tag.name == own or slug(holder) != own)


def ensure(connection: sa.Connection, wanted: Iterable[Tag]) -> dict[str, int]:
    """Return the IDs of tags by slug, creating the missing ones.

    A label becomes a topic when it is requested as one: the configuration now offers it.
    """
    requested = {tag.slug: tag for tag in wanted}
    if not requested:
        return {}
    rows = _rows(connection, requested)
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
        rows = _rows(connection, requested)
    return {row.slug: int(row.id) for row in rows}


def labels(connection: sa.Connection, slugs: Iterable[str]) -> frozenset[str]:
    """Return those of `slugs` that are labels."""
    return frozenset(row.slug for row in _rows(connection, slugs) if row.kind == TagKind.LABEL)


def every_label(connection: sa.Connection) -> frozenset[str]:
    """Return the slugs of all labels."""
    query = sa.select(tags.c.slug).where(tags.c.kind == TagKind.LABEL.value)
    return frozenset(connection.scalars(query))


def followers_of_others(connection: sa.Connection, known: Collection[str]) -> dict[str, int]:
    """Return how many subscribers follow each topic that is not in `known`, authors excepted."""
    topics = sa.select(tags.c.id, tags.c.slug).where(
        tags.c.kind == TagKind.TOPIC.value, ~tags.c.slug.startswith(AUTHOR, autoescape=True)
    )
    found = {}
    for tag_id, name in connection.execute(topics).all():
        if name not in known:
            followed = sa.select(sa.func.count()).where(subscriber_tags.c.tag_id == tag_id)
            found[name] = int(connection.scalar(followed) or 0)
    return {name: number for name, number in sorted(found.items()) if number}


def _rows(connection: sa.Connection, slugs: Iterable[str]) -> list[sa.Row[Any]]:
    wanted = sorted(set(slugs))
    found: list[sa.Row[Any]] = []
    for start in range(0, len(wanted), AT_ONCE):
        some = tags.c.slug.in_(wanted[start : start + AT_ONCE])
        found += connection.execute(sa.select(tags).where(some))
    return found


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
