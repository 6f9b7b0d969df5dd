"""Who gets an issue, who does not and why: questions for the database, answered there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.model import Frequency, SubscriptionState, TagKind, slug
from subscribers.segment import Everyone, Segment
from subscribers.store import segments
from subscribers.store.tables import (
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
)
from subscribers.store.tables import (
    tags as tag_table,
)
from subscribers.store.types import UtcTimestamp

WORD = 60
"""Tags per bit word: what a signed 64-bit integer holds on every database, with room."""

SPACING = {
    Frequency.WEEKLY: timedelta(days=6, hours=12),
    Frequency.MONTHLY: timedelta(days=27, hours=12),
}
"""How long ago the last issue must be; half a day less, as slots move and issues are spread."""

OUTSIDE = "not in the segment"


@dataclass(frozen=True, slots=True)
class Question:
    """Which newsletter's people are asked for, as of when.

    `recent` yields (subscriber_id, last_at) of earlier issues of this newsletter, for those who
    want fewer; None leaves frequency out.
    """

    newsletter: str
    segment: Segment
    now: datetime
    recent: sa.Select[tuple[int, datetime]] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Interest:
    """How many people follow exactly these of the tags asked about.

    `follows_any` False means: no topic at all, which stands for every topic.
    """

    follows: frozenset[str]
    follows_any: bool
    people: int


def reached(
    connection: sa.Connection, question: Question, tags: Sequence[str]
) -> sa.Select[tuple[int, bool]]:
    """Select who gets an issue: subscriber_id, topics, w0, w1, …; ordered by nothing.

    Bit i of the words (60 tags a word) is set where somebody has tags[i]; `topics` tells whether
    somebody follows any topic at all, of those asked about or not.
    """
    picked = _picked(connection, tags)
    words = [name for name in picked.c.keys() if name.startswith("w")]  # noqa: SIM118 - a collection of columns
    return (
        sa.select(
            subscriptions.c.subscriber_id,
            sa.func.coalesce(picked.c.topics, sa.false()).label("topics"),
            *(sa.func.coalesce(picked.c[word], 0).label(word) for word in words),
        )
        .select_from(
            _people().outerjoin(picked, picked.c.subscriber_id == subscriptions.c.subscriber_id)
        )
        .where(*_allowed(connection, question))
    )


def interests(connection: sa.Connection, question: Question, tags: Sequence[str]) -> list[Interest]:
    """Count the audience by what it follows of `tags`; the largest first."""
    people = reached(connection, question, tags).subquery()
    words = [column for column in people.c if column.name.startswith("w")]
    counted = sa.func.count().label("people")
    rows = connection.execute(
        sa.select(people.c.topics, *words, counted)
        .group_by(people.c.topics, *words)
        .order_by(counted.desc(), people.c.topics, *words)
    )
    return [
        Interest(_named(tags, row[1:-1]), follows_any=bool(row[0]), people=row[-1]) for row in rows
    ]


def excluded(
    connection: sa.Connection, question: Question, taken: sa.Table | None = None
) -> sa.Select[tuple[int, str]]:
    """Select everybody with a subscription who does not get an issue: subscriber_id, reason.

    `taken` holds the subscriber_id of all who get it, where that was found already. The others are
    then whoever is not in there: nobody can be in neither, and most need no look at their tags.
    """
    if taken is None:
        reason = _reason(connection, question).label("reason")
        left_out = reason != ""
    else:
        reason = _reason_of_the_rest(connection, question).label("reason")
        in_it = sa.exists().where(taken.c.subscriber_id == subscriptions.c.subscriber_id)
        left_out = sa.not_(in_it)
    return (
        sa.select(subscriptions.c.subscriber_id, reason)
        .select_from(_people())
        .where(subscriptions.c.newsletter == question.newsletter, left_out)
    )


def reachable(
    newsletter: str, ids: sa.FromClause | sa.Select[tuple[int]], now: datetime
) -> sa.Select[tuple[int, str, str, str, str]]:
    """Select subscriber_id, address, name, language, reason for each of `ids`, as of now.

    An empty reason means: may be mailed. Segment and frequency were settled at the freeze; what is
    asked again is consent and suppression. Somebody erased since has the reason `erased`.
    """
    asked = ids.subquery() if isinstance(ids, sa.Select) else ids
    here = sa.and_(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.newsletter == newsletter,
    )
    reason = sa.case(
        (subscribers.c.id.is_(None), "erased"),
        (subscriptions.c.state.is_(None), "not subscribed"),
        *_standing(now),
        else_="",
    )
    return sa.select(
        asked.c.subscriber_id,
        sa.func.coalesce(subscribers.c.address, "").label("address"),
        sa.func.coalesce(subscribers.c.name, "").label("name"),
        sa.func.coalesce(subscribers.c.language, "").label("language"),
        reason.label("reason"),
    ).select_from(
        asked.outerjoin(subscribers, subscribers.c.id == asked.c.subscriber_id)
        .outerjoin(subscriptions, here)
        .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
    )


def members(connection: sa.Connection, question: Question) -> sa.Select[tuple[int]]:
    """Select who gets an issue, without asking what they follow: subscriber_id."""
    chosen = sa.select(subscriptions.c.subscriber_id).select_from(_people())
    return chosen.where(*_allowed(connection, question))


def _people() -> sa.Join:
    return subscriptions.join(
        subscribers, subscribers.c.id == subscriptions.c.subscriber_id
    ).outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)


def _allowed(connection: sa.Connection, question: Question) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for being mailed; together the exact opposite of `_reason`."""
    conditions = [
        subscriptions.c.newsletter == question.newsletter,
        subscriptions.c.state == SubscriptionState.CONFIRMED,
        sa.or_(
            subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= question.now
        ),
        suppressions.c.address_key.is_(None),  # the key of the join: PostgreSQL sees an anti-join
        *(sa.not_(condition) for condition, _reason in _too_soon(question)),
    ]
    if not isinstance(question.segment, Everyone):
        conditions.append(
            segments.condition(connection, question.segment, subscriptions.c.subscriber_id)
        )
    return conditions


def _reason(connection: sa.Connection, question: Question) -> sa.ColumnElement[str]:
    inside = segments.condition(connection, question.segment, subscriptions.c.subscriber_id)
    return sa.case(
        *_standing(question.now), (sa.not_(inside), OUTSIDE), *_too_soon(question), else_=""
    )


def _reason_of_the_rest(connection: sa.Connection, question: Question) -> sa.ColumnElement[str]:
    """Return the same reason for somebody of whom it is known that there is one."""
    inside = segments.condition(connection, question.segment, subscriptions.c.subscriber_id)
    too_soon = [(sa.and_(so, inside), reason) for so, reason in _too_soon(question)]
    return sa.case(*_standing(question.now), *too_soon, else_=OUTSIDE)


def _standing(now: datetime) -> list[tuple[sa.ColumnElement[bool], sa.ColumnElement[str]]]:
    """Return consent and suppression as cases; the gravest first."""
    return [
        (suppressions.c.reason.is_not(None), sa.literal("suppressed:") + suppressions.c.reason),
        (subscriptions.c.state == SubscriptionState.PENDING, sa.literal("pending")),
        (subscriptions.c.state == SubscriptionState.UNSUBSCRIBED, sa.literal("unsubscribed")),
        (
            sa.and_(subscriptions.c.paused_until.is_not(None), subscriptions.c.paused_until > now),
            sa.literal("paused"),
        ),
    ]


def _too_soon(question: Question) -> list[tuple[sa.ColumnElement[bool], sa.ColumnElement[str]]]:
    """Return one case per frequency: had an issue too recently for what was asked for."""
    if question.recent is None:
        return []
    return [
        (
            sa.and_(
                subscriptions.c.frequency == frequency,
                _had_since(question.recent, question.now - spacing),
            ),
            sa.literal(f"frequency: {frequency.value}"),
        )
        for frequency, spacing in SPACING.items()
    ]


def _had_since(recent: sa.Select[tuple[int, datetime]], moment: datetime) -> sa.ColumnElement[bool]:
    had = recent.subquery()
    return (
        sa.select(sa.literal(1))
        .where(
            had.c.subscriber_id == subscriptions.c.subscriber_id,
            had.c.last_at > sa.literal(moment, UtcTimestamp()),
        )
        .correlate(subscriptions)
        .exists()
    )


def _picked(connection: sa.Connection, tags: Sequence[str]) -> sa.Subquery:
    """Select for everybody with a topic or one of `tags`: the flag and the bit words."""
    ids = segments.tag_ids(connection, (slug(tag) for tag in tags))
    positions = [(ids[slug(tag)], at) for at, tag in enumerate(tags) if slug(tag) in ids]
    topics = sa.select(tag_table.c.id).where(tag_table.c.kind == TagKind.TOPIC)
    topic_ids = list(connection.scalars(topics)) + sorted({tag for tag, _at in positions})
    size = -(-len(tags) // WORD)
    return (
        sa.select(
            subscriber_tags.c.subscriber_id,
            sa.true().label("topics"),
            *(_word(positions, number).label(f"w{number}") for number in range(size)),
        )
        .where(subscriber_tags.c.tag_id.in_(topic_ids))
        .group_by(subscriber_tags.c.subscriber_id)
        .subquery("picked")
    )


def _word(positions: list[tuple[int, int]], number: int) -> sa.ColumnElement[int]:
    bits: dict[int, int] = {}
    for tag_id, at in positions:
        if at // WORD == number:
            bits[tag_id] = bits.get(tag_id, 0) | 1 << at % WORD
    if not bits:
        return sa.literal(0, sa.BigInteger())
    worth = sa.case(bits, value=subscriber_tags.c.tag_id, else_=0)
    return sa.cast(sa.func.sum(worth), sa.BigInteger())


def _named(tags: Sequence[str], words: Sequence[int]) -> frozenset[str]:
    return frozenset(tag for at, tag in enumerate(tags) if words[at // WORD] >> at % WORD & 1)
