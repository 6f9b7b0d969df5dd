"""What providers and servers report about notices: the automatic emails to one person each."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.events.deciding import Meaning, meaning_of
from newsletter.model.delivery import read_notice
from newsletter.model.event import Event
from newsletter.model.states import DeliveryState
from newsletter.store.events import EventRow
from newsletter.store.people import notices as store
from newsletter.store.people.notices import Notice


@dataclass(frozen=True, slots=True)
class AboutNotice:
    """An event about one of our notices, with what it means."""

    event: Event
    number: int
    notice: Notice
    meaning: Meaning

    @property
    def subscriber_id(self) -> int | None:
        """Return the subscriber to whose address it went."""
        return self.notice.subscriber_id if self.notice.is_to_subscriber else None

    @property
    def row(self) -> EventRow:
        """Return the event as it is kept."""
        event = self.event
        return EventRow(
            event.id,
            event.kind.value,
            event.at,
            subscriber_id=self.subscriber_id,
            reason=event.reason,
        )


def about(
    connection: sa.Connection, events: Iterable[Event], origins: Collection[str]
) -> dict[str, AboutNotice]:
    """Return the events that are about one of our notices, by id.

    They carry one of our marks, `origins`, and name a notice that was submitted.
    """
    named = {
        event.id: (event, number)
        for event in events
        if event.origin in origins and (number := read_notice(event.delivery)) is not None
    }
    if not named:
        return {}
    known = store.numbered(connection, {number for _, number in named.values()})
    return {
        event_id: AboutNotice(event, number, known[number].notice, meaning_of(event))
        for event_id, (event, number) in named.items()
        if number in known
    }


def move(connection: sa.Connection, reports: Sequence[AboutNotice], *, now: datetime) -> None:
    """Move notices to the states of the highest rank that were reported.

    Any event shows that its notice was submitted.
    """
    for report in sorted(reports, key=lambda report: report.number):
        state = report.meaning.state or DeliveryState.SUBMITTED
        reason = report.event.reason if report.meaning.state else ""
        store.report(connection, report.number, state, reason, now=now)
