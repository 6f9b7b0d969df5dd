"""Count what was reported about the deliveries of an issue, in the transaction that records it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from operator import itemgetter

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
    happened = Counter(
        Happened(report.issue_id, report.event.kind, report.event.at, name)
        for report, name in placed
    )
    tallies.add(connection, tallied(happened, issues.began(connection, named)))
    domain_spans.add(connection, list(_spans(happened, _reasons(placed, now), now)))


Place = tuple[datetime, str]
"""When a span begins, and the domain that it is about."""


def _spans(
    happened: Counter[Happened], reasons: Mapping[Place, str], now: datetime
) -> Iterator[DomainSpan]:
    """Add up what the domains that are counted by name deferred and accepted lately."""
    oldest = now - KEPT
    found: defaultdict[Place, Counter[EventKind]] = defaultdict(Counter)
    for (_, kind, at, domain), number in happened.items():
        if domain and at > oldest and kind in _ANSWERS:
            found[span_start(min(at, now)), domain][kind] += number
    for place, numbers in found.items():
        deferred, delivered = numbers[EventKind.DEFERRED], numbers[EventKind.DELIVERED]
        yield DomainSpan(*place, deferred, delivered, reasons.get(place, ""))


def _reasons(placed: Iterable[tuple[AboutDelivery, str]], now: datetime) -> dict[Place, str]:
    """Return the reason of the latest deferral of each domain and span."""
    deferrals = [
        (report.event.at, name, report.event.reason)
        for report, name in placed
        if report.event.kind is EventKind.DEFERRED
    ]
    deferrals.sort(key=itemgetter(0))
    return {(span_start(min(at, now)), name): reason for at, name, reason in deferrals}


_ANSWERS = frozenset({EventKind.DEFERRED, EventKind.DELIVERED})
