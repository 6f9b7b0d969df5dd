"""Count what was reported about the deliveries of an issue, in the transaction that records it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa

from newsletter.events.run import AboutDelivery
from newsletter.model.deferring import KEPT, DomainSpan, span_start
from newsletter.model.event import EventKind
from newsletter.model.tally import TALLIED, Happened, tallied
from newsletter.store.content import issues
from newsletter.store.counting import domain_spans, domains, tallies
from subscribers.audience import domains as addresses


def count(connection: sa.Connection, reports: Iterable[AboutDelivery], now: datetime) -> None:
    """Count events that were not known before by the hour and by the receiving domain."""
    counted = [report for report in reports if report.event.kind in TALLIED]
    about = {report.issue_id for report in counted}
    named = {issue_id: domains.counted(connection, issue_id) for issue_id in sorted(about)}
    # An email that came back names the recipient by its envelope, not by an address.
    nameless = {report.subscriber_id for report in counted if not report.event.address_key}
    present = addresses.of(connection, nameless)

    def domain(report: AboutDelivery) -> str:
        address = report.event.address_key
        found = address.rpartition("@")[2] or present.get(report.subscriber_id, "")
        return found if found in named[report.issue_id] else domains.OTHERS

    placed = [(report, domain(report)) for report in counted]
    happened = (
        Happened(report.issue_id, report.event.kind, report.event.at, name)
        for report, name in placed
    )
    tallies.add(connection, tallied(happened, issues.began(connection, named)))
    domain_spans.add(connection, list(_spans(placed, now)))


def _spans(placed: Iterable[tuple[AboutDelivery, str]], now: datetime) -> Iterator[DomainSpan]:
    """Add up what the domains that are counted by name deferred and accepted lately."""
    oldest = now - KEPT
    found: dict[tuple[datetime, str], list[AboutDelivery]] = {}
    for report, domain in placed:
        event = report.event
        if domain != domains.OTHERS and event.at > oldest and event.kind in _ANSWERS:
            found.setdefault((span_start(min(event.at, now)), domain), []).append(report)
    for (began, domain), reports in found.items():
        events = [report.event for report in reports]
        deferrals = [event for event in events if event.kind is EventKind.DEFERRED]
        latest = max(deferrals, key=lambda event: event.at, default=None)
        deferred, reason = len(deferrals), latest.reason if latest else ""
        yield DomainSpan(began, domain, deferred, len(reports) - deferred, reason)


_ANSWERS = frozenset({EventKind.DEFERRED, EventKind.DELIVERED})
