"""Queries for the recipients of an issue and for the exclusions with their reasons.

They are answered in the database: an audience of a million subscribers never passes through Python.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from subscribers.model import (
    AUTHOR,
    MUTE,
    ExclusionReason,
    Frequency,
    SubscriptionState,
    TagKind,
    slug,
)
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

WORD = 60
"""Tags per bit word: fewer than the 63 bits of a signed integer on every database."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose audience is requested: a newsletter and a segment, as of a time.

    Subscribers with a frequency in `digests` get a digest instead of this issue. `digest` is set if
    the issue is such a digest; only the subscribers with this frequency matter then. `limited`
    selects the subscriber_id of those who have had as many emails today as they may. `topics` are
    the slugs of those that articles can have, beside authors: a subscriber with others only follows
    none. None means any.
    """

    newsletter: str
    segment: Segment
    now: datetime
    digests: frozenset[Frequency] = frozenset()
    digest: Frequency | None = None
    limited: sa.Select[int] | None = field(default=None, compare=False)
    topics: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Interest:
    """How many subscribers follow exactly these of the requested tags.

    If `follows_any` is False, they follow no topic at all, which means every topic.
    """

    follows: frozenset[str]
    follows_any: bool
    people: int


def reached(
    connection: sa.Connection, question: Question, tags: Sequence[str], *, zones: bool = False
) -> sa.Select[tuple[int, bool, str]]:
    """Select the recipients of an issue: subscriber_id, topics, language, w0, w1, …; in no order.

    With `zones`, a column `timezone` follows. Bit i of the words (60 tags per word) is set if the recipient has tags[i]. `topics` is true if
    the recipient has any of the topics that articles can have, or one of the tags other than a mute.
    """
    picked = _picked(connection, tags, question.topics)
    words = [name for name in picked.c.keys() if name.startswith("w")]  # noqa: SIM118 - a collection of columns
    return (
        sa.select(
            subscriptions.c.subscriber_id,
            sa.func.coalesce(picked.c.topics, sa.false()).label("topics"),
            subscribers.c.language,
            *(sa.func.coalesce(picked.c[word], 0).label(word) for word in words),
            *([subscribers.c.timezone] if zones else []),
        )
        .select_from(
            _people().outerjoin(picked, picked.c.subscriber_id == subscriptions.c.subscriber_id)
        )
        .where(*_allowed(connection, question))
    )


def interests(connection: sa.Connection, question: Question, tags: Sequence[str]) -> list[Interest]:
    """Count the audience by which of `tags` they follow, largest group first."""
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
    connection: sa.Connection, question: Question, taken: sa.FromClause
) -> sa.Select[tuple[int, str]]:
    """Select subscribers who do not get an issue: subscriber_id, reason.

    `taken` holds the subscriber_id of all recipients. Everyone else is excluded: no one can be in
    neither, and for most the tags need not be read.
    """
    reason = _reason(connection, question).label("reason")
    in_it = sa.exists().where(taken.c.subscriber_id == subscriptions.c.subscriber_id)
    return (
        sa.select(subscriptions.c.subscriber_id, reason)
        .select_from(_people())
        .where(*_asked(question), sa.not_(in_it))
    )


def reachable(
    newsletter: str, ids: sa.FromClause | sa.Select[tuple[int]], now: datetime
) -> sa.Select[tuple[int, str, str, str, str]]:
    """Select subscriber_id, address, name, language, reason for each of `ids`, as of now.

    An empty reason means that the address may be emailed. Segment and frequency were applied when
    the audience was frozen; consent and suppression are checked again. A subscriber who was erased
    since has the reason `erased`.
    """
    requested = ids.subquery() if isinstance(ids, sa.Select) else ids
    subscribed = sa.and_(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.newsletter == newsletter,
    )
    reason = sa.case(
        (subscribers.c.id.is_(None), ExclusionReason.ERASED.value),
        (subscriptions.c.state.is_(None), ExclusionReason.NOT_SUBSCRIBED.value),
        *_status(now),
        else_="",
    )
    return sa.select(
        requested.c.subscriber_id,
        sa.func.coalesce(subscribers.c.address, "").label("address"),
        sa.func.coalesce(subscribers.c.name, "").label("name"),
        sa.func.coalesce(subscribers.c.language, "").label("language"),
        reason.label("reason"),
    ).select_from(
        requested.outerjoin(subscribers, subscribers.c.id == requested.c.subscriber_id)
        .outerjoin(subscriptions, subscribed)
        .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
    )


def members(connection: sa.Connection, question: Question) -> sa.Select[tuple[int]]:
    """Select the recipients of an issue, without their topics: subscriber_id."""
    chosen = sa.select(subscriptions.c.subscriber_id).select_from(_people())
    return chosen.where(*_allowed(connection, question))


def _people() -> sa.Join:
    return subscriptions.join(
        subscribers, subscribers.c.id == subscriptions.c.subscriber_id
    ).outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)


def _allowed(connection: sa.Connection, question: Question) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for getting an issue."""
    return [
        *subscribed(question),
        suppressions.c.address_key.is_(None),  # the join key, so that PostgreSQL plans an anti-join
        *(sa.not_(condition) for condition, _reason in _instead(question)),
        *inside(connection, question, of_all=True),
    ]


def subscribed(question: Question) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a subscription alone decides: confirmed, and not paused."""
    paused_until = subscriptions.c.paused_until
    return [
        *_asked(question),
        subscriptions.c.state == SubscriptionState.CONFIRMED,
        sa.or_(paused_until.is_(None), paused_until <= question.now),
    ]


def inside(
    connection: sa.Connection, question: Question, *, of_all: bool
) -> list[sa.ColumnElement[bool]]:
    """Return the condition of the segment, none for everyone; `of_all` as in `condition`."""
    if isinstance(question.segment, Everyone):
        return []
    member = subscriptions.c.subscriber_id
    return [segments.condition(connection, question.segment, member, of_all=of_all)]


def _reason(connection: sa.Connection, question: Question) -> sa.ColumnElement[str]:
    """Return the reason for a subscriber who is known to be excluded."""
    member = segments.condition(connection, question.segment, subscriptions.c.subscriber_id)
    instead = [(sa.and_(so, member), reason) for so, reason in _instead(question)]
    return sa.case(*_status(question.now), *instead, else_=ExclusionReason.OUTSIDE_SEGMENT.value)


def _status(now: datetime) -> list[tuple[sa.ColumnElement[bool], sa.ColumnElement[str]]]:
    """Return suppression, consent and pause as cases, strongest first."""
    return [
        # As ExclusionReason.suppressed, but an unknown reason of a newer version excludes as well.
        (suppressions.c.reason.is_not(None), sa.literal("suppressed:") + suppressions.c.reason),
        (
            subscriptions.c.state == SubscriptionState.PENDING,
            sa.literal(ExclusionReason.PENDING.value),
        ),
        (
            subscriptions.c.state == SubscriptionState.UNSUBSCRIBED,
            sa.literal(ExclusionReason.UNSUBSCRIBED.value),
        ),
        (
            sa.and_(subscriptions.c.paused_until.is_not(None), subscriptions.c.paused_until > now),
            sa.literal(ExclusionReason.PAUSED.value),
        ),
    ]


def _asked(question: Question) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for being in the audience or among the exclusions."""
    conditions = [subscriptions.c.newsletter == question.newsletter]
    if question.digest is not None:
        conditions.append(subscriptions.c.frequency == question.digest)
    return conditions


def _instead(question: Question) -> list[tuple[sa.ColumnElement[bool], sa.ColumnElement[str]]]:
    """Return one case per frequency whose subscribers get a digest, and one for the limit of a day."""
    cases: list[tuple[sa.ColumnElement[bool], sa.ColumnElement[str]]] = [
        (
            subscriptions.c.frequency == frequency,
            sa.literal(ExclusionReason.by_digest(frequency).value),
        )
        for frequency in sorted(question.digests)
    ]
    if question.limited is not None:
        had = question.limited.subquery("limited")
        full = sa.exists().where(had.c.subscriber_id == subscriptions.c.subscriber_id)
        cases.append((full, sa.literal(ExclusionReason.DAILY_LIMIT.value)))
    return cases


def has_subscribers(newsletter: str, frequency: Frequency) -> sa.Select[int]:
    """Select a row if anyone is subscribed to a newsletter with a frequency."""
    return (
        sa.select(sa.literal(1))
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.state == SubscriptionState.CONFIRMED,
            subscriptions.c.frequency == frequency,
        )
        .limit(1)
    )


def subscribed_elsewhere(connection: sa.Connection, newsletters: Collection[str]) -> dict[str, int]:
    """Count the confirmed subscriptions to newsletters other than these, by newsletter."""
    query = (
        sa.select(subscriptions.c.newsletter, sa.func.count())
        .where(
            subscriptions.c.newsletter.not_in(newsletters),
            subscriptions.c.state == SubscriptionState.CONFIRMED,
        )
        .group_by(subscriptions.c.newsletter)
        .order_by(subscriptions.c.newsletter)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _picked(
    connection: sa.Connection, tags: Sequence[str], known: frozenset[str] | None
) -> sa.Subquery:
    """Select the flag and the bit words of all subscribers with a topic or one of `tags`.

    A mute alone does not make a subscriber one who follows a topic.
    """
    ids = segments.tag_ids(connection, (slug(tag) for tag in tags))
    positions = [(ids[slug(tag)], at) for at, tag in enumerate(tags) if slug(tag) in ids]
    topics = sa.select(tag_table.c.id, tag_table.c.slug).where(tag_table.c.kind == TagKind.TOPIC)
    topic_ids = [
        tag_id
        for tag_id, name in connection.execute(topics)
        if known is None or name in known or name.startswith(AUTHOR)
    ]
    topic_ids += sorted({tag for tag, _at in positions})
    mutes = {ids[name] for name in ids if name.startswith(MUTE)}
    follows = sa.case((subscriber_tags.c.tag_id.in_(sorted(mutes)), 0), else_=1)
    size = -(-len(tags) // WORD)
    return (
        sa.select(
            subscriber_tags.c.subscriber_id,
            (sa.func.max(follows) == 1 if mutes else sa.true()).label("topics"),
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
