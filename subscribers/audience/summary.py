"""An audience for people to look at: how many, who for example, and why somebody is in or out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from subscribers.audience.question import OUTSIDE, Question, excluded, members
from subscribers.model import Subscriber, Subscription, SubscriptionState
from subscribers.segment import evaluate, explain
from subscribers.store.tables import subscribers


@dataclass(frozen=True, slots=True)
class Summary:
    """How many an issue would reach, ten of them, and how many it would not, by reason."""

    people: int
    examples: tuple[tuple[str, str], ...]
    left_out: Mapping[str, int]


def summarize(connection: sa.Connection, question: Question, examples: int = 10) -> Summary:
    """Count the audience of a segment and those it leaves out; name the first few."""
    inside = members(connection, question).subquery()
    people = connection.scalar(sa.select(sa.func.count()).select_from(inside))
    some = connection.execute(
        sa.select(subscribers.c.address, subscribers.c.name)
        .join(inside, inside.c.subscriber_id == subscribers.c.id)
        .limit(examples)
    )
    outside = excluded(connection, question).subquery()
    counted = sa.func.count().label("people")
    left_out = connection.execute(
        sa.select(outside.c.reason, counted)
        .group_by(outside.c.reason)
        .order_by(counted.desc(), outside.c.reason)
    )
    return Summary(
        people or 0,
        tuple((row.address, row.name) for row in some),
        {row.reason: row.people for row in left_out},
    )


def why(person: Subscriber, question: Question) -> str:
    """Say why somebody is in the audience or is not; frequency is not looked at."""
    standing = person.subscription(question.newsletter)
    decided = explain(question.segment, person.slugs)
    if standing is None:
        return f"out: not subscribed to {question.newsletter}"
    if reason := _personal(person, standing, question.now):
        return f"out: {reason}"
    if not evaluate(question.segment, person.slugs):
        return f"out: {OUTSIDE} ({decided})"
    return f"in: {decided}"


def _personal(person: Subscriber, standing: Subscription, now: datetime) -> str:
    """Return why somebody gets no mail whatever the segment; the same words as `_standing`."""
    if person.suppressed is not None:
        return f"suppressed:{person.suppressed.reason.value}"
    if standing.state is not SubscriptionState.CONFIRMED:
        return standing.state.value
    if standing.paused_until is not None and standing.paused_until > now:
        return "paused"
    return ""
