"""A list of events that contradict each other, and all that a database knows after taking them in."""

from datetime import timedelta
from itertools import count
from random import Random

import sqlalchemy as sa

from newsletter.store.counting.tables import domain_spans, tallies
from newsletter.store.engagement_tables import engagement_hours, engagement_totals, engagements
from newsletter.store.sending import outcomes
from newsletter.store.tables import batches, deliveries, events, issues
from subscribers.store.tables import subscriptions, suppressions
from tests.fakes.issues import NOW
from tests.integration.events.conftest import Desk

Event = dict[str, object]

WIRE: tuple[Event, ...] = (
    {"event": "processed"},
    {"event": "deferred", "response": "421 try again later"},
    {"event": "delivered"},
    {"event": "delivered"},
    {"event": "open", "useragent": "Mozilla/5.0 (X11) Firefox/140"},
    {"event": "click", "url": "https://x.example/1"},
    {"event": "bounce", "type": "bounce", "status": "5.2.2"},
    {"event": "bounce", "type": "bounce", "status": "5.1.1"},
    {"event": "bounce", "type": "blocked", "status": "5.7.1"},
    {"event": "dropped", "reason": "Bounced Address"},
    {"event": "dropped", "reason": "Spam Reporting Address"},
    {"event": "dropped", "reason": "Unsubscribed Address"},
    {"event": "spamreport"},
    {"event": "unsubscribe"},
    {"event": "group_unsubscribe"},
    {"event": "group_resubscribe"},
    {"event": "something new"},
    {"event": "bounce", "category": ["nl-another publication"]},
)
LIKELY = (9, 9, 20, 20, 6, 6, 6, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1)
"""How likely each is in a short list. In a long one, bounces and departures are rare as in life."""
RARE = tuple(20 * likely if place < 7 else likely for place, likely in enumerate(LIKELY))


def some(desk: Desk, rng: Random, number: int, people: int, batch: int = 5) -> list[Event]:
    """Return random events about random recipients, in the order in which they happened."""
    found = []
    likely = LIKELY if number < 10_000 else RARE
    for serial, wire in enumerate(rng.choices(WIRE, likely, k=number)):
        who = rng.randint(1, people)
        attempt = f"1.{(who - 1) // batch + 1}:1"
        at = NOW + timedelta(minutes=serial % 40_000)
        found.append(
            {**desk.event("x", who, at, sg_event_id=f"e{serial}", nl_attempt=attempt), **wire}
        )
    return found


def soft_bounces(desk: Desk, who: int) -> list[Event]:
    """Return events of which any part may be the first: four orders mean four suppressions."""
    at = (NOW + timedelta(days=day) for day in count(1))
    full = {"event": "bounce", "type": "bounce", "status": "5.2.2"}
    dead = {"event": "bounce", "type": "bounce", "status": "5.1.1"}
    kinds: list[Event] = [*[full] * 5, {"event": "delivered"}, dead, *[full] * 4]
    return [
        {**desk.event("x", who, next(at), sg_event_id=f"soft-{who}-{number}"), **kind}
        for number, kind in enumerate(kinds)
    ]


def known(connection: sa.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return all that depends on events: states, counters, suppressions, subscriptions."""
    t, spans, b = tallies.c, domain_spans.c, batches.c
    fenced = {"owner", "settled_at", "lease_until"}
    counters = [column for column in b if column.name not in fenced]
    queries = {
        "deliveries": sa.select(deliveries.c.seq, outcomes.state()),
        "batches": sa.select(*counters),
        "issues": sa.select(issues.c.id, issues.c.state),
        "tallies": sa.select(t.axis, t.value, t.kind, sa.func.sum(t.number)).group_by(
            t.axis, t.value, t.kind
        ),
        "spans": sa.select(spans.began, spans.domain, spans.deferred, spans.delivered),
        "suppressions": sa.select(
            suppressions.c.address_key, suppressions.c.reason, suppressions.c.origin
        ),
        "subscriptions": sa.select(subscriptions.c.subscriber_id, subscriptions.c.state),
        "events": sa.select(events.c.id, events.c.kind, events.c.subscriber_id),
        "engagements": sa.select(engagements.c.id, engagements.c.rule),
        "totals": sa.select(engagement_totals),
        "hours": sa.select(engagement_hours),
    }
    return {
        name: sorted((tuple(row) for row in connection.execute(query)), key=str)
        for name, query in queries.items()
    }
