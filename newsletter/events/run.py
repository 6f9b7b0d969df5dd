"""Record events once, and move the deliveries that they are about."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.events.deciding import SOFT_BOUNCES, Meaning, meaning_of
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
    connection: sa.Connection, events: Iterable[Event], origins: Collection[str]
) -> dict[str, AboutDelivery]:
    """Return the events that are about one of our deliveries, by id.

    They carry one of our marks, `origins`, and name a delivery that exists.
    """
    named: list[tuple[Event, tuple[int, int]]] = []
    numbers: dict[int, set[int]] = {}
    for event in events:
        if event.origin in origins and (key := read_delivery(event.delivery)) is not None:
            named.append((event, key))
            numbers.setdefault(key[0], set()).add(key[1])
    people = {
        issue_id: rows.recipients(connection, issue_id, wanted)
        for issue_id, wanted in numbers.items()
    }
    return {
        event.id: AboutDelivery(event, issue_id, number, subscriber_id, meaning_of(event))
        for event, (issue_id, number) in named
        if (subscriber_id := people[issue_id].get(number)) is not None
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
    """Return the recipients who may be over SOFT_RULE, if these reports concern it."""
    kinds = (EventKind.SOFT_BOUNCED, EventKind.DELIVERED)
    people = {
        report.subscriber_id
        for report in reports
        if report.event.kind in kinds and report.subscriber_id is not None
    }
    found = {}
    for subscriber_id in store.with_soft_bounces(connection, people, SOFT_BOUNCES):
        times = store.moments(connection, subscriber_id, kinds)
        found[subscriber_id] = SoftBounces(*(tuple(times[kind]) for kind in kinds))
    return found


def _row(event: Event, report: AboutDelivery | None) -> EventRow:
    kind = str(event.kind)
    if report is None:
        return EventRow(event.id, kind, event.at, reason=event.reason)
    issue_id = report.issue_id
    if event.kind in ENGAGEMENTS:
        return EventRow(event.id, kind, event.at, issue_id)
    number, subscriber_id = report.number, report.subscriber_id
    return EventRow(event.id, kind, event.at, issue_id, number, subscriber_id, event.reason)


def attempts(reports: Iterable[AboutDelivery]) -> Collection[str]:
    """Return the attempts that were seen: evidence that they were accepted."""
    return {report.event.attempt for report in reports if report.event.attempt}
