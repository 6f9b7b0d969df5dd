"""Freeze the audience of an issue: one row per recipient or a reason, in a few statements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Planned
from newsletter.model.edition import Chooser, Contents, Edition, Subsets
from newsletter.model.issue import Issue, Item
from newsletter.model.publication import Newsletter
from newsletter.store.sending import deliveries
from subscribers import segment
from subscribers.audience import WORD, Question, excluded, reachable, reached

NOTHING_FOLLOWED = "nothing in it that they follow"
CHUNK = 5000
LOOK_BACK = timedelta(days=40)
"""How far back the last issue is looked for, for those who want one a month."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """An issue with all that decides who gets which edition of it."""

    issue: Issue
    newsletter: Newsletter
    items: Sequence[Item]
    editions: Sequence[Edition]
    saved_segments: Mapping[str, str]


def freeze(connection: sa.Connection, frozen: Frozen, now: datetime) -> int:
    """Write a delivery or an exclusion for everybody; return how many deliveries.

    The caller's transaction must see one snapshot throughout, so that nobody falls between the
    two statements.
    """
    issue_id = frozen.issue.id
    people, left_out = _people(connection, frozen, now)
    homes = _homes_of(connection, frozen, people)
    assigned = (
        sa.select(people.c.subscriber_id, homes.c.edition_id, homes.c.place)
        .join(homes, sa.and_(*(homes.c[key.name] == key for key in _keys(people))))
        .subquery("assigned")
    )
    planned = deliveries.freeze(connection, issue_id, assigned)
    without = sa.select(
        assigned.c.subscriber_id, sa.literal(NOTHING_FOLLOWED).label("reason")
    ).where(assigned.c.edition_id.is_(None))
    deliveries.exclude(connection, issue_id, without.subquery())
    deliveries.exclude(connection, issue_id, left_out.subquery())
    homes.drop(connection)
    people.drop(connection)
    return planned


def _set_aside(connection: sa.Connection, name: str, rows: sa.Select[Any]) -> sa.Table:
    """Return a temporary table of these rows, by subscriber: what is asked twice is found once."""
    columns = rows.selected_columns
    key = "subscriber_id"
    table = _temporary(
        name, [sa.Column(one.name, one.type, primary_key=one.name == key) for one in columns]
    )
    table.create(connection)
    connection.execute(table.insert().from_select(columns.keys(), rows))
    _weigh(connection, table)
    return table


def _weigh(connection: sa.Connection, table: sa.Table) -> None:
    """Tell PostgreSQL how large a new table is: it guesses, and joins row by row."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def _temporary(name: str, columns: Sequence[sa.Column[Any]]) -> sa.Table:
    return sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])


def _people(
    connection: sa.Connection, frozen: Frozen, now: datetime
) -> tuple[sa.Table, sa.Select[tuple[int, str]]]:
    """Set aside who gets the issue, with what they follow; return them, and who does not."""
    newsletter = frozen.newsletter
    if frozen.issue.corrects_issue_id is not None:
        return _those_who_had(connection, frozen, now)
    question = Question(
        newsletter.key,
        segment.parse(newsletter.segment, frozen.saved_segments),
        now,
        deliveries.had_recently(newsletter.key, now - LOOK_BACK),
    )
    tags = Chooser(frozen.items, newsletter).tags
    people = _set_aside(connection, "people", reached(connection, question, tags))
    return people, excluded(connection, question, people)


def _those_who_had(
    connection: sa.Connection, frozen: Frozen, now: datetime
) -> tuple[sa.Table, sa.Select[tuple[int, str]]]:
    """Set aside the recipients of the issue that is corrected; they get the correction whole."""
    had = deliveries.recipients_of(int(frozen.issue.corrects_issue_id or 0))
    known = reachable(frozen.newsletter.key, had, now).subquery("known")
    chosen = sa.select(known.c.subscriber_id, sa.false().label("topics"))
    left_out = sa.select(known.c.subscriber_id, known.c.reason).where(known.c.reason != "")
    return _set_aside(connection, "people", chosen.where(known.c.reason == "")), left_out


def _homes_of(connection: sa.Connection, frozen: Frozen, people: sa.Table) -> sa.Table:
    """Return the table from what is followed to the edition that stands for it (NULL for none).

    Python sees each distinct set of followed tags once, however many people share it.
    """
    keys = _keys(people)
    edition, place = sa.Column("edition_id", sa.Integer), sa.Column("place", sa.Integer)
    table = _temporary("homes", [*(sa.Column(key.name, key.type) for key in keys), edition, place])
    table.create(connection)
    home = _homes(frozen)
    distinct = sa.select(*keys).distinct().execution_options(stream_results=True, yield_per=CHUNK)
    for followed in connection.execute(distinct).partitions(CHUNK):
        connection.execute(
            table.insert(),
            [dict(zip(table.c.keys(), (*one, *home(_bits(one))), strict=True)) for one in followed],
        )
    _weigh(connection, table)
    return table


def _homes(frozen: Frozen) -> Callable[[int | None], tuple[int | None, int]]:
    """Return the function from followed bits (None: no topic at all) to an edition's id and seq.

    A correction goes whole to everybody who had the mistake; so does an issue without items.
    """
    if frozen.issue.corrects_issue_id is not None or not any(one.included for one in frozen.items):
        first = frozen.editions[0]
        return lambda _bits: (first.id, first.seq)
    chooser = Chooser(frozen.items, frozen.newsletter)
    printed = {Contents(one.items, one.headlines): one for one in frozen.editions}
    rendered = Subsets(list(printed), frozen.newsletter)

    def home(bits: int | None) -> tuple[int | None, int]:
        wanted = chooser.choose(bits)
        taken = rendered.of(wanted) if wanted else None
        return (printed[taken].id, printed[taken].seq) if taken else (None, 0)

    return home


def _bits(followed: Sequence[Any]) -> int | None:
    topics, *words = followed
    if not topics:
        return None
    return sum(int(word) << (WORD * place) for place, word in enumerate(words))


def _keys(people: sa.Table) -> list[sa.Column[Any]]:
    words = [column for column in people.c if column.name.startswith("w")]
    return [people.c.topics, *words]


def lay_out(
    ranges: Sequence[tuple[int, int, int]],
    size: int,
    *,
    begin: datetime,
    spread: timedelta,
) -> list[Planned]:
    """Cut each edition's range into batches of at most `size`, leaving evenly over `spread`."""
    spans = [
        (edition, at, min(at + size - 1, last))
        for edition, first, last in ranges
        for at in range(first, last + 1, size)
    ]
    step = spread / len(spans) if spans else spread
    return [
        Planned(seq, *span, not_before=begin + step * (seq - 1) if spread else None)
        for seq, span in enumerate(spans, 1)
    ]
