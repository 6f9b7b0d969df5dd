"""Find subscribers by how their address or name begins, and by segment; a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from subscribers.segment import And, Or, Segment, Tagged
from subscribers.store import segments
from subscribers.store.tables import (
    address_start,
    domain_start,
    last_name_start,
    name_start,
    subscriber_tags,
    subscribers,
)

FEW = 5_000
"""Subscribers with a tag who can be read one by one."""
_LAST = "\U0010ffff"
"""Sorts after every other character."""


@dataclass(frozen=True, slots=True)
class Start:
    """A text that begins with `text`, in the order of its index."""

    key: sa.ColumnElement[str]
    text: str

    @property
    def condition(self) -> sa.ColumnElement[bool]:
        """Return the condition for a subscriber to be found."""
        return sa.and_(self.key >= self.text, self.key < self.text + _LAST)


def starts(text: str) -> tuple[Start, ...]:
    """Return where a text is searched: in addresses, names, last names, domains; nowhere for ""."""
    folded = text.lower()
    local, at, domain = folded.partition("@")
    if not text:
        return ()
    if at:
        return (Start(address_start, folded) if local else Start(domain_start, domain),)
    # The lower() of SQLite changes ASCII letters only.
    cases = dict.fromkeys(map(_ascii_lower, (folded, text, folded.title(), text.upper())))
    names = tuple(Start(key, case) for key in (name_start, last_name_start) for case in cases)
    return (Start(address_start, folded), *names, Start(domain_start, folded))


def _ascii_lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def by_start(
    connection: sa.Connection,
    start: Start,
    conditions: Sequence[sa.ColumnElement[bool]],
    after: int,
    size: int,
) -> list[int]:
    """Return the next IDs in the order of a start, after the subscriber with the ID `after`."""
    wanted = [start.condition, *conditions]
    if after:
        last = connection.scalar(sa.select(start.key).where(subscribers.c.id == after))
        if last is None:  # erased since
            return []
        wanted.append(sa.tuple_(start.key, subscribers.c.id) > sa.tuple_(last, after))
    query = sa.select(subscribers.c.id).where(*wanted).order_by(start.key, subscribers.c.id)
    return list(connection.scalars(query.limit(size)))


def by_tags(
    connection: sa.Connection,
    tag_ids: Sequence[int],
    conditions: Sequence[sa.ColumnElement[bool]],
    after: int,
    size: int,
) -> list[int]:
    """Return the next IDs of subscribers with one of some tags, in their own order."""
    tagged = subscriber_tags.c
    found: set[int] = set()
    for tag_id in tag_ids:
        query = (
            sa.select(tagged.subscriber_id)
            .join(subscribers, subscribers.c.id == tagged.subscriber_id)
            .where(tagged.tag_id == tag_id, tagged.subscriber_id > after, *conditions)
            .order_by(tagged.subscriber_id)
        )
        found.update(connection.scalars(query.limit(size)))
    return sorted(found)[:size]


def in_order(
    connection: sa.Connection,
    conditions: Sequence[sa.ColumnElement[bool]],
    after: int,
    size: int,
) -> list[int]:
    """Return the next IDs, in their own order."""
    query = sa.select(subscribers.c.id).where(subscribers.c.id > after, *conditions)
    return list(connection.scalars(query.order_by(subscribers.c.id).limit(size)))


def narrowest(connection: sa.Connection, segment: Segment) -> tuple[list[int], int] | None:
    """Return tags of which each member of a segment has one, and how many subscribers have them.

    The number is counted up to `FEW` for each tag. None if members need none of the tags.
    """
    match segment:
        case Tagged(name):
            ids = list(segments.tag_ids(connection, [name]).values())
            return ids, sum(_few(connection, tag_id) for tag_id in ids)
        case And(parts):
            known = [found for part in parts if (found := narrowest(connection, part))]
            return min(known, key=lambda found: found[1], default=None)
        case Or(parts):
            each = [narrowest(connection, part) for part in parts]
            every = [found for found in each if found is not None]
            if len(every) < len(each):
                return None
            ids = [tag_id for found, _number in every for tag_id in found]
            return ids, sum(number for _ids, number in every)
        case _:
            return None


def _few(connection: sa.Connection, tag_id: int) -> int:
    some = sa.select(sa.literal(1)).where(subscriber_tags.c.tag_id == tag_id).limit(FEW)
    return connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0
