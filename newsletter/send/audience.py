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
from newsletter.store import deliveries
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
    if frozen.issue.corrects_issue_id is not None:
        people, left_out = _those_who_had(frozen, now)
    else:
        people, left_out = _subscribed(connection, frozen, now)
    assigned = _assign(connection, frozen, people)
    planned = deliveries.freeze(connection, issue_id, assigned)
    without = sa.select(
        assigned.c.subscriber_id, sa.literal(NOTHING_FOLLOWED).label("reason")
    ).where(assigned.c.edition_id.is_(None))
    deliveries.exclude(connection, issue_id, without.subquery())
    deliveries.exclude(connection, issue_id, left_out)
    _assignment(people).drop(connection)
    return planned


def _subscribed(
    connection: sa.Connection, frozen: Frozen, now: datetime
) -> tuple[sa.Subquery, sa.Subquery]:
    newsletter = frozen.newsletter
    question = Question(
        newsletter.key,
        segment.parse(newsletter.segment, frozen.saved_segments),
        now,
        deliveries.had_recently(newsletter.key, now - LOOK_BACK),
    )
    tags = Chooser(frozen.items, newsletter).tags
    people = reached(connection, question, tags).subquery("people")
    return people, excluded(connection, question).subquery("left_out")


def _those_who_had(frozen: Frozen, now: datetime) -> tuple[sa.Subquery, sa.Subquery]:
    """Return the recipients of the issue that is corrected; they get the correction whole."""
    had = deliveries.recipients_of(int(frozen.issue.corrects_issue_id or 0))
    known = reachable(frozen.newsletter.key, had, now).subquery("known")
    people = sa.select(known.c.subscriber_id, sa.false().label("topics"))
    left_out = sa.select(known.c.subscriber_id, known.c.reason)
    return (
        people.where(known.c.reason == "").subquery("people"),
        left_out.where(known.c.reason != "").subquery("left_out"),
    )


def _assign(connection: sa.Connection, frozen: Frozen, people: sa.Subquery) -> sa.Subquery:
    """Join everybody with the edition that stands for what they follow (NULL for none).

    Python sees each distinct set of followed tags once, however many people share it.
    """
    table = _assignment(people)
    table.create(connection)
    keys = _keys(people)
    home = _homes(frozen)
    distinct = sa.select(*keys).distinct().execution_options(stream_results=True, yield_per=CHUNK)
    for followed in connection.execute(distinct).partitions(CHUNK):
        connection.execute(
            table.insert(),
            [dict(zip(table.c.keys(), (*one, *home(_bits(one))), strict=True)) for one in followed],
        )
    same = sa.and_(*(table.c[key.name] == key for key in keys))
    return (
        sa.select(people.c.subscriber_id, table.c.edition_id, table.c.place)
        .join(table, same)
        .subquery("assigned")
    )


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


def _keys(people: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    words = [column for column in people.c if column.name.startswith("w")]
    return [people.c.topics, *words]


def _assignment(people: sa.Subquery) -> sa.Table:
    """Return the temporary table from what is followed to an edition."""
    words = [sa.Column(key.name, sa.BigInteger) for key in _keys(people)[1:]]
    return sa.Table(
        "assignment",
        sa.MetaData(),
        sa.Column("topics", sa.Boolean),
        *words,
        sa.Column("edition_id", sa.Integer),
        sa.Column("place", sa.Integer),
        prefixes=["TEMPORARY"],
    )


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
