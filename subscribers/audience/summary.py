"""Describe an audience: its size, a few examples, and why a subscriber is in or out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from subscribers.audience.question import Question, excluded, members
from subscribers.model import ExclusionReason, Subscriber, Subscription, SubscriptionState
from subscribers.segment import evaluate, explain
from subscribers.store.tables import subscribers


@dataclass(frozen=True, slots=True)
class Summary:
    """How many subscribers an issue would reach, examples, and the exclusions by reason."""

    people: int
    examples: tuple[tuple[str, str], ...]
    excluded: Mapping[ExclusionReason, int]


def summarize(connection: sa.Connection, question: Question, examples: int = 10) -> Summary:
    """Count the audience of a segment and the exclusions; name the first few recipients."""
    inside = members(connection, question).subquery()
    people = connection.scalar(sa.select(sa.func.count()).select_from(inside))
    first = connection.execute(
        sa.select(subscribers.c.address, subscribers.c.name)
        .join(inside, inside.c.subscriber_id == subscribers.c.id)
        .limit(examples)
    )
    outside = excluded(connection, question).subquery()
    counted = sa.func.count().label("people")
    by_reason = connection.execute(
        sa.select(outside.c.reason, counted)
        .group_by(outside.c.reason)
        .order_by(counted.desc(), outside.c.reason)
    )
    return Summary(
        people or 0,
        tuple((row.address, row.name) for row in first),
        {ExclusionReason(row.reason): row.people for row in by_reason},
    )


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
