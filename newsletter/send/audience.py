"""Freeze the audience of an issue: a delivery or an exclusion per subscriber, in few statements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.model.batch import Planned
from newsletter.model.edition import Chooser, Edition, by_contents
from newsletter.model.issue import Issue, Item
from newsletter.model.plan import Subsets
from newsletter.model.publication import Newsletter
from newsletter.model.reason import Reason
from newsletter.model.subjects import Arm
from newsletter.store.database import analyze, temporary
from newsletter.store.sending import arms, audience, deliveries, had
from newsletter.store.sending.deliveries import Range
from subscribers.audience import excluded, reachable, reached

SMALLEST = 100
LAST = 1_000_000
"""More than any issue has editions."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """An issue with everything that decides who gets which edition of it."""

    issue: Issue
    newsletter: Newsletter
    items: Sequence[Item]
    editions: Sequence[Edition]
    saved_segments: Mapping[str, str]
    alerting: Sequence[str] = ()


def freeze(connection: sa.Connection, frozen: Frozen, now: datetime) -> int:
    """Write a delivery or an exclusion for every subscriber; return how many deliveries.

    The caller's transaction must be a snapshot. Otherwise a subscriber who changes between two of
    the statements gets neither.
    """
    issue_id = frozen.issue.id
    people, left_out = _people(connection, frozen, now)
    homes = _homes_of(connection, frozen, people)
    assigned = (
        sa.select(people.c.subscriber_id, *_assigned(frozen.issue, people, homes))
        .join(homes, sa.and_(*(homes.c[key.name] == key for key in _keys(people))))
        .subquery("assigned")
    )
    planned = deliveries.freeze(connection, issue_id, assigned)
    without = sa.select(
        assigned.c.subscriber_id, sa.literal(Reason.NOTHING_FOLLOWED.value).label("reason")
    ).where(assigned.c.edition_id.is_(None))
    deliveries.exclude(connection, issue_id, without.subquery())
    deliveries.exclude(connection, issue_id, left_out.subquery())
    homes.drop(connection)
    people.drop(connection)
    return planned


def _assigned(
    issue: Issue, people: sa.Table, homes: sa.Table
) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """Return the edition of a recipient, and its place in the order in which editions are sent.

    The rest of a test of two subjects comes last, with the editions of A until one is chosen.
    """
    if issue.test is None:
        return homes.c.edition_id, homes.c.place
    arm = arms.arm(people.c.subscriber_id, issue.id, issue.test)
    edition_id = sa.case((arm == Arm.B.value, homes.c.second_id), else_=homes.c.edition_id)
    place = sa.case(
        (arm == Arm.B.value, homes.c.place + 1),
        (arm == Arm.REST.value, homes.c.place + LAST),
        else_=homes.c.place,
    )
    return edition_id.label("edition_id"), place.label("place")


def _set_aside(connection: sa.Connection, name: str, rows: sa.Select[Any]) -> sa.Table:
    """Return a temporary table of these rows, by subscriber, so that they are computed once."""
    columns = rows.selected_columns
    key = "subscriber_id"
    table = temporary(
        name,
        [sa.Column(column.name, column.type, primary_key=column.name == key) for column in columns],
    )
    table.create(connection)
    connection.execute(table.insert().from_select(columns.keys(), rows))
    analyze(connection, table)
    return table


def _people(
    connection: sa.Connection, frozen: Frozen, now: datetime
) -> tuple[sa.Table, sa.Select[tuple[int, str]]]:
    """Return who gets the issue, with what they follow, and a query of who does not."""
    newsletter = frozen.newsletter
    if frozen.issue.corrects_issue_id is not None:
        return _corrected_recipients(connection, frozen, now)
    question = audience.question(newsletter, frozen.saved_segments, now, frozen.issue)
    chooser = Chooser(frozen.items, newsletter)
    wanted = reached(connection, question, chooser.asked)
    before = had.printed(connection, frozen.issue, chooser, frozen.alerting)
    people = _set_aside(connection, "people", had.added(wanted, before))
    return people, excluded(connection, question, people)


def _corrected_recipients(
    connection: sa.Connection, frozen: Frozen, now: datetime
) -> tuple[sa.Table, sa.Select[tuple[int, str]]]:
    """Return the recipients of the issue that is corrected; they get the whole correction."""
    received = deliveries.recipients_of(int(frozen.issue.corrects_issue_id or 0))
    known = reachable(frozen.newsletter.key, received, now).subquery("known")
    chosen = sa.select(known.c.subscriber_id, sa.false().label("topics"), known.c.language)
    left_out = sa.select(known.c.subscriber_id, known.c.reason).where(known.c.reason != "")
    return _set_aside(connection, "people", chosen.where(known.c.reason == "")), left_out


def _homes_of(connection: sa.Connection, frozen: Frozen, people: sa.Table) -> sa.Table:
    """Return a table from each set of tags and language to its edition, NULL if there is none.

    Python handles each distinct set once, no matter how many subscribers share it.
    """
    keys = _keys(people)
    home_columns = [sa.Column(name, sa.Integer) for name in Home._fields]
    table = temporary("homes", [*(sa.Column(key.name, key.type) for key in keys), *home_columns])
    table.create(connection)
    home = _homes(frozen)
    distinct = (
        sa.select(*keys).distinct().execution_options(stream_results=True, yield_per=audience.CHUNK)
    )
    for followed in connection.execute(distinct).partitions(audience.CHUNK):
        connection.execute(
            table.insert(),
            [dict(zip(table.c.keys(), (*row, *home(row)), strict=True)) for row in followed],
        )
    analyze(connection, table)
    return table


class Home(NamedTuple):
    """The edition of a set of tags, its seq, and the one with the second of two subjects."""

    edition_id: int | None = None
    place: int = 0
    second_id: int | None = None


def _homes(frozen: Frozen) -> Callable[[Sequence[Any]], Home]:
    """Return the function from a row of `_keys` to its home.

    Every recipient gets a correction as a whole, and an issue without items.
    """
    printed, seconds = by_contents(frozen.editions), by_contents(frozen.editions, Arm.B)

    def home_in(edition: Edition) -> Home:
        return Home(edition.id, edition.seq, seconds[edition.contents].id)

    chooser = Chooser(frozen.items, frozen.newsletter)
    if frozen.issue.corrects_issue_id is not None or not any(
        item.included for item in frozen.items
    ):
        editions = list(printed.values())
        # Backwards, so that the first edition of each language is kept.
        whole = {edition.language: edition for edition in reversed(editions)}

        def home_of_all(row: Sequence[Any]) -> Home:
            language = chooser.language(audience.taste(chooser, row).language)
            return home_in(whole.get(language, editions[0]))

        return home_of_all
    rendered = Subsets(list(printed), frozen.newsletter, chooser.originals())

    def home(row: Sequence[Any]) -> Home:
        wanted = chooser.choose(audience.taste(chooser, row))
        found = rendered.of(wanted) if wanted else None
        return home_in(printed[found]) if found else Home()

    return home


def _keys(people: sa.Table) -> list[sa.ColumnElement[Any]]:
    return [people.c.topics, people.c.language, *audience.word_columns(people)]


def batch_size(planned: int, max_batch: int) -> int:
    """Return how many recipients a batch of an issue has.

    One killed worker can put as many recipients in doubt as it has connections times this. So a
    batch holds at most 1 % of a list, but never fewer than SMALLEST, whose overhead is small.
    """
    return min(max_batch, max(SMALLEST, planned // 100))


def lay_out(
    ranges: Sequence[Range],
    size: int,
    *,
    begin: datetime,
    spread: timedelta,
) -> list[Planned]:
    """Cut each range into batches of at most `size`, evenly spaced over `spread`.

    The rest of a test of two subjects gets its times when one of them is chosen.
    """
    cut = [
        each._replace(first=start, last=min(start + size - 1, each.last))
        for each in ranges
        for start in range(each.first, each.last + 1, size)
    ]
    known = sum(each.arm != Arm.REST for each in cut)
    moments = [*spaced(known, begin, spread), *spaced(len(cut) - known, None, spread)]
    return [
        Planned(seq, each.edition_id, each.first, each.last, not_before=not_before, arm=each.arm)
        for seq, (each, not_before) in enumerate(zip(cut, moments, strict=True), 1)
    ]


def spaced(count: int, begin: datetime | None, spread: timedelta) -> list[datetime | None]:
    """Return the times of batches that are evenly spaced; None if they need not wait."""
    if begin is None or not spread:
        return [None] * count
    return [begin + spread / count * place for place in range(count)]
