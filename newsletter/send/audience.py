"""Freeze the audience of an issue: a delivery or an exclusion per subscriber, in few statements."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.model.batch import Planned
from newsletter.model.edition import Chooser, Edition, by_contents
from newsletter.model.issue import Issue, Item
from newsletter.model.plan import Subsets
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.reason import Reason
from newsletter.model.slot import resolve
from newsletter.model.subjects import Arm
from newsletter.model.zones import zone_of
from newsletter.store.database import analyze, temporary
from newsletter.store.sending import arms, audience, deliveries, had
from newsletter.store.sending.deliveries import Range
from newsletter.store.types import UtcDateTime
from subscribers.audience import excluded, reachable, reached

SMALLEST = 100
LAST = 1_000_000
"""More than any issue has editions."""
TURNS = 1_000
"""More than there are distinct times in all zones at which a clock shows the same."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """An issue with everything that decides who gets which edition of it."""

    issue: Issue
    newsletter: Newsletter
    items: Sequence[Item]
    editions: Sequence[Edition]
    publication: Publication


class FrozenAudience(NamedTuple):
    """How many deliveries an issue has, and their ranges in sending order."""

    planned: int
    ranges: Sequence[Range]


def freeze(connection: sa.Connection, frozen: Frozen, now: datetime) -> FrozenAudience:
    """Write a delivery or an exclusion for every subscriber.

    The caller's transaction must be a snapshot. Otherwise a subscriber who changes between two of
    the statements gets neither.
    """
    issue_id = frozen.issue.id
    people, left_out = _people(connection, frozen, now)
    homes = _homes_of(connection, frozen, people)
    edition_id, place = _assigned(frozen.issue, people, homes)
    joined = people.join(homes, sa.and_(*(homes.c[key.name] == key for key in _keys(people))))
    turns = _turns(connection, frozen, people) if frozen.issue.reader_time else None
    if turns is not None:
        joined = joined.join(turns, turns.c.timezone == people.c.timezone)
        place = (place * TURNS + turns.c.turn).label("place")
    arm = _arm(frozen.issue, people)
    columns = (people.c.subscriber_id, edition_id, place, arm, homes.c.reason)
    assigned = sa.select(*columns).select_from(joined).subquery("assigned")
    planned = deliveries.freeze(connection, issue_id, assigned)
    ranges = (
        deliveries.ranges(connection, issue_id, frozen.issue.test)
        if turns is None
        else _ranges_by_turn(connection, assigned, turns)
    )
    without = sa.select(assigned.c.subscriber_id, assigned.c.reason).where(
        assigned.c.edition_id.is_(None)
    )
    deliveries.exclude(connection, issue_id, without.subquery())
    deliveries.exclude(connection, issue_id, left_out.subquery())
    for table in (turns, homes, people):
        if table is not None:
            table.drop(connection)
    return FrozenAudience(planned, ranges)


def _turns(connection: sa.Connection, frozen: Frozen, people: sa.Table) -> sa.Table:
    """Return a table from each zone of the recipients to the time at which they get the issue.

    `turn` counts the distinct times, the earliest first. Without a zone, or with one that this
    computer does not know, a recipient has that of the newsletter.
    """
    wall = datetime.fromisoformat(frozen.issue.reader_time)
    table = temporary(
        "turns",
        [
            sa.Column("timezone", sa.Text, primary_key=True),
            sa.Column("turn", sa.Integer),
            sa.Column("at", UtcDateTime),
        ],
    )
    table.create(connection)
    names = connection.scalars(sa.select(people.c.timezone).distinct())
    times = {name: resolve(wall, zone_of(name) or frozen.newsletter.timezone) for name in names}
    order = {at: turn for turn, at in enumerate(sorted(set(times.values())))}
    rows = [{"timezone": name, "turn": order[at], "at": at} for name, at in times.items()]
    if rows:
        connection.execute(table.insert(), rows)
    analyze(connection, table)
    return table


def _ranges_by_turn(
    connection: sa.Connection, assigned: sa.Subquery, turns: sa.Table
) -> list[Range]:
    """Return the ranges of a frozen issue: those of one edition that are due at one time.

    The deliveries are numbered by place, so the sizes of the groups give their numbers.
    """
    distinct = connection.execute(sa.select(turns.c.turn, turns.c.at).distinct())
    times: dict[int, datetime] = {row[0]: row[1] for row in distinct}
    keys = (assigned.c.place, assigned.c.edition_id, assigned.c.arm)
    groups = sa.select(*keys, sa.func.count()).where(assigned.c.edition_id.is_not(None))
    ranges, first = [], 1
    for place, edition_id, arm, people in connection.execute(
        groups.group_by(*keys).order_by(keys[0])
    ):
        last = first + people - 1
        ranges.append(Range(edition_id, first, last, arm, times[place % TURNS]))
        first = last + 1
    return ranges


def _arm(issue: Issue, people: sa.Table) -> sa.ColumnElement[str]:
    """Return which of two subjects a recipient tests; empty if there is one."""
    if issue.test is None:
        return sa.literal("").label("arm")
    return arms.arm(people.c.subscriber_id, issue.id, issue.test).label("arm")


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
    question = audience.question(connection, newsletter, frozen.publication, now, frozen.issue)
    chooser = Chooser(frozen.items, newsletter)
    zones = bool(frozen.issue.reader_time)
    wanted = reached(connection, question, chooser.asked, zones=zones)
    before = had.printed(connection, frozen.issue, chooser, frozen.publication.alerting)
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
    kinds = dict.fromkeys(Home._fields, sa.Integer()) | {"reason": sa.Text()}
    home_columns = [sa.Column(name, kind) for name, kind in kinds.items()]
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
    """The edition of a set of tags, its seq, and the one with the second of two subjects.

    Without an edition, `reason` is why: what is wanted is not in the issue, or not approved.
    """

    edition_id: int | None = None
    place: int = 0
    second_id: int | None = None
    reason: str = ""


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
        if wanted is None:
            return Home(reason=Reason.NOTHING_FOLLOWED.value)
        found = rendered.of(wanted)
        return home_in(printed[found]) if found else Home(reason=Reason.NO_EDITION.value)

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

    With reader time, the batches of each time are spaced from that time on. The rest of a test of
    two subjects gets its times when one of them is chosen.
    """
    cut = [
        each._replace(first=start, last=min(start + size - 1, each.last))
        for each in ranges
        for start in range(each.first, each.last + 1, size)
    ]
    groups = Counter((each.arm == Arm.REST, each.not_before) for each in cut)
    moments = {
        (rest, at): iter(spaced(count, None if rest else begin, spread, at))
        for (rest, at), count in groups.items()
    }
    return [
        Planned(
            seq,
            each.edition_id,
            each.first,
            each.last,
            not_before=next(moments[each.arm == Arm.REST, each.not_before]),
            arm=each.arm,
        )
        for seq, each in enumerate(cut, 1)
    ]


def spaced(
    count: int, begin: datetime | None, spread: timedelta, at: datetime | None = None
) -> list[datetime | None]:
    """Return the times of batches that are evenly spaced; None if they need not wait.

    With reader time, all of them wait until `at`.
    """
    if begin is None or not spread:
        return [at if begin is None or at is None or at > begin else None] * count
    start = begin if at is None else max(begin, at)
    return [start + spread / count * place for place in range(count)]
