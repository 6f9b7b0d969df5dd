"""Search subscribers for staff: by address, name and segment, a page at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from subscribers.errors import InvalidAddress
from subscribers.model import EmailAddress, Subscriber
from subscribers.segment import Everyone, Segment
from subscribers.store import finding, people, segments
from subscribers.store.finding import Start
from subscribers.store.tables import subscribers

PAGE = 50
_CURSOR = re.compile(r"(\d{1,2})-(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """A page of subscribers; `after` asks for the next one, and is empty if there is none."""

    people: tuple[Subscriber, ...]
    after: str = ""


def search(
    connection: sa.Connection, text: str, segment: Segment, after: str = "", size: int = PAGE
) -> FoundPeople:
    """Return the subscribers in a segment whose address, name, last name or domain begins with `text`.

    Without a text, all of the segment. Each page reads an index from where the last one ended, so
    that it takes as long for a million subscribers as for ten.
    """
    rows = _rows(connection, text, segment, _position(after), size + 1)
    chosen = rows[:size]
    if not chosen:
        return FoundPeople(())
    known = people.several(connection, [found for _at, found in chosen])
    at, last = chosen[-1]
    return FoundPeople(
        tuple(known[found] for _at, found in chosen if found in known),
        f"{at}-{last}" if len(rows) > size else "",
    )


def _position(after: str) -> tuple[int, int]:
    found = _CURSOR.fullmatch(after)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _rows(
    connection: sa.Connection, text: str, segment: Segment, position: tuple[int, int], size: int
) -> list[tuple[int, int]]:
    """Return (number of the start, ID) of the next subscribers."""
    at, after = position
    starts = finding.starts(_canonical(text))
    conditions = []
    if not isinstance(segment, Everyone):
        conditions.append(segments.condition(connection, segment, subscribers.c.id))
    covered = finding.narrowest(connection, segment)
    if covered is not None and (not starts or covered[1] < finding.FEW):
        if starts:
            conditions.append(sa.or_(*(start.condition for start in starts)))
        return [
            (0, found) for found in finding.by_tags(connection, covered[0], conditions, after, size)
        ]
    if not starts:
        return [(0, found) for found in finding.in_order(connection, conditions, after, size)]
    rows: list[tuple[int, int]] = []
    for number, start, earlier in _remaining(starts, at):
        wanted = [*conditions, *(sa.not_(found.condition) for found in earlier)]
        since = after if number == at else 0
        missing = size - len(rows)
        found = finding.by_start(connection, start, wanted, since, missing) if missing else []
        rows += [(number, subscriber_id) for subscriber_id in found]
    return rows


def _remaining(
    starts: tuple[Start, ...], at: int
) -> Iterator[tuple[int, Start, tuple[Start, ...]]]:
    """Yield each start from number `at`, with those before it, which have found some already."""
    for number, start in enumerate(starts):
        if number >= at:
            yield number, start, starts[:number]


def _canonical(text: str) -> str:
    """Return a whole address as it is stored, and any other text as it is."""
    try:
        return EmailAddress.parse(text).key
    except InvalidAddress:
        return text
