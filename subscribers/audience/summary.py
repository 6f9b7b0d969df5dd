"""Describe an audience: its size, a few examples, and why a subscriber is in or out.

Frequency is ignored: subscribers who get a digest instead of each issue count as recipients.
"""

from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from subscribers.audience.question import Question, inside, members, subscribed
from subscribers.model import (
    ExclusionReason,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from subscribers.segment import evaluate, explain
from subscribers.store.dialects import month_of
from subscribers.store.tables import subscribers, subscriptions, suppressions

_SUPPRESSED = suppressions.join(
    subscribers, subscribers.c.address_key == suppressions.c.address_key
).join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)


def count(connection: sa.Connection, question: Question) -> int:
    """Count the recipients that an issue would have.

    Suppressed ones are counted separately and subtracted: they are few, and to look every
    subscriber's address up takes twice as long as all the rest.
    """
    people = sa.select(sa.func.count()).where(*subscribed(question))
    alive = people.select_from(subscriptions).where(*inside(connection, question, of_all=True))
    among = people.select_from(_SUPPRESSED).where(*inside(connection, question, of_all=False))
    return int(connection.scalar(alive) or 0) - int(connection.scalar(among) or 0)


def examples(
    connection: sa.Connection, question: Question, number: int = 10
) -> list[tuple[str, str]]:
    """Return the address and the name of a few recipients."""
    chosen = members(connection, question).limit(number).subquery()
    rows = connection.execute(
        sa.select(subscribers.c.address, subscribers.c.name)
        .join(chosen, chosen.c.subscriber_id == subscribers.c.id)
        .order_by(subscribers.c.id)
    )
    return [(row.address, row.name) for row in rows]


def confirmed_by_month(
    connection: sa.Connection, question: Question, months: int = 12
) -> list[tuple[str, int]]:
    """Count the recipients by the month in which they confirmed, as 2026-11, latest first.

    Recipients of another time are not known: tags have no history.
    """
    month = month_of(
        connection, sa.func.coalesce(subscriptions.c.confirmed_at, subscriptions.c.since)
    )
    query = (
        sa.select(month.label("month"), sa.func.count())
        .where(subscriptions.c.subscriber_id.in_(members(connection, question)))
        .where(subscriptions.c.newsletter == question.newsletter)
        .group_by(month)
        .order_by(month.desc())
        .limit(months)
    )
    return [(str(row[0]), int(row[1])) for row in connection.execute(query)]


def exclusions(
    connection: sa.Connection, question: Question, people: int
) -> dict[ExclusionReason, int]:
    """Count those who would not get an issue by reason, most first; `people` would get it.

    The segment is not evaluated again: who has no other reason and does not get it is outside.
    """
    s = subscriptions.c
    conditions = {
        ExclusionReason.PENDING: s.state == SubscriptionState.PENDING,
        ExclusionReason.UNSUBSCRIBED: s.state == SubscriptionState.UNSUBSCRIBED,
        ExclusionReason.PAUSED: sa.and_(
            s.state == SubscriptionState.CONFIRMED, s.paused_until > question.now
        ),
        ExclusionReason.OUTSIDE_SEGMENT: sa.and_(*subscribed(question)),
    }
    query = sa.select(
        *(sa.func.count().filter(condition) for condition in conditions.values())
    ).where(s.newsletter == question.newsletter)
    present = connection.execute(query.select_from(subscriptions)).one()
    found = Counter(dict(zip(conditions, present, strict=True)))
    suppressed = connection.execute(
        query.add_columns(sa.func.count(), suppressions.c.reason)
        .select_from(_SUPPRESSED)
        .group_by(suppressions.c.reason)
    )
    for *numbers, total, reason in suppressed:
        found.subtract(dict(zip(conditions, numbers, strict=True)))
        found[ExclusionReason.suppressed(SuppressionReason(reason))] = total
    found[ExclusionReason.OUTSIDE_SEGMENT] -= people
    return {reason: number for reason, number in found.most_common() if number}


def why(person: Subscriber, question: Question) -> str:
    """Explain why a subscriber is in the audience or not, ignoring frequency."""
    subscription = person.subscription(question.newsletter)
    matches = explain(question.segment, person.slugs)
    if subscription is None:
        return f"out: not subscribed to {question.newsletter}"
    if reason := _personal(person, subscription, question.now):
        return f"out: {reason.value}"
    if not evaluate(question.segment, person.slugs):
        return f"out: {ExclusionReason.OUTSIDE_SEGMENT.value} ({matches})"
    return f"in: {matches}"


def _personal(
    person: Subscriber, subscription: Subscription, now: datetime
) -> ExclusionReason | None:
    """Return why a subscriber gets no issue of any segment; the same reasons as in `_status`."""
    if person.suppressed is not None:
        return ExclusionReason.suppressed(person.suppressed.reason)
    if subscription.state is not SubscriptionState.CONFIRMED:
        return ExclusionReason(subscription.state.value)
    paused_until = subscription.paused_until
    if paused_until is not None and paused_until > now:
        return ExclusionReason.PAUSED
    return None
