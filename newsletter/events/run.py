"""Record events once, and move the deliveries that they are about."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.events.deciding import Meaning, meaning_of
from newsletter.events.notices import AboutNotice
from newsletter.model.delivery import read_delivery
from newsletter.model.event import ENGAGEMENTS, Event, EventKind
from newsletter.model.states import RANK, DeliveryState
from newsletter.store import events as store
from newsletter.store.events import EventRow
from newsletter.store.sending import reports as rows


class AboutDelivery(NamedTuple):
    """An event about one of our deliveries, with what it means."""

    event: Event
    issue_id: int
    number: int
    subscriber_id: int
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class SoftBounces:
    """When the emails to one recipient soft bounced, and when others were delivered."""

    at: tuple[datetime, ...]
    delivered_at: tuple[datetime, ...]


def about(
    connection: sa.Connection, events: Iterable[Event], origin: str
) -> dict[str, AboutDelivery]:
    """Return the events that are about one of our deliveries, by id.

    They carry our mark, `origin`, and name a delivery that exists.
    """
    named = {
        event.id: (event, key)
        for event in events
        if event.origin == origin and (key := read_delivery(event.delivery)) is not None
    }
    numbers: dict[int, set[int]] = {}
    for _, (issue_id, number) in named.values():
        numbers.setdefault(issue_id, set()).add(number)
    people = {
        issue_id: rows.recipients(connection, issue_id, wanted)
        for issue_id, wanted in numbers.items()
    }
    return {
        event_id: AboutDelivery(
            event, issue_id, number, people[issue_id][number], meaning_of(event)
        )
        for event_id, (event, (issue_id, number)) in named.items()
        if number in people[issue_id]
    }


def record(
    connection: sa.Connection,
    events: Iterable[Event],
    known: Mapping[str, AboutDelivery],
    notices: Mapping[str, AboutNotice],
) -> set[str]:
    """Insert events with what is `known` of them; return the ids of those that are new.

    Opens and clicks that no one wants counted are kept without the recipient.
    """
    rows = [_row(event, known.get(event.id)) for event in events if event.id not in notices]
    return store.add(connection, [*rows, *(report.row for report in notices.values())])


def move(connection: sa.Connection, reports: Iterable[AboutDelivery]) -> None:
    """Move the deliveries to the states of the highest rank that were reported."""
    moved: dict[int, dict[int, tuple[DeliveryState, str]]] = {}
    for report in reports:
        state = report.meaning.state
        if state is None:
            continue
        reported = moved.setdefault(report.issue_id, {})
        known = reported.get(report.number)
        if known is None or RANK[state] > RANK[known[0]]:
            reported[report.number] = (state, report.event.reason)
    for issue_id in sorted(moved):
        rows.move(connection, issue_id, moved[issue_id])


def with_soft_bounces(
    connection: sa.Connection, reports: Iterable[AboutDelivery | AboutNotice]
) -> dict[int, SoftBounces]:
    """Return the recipients of whom a soft bounce is known, if these reports concern SOFT_RULE."""
    kinds = (EventKind.SOFT_BOUNCED, EventKind.DELIVERED)
    people = {
        report.subscriber_id
        for report in reports
        if report.event.kind in kinds and report.subscriber_id is not None
    }
    found = {}
    for subscriber_id in store.with_soft_bounces(connection, people):
        times = store.moments(connection, subscriber_id, kinds)
        found[subscriber_id] = SoftBounces(*(tuple(times[kind]) for kind in kinds))
    return found


def _row(event: Event, report: AboutDelivery | None) -> EventRow:
    if report is None:
        return EventRow(event.id, event.kind, event.at, reason=event.reason)
    if event.kind in ENGAGEMENTS:
        return EventRow(event.id, event.kind, event.at, report.issue_id)
    return EventRow(
        id=event.id,
        kind=event.kind,
        at=event.at,
        issue_id=report.issue_id,
        seq=report.number,
        subscriber_id=report.subscriber_id,
        reason=event.reason,
    )


def attempts(reports: Iterable[AboutDelivery]) -> Collection[str]:
    """Return the attempts that were seen: evidence that they were accepted."""
    return {report.event.attempt for report in reports if report.event.attempt}
