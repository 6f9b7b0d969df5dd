"""Count what was reported about the deliveries of an issue, in the transaction that records it."""

from collections.abc import Iterable

import sqlalchemy as sa

from newsletter.events.run import AboutDelivery
from newsletter.model.tally import TALLIED, Happened, tallied
from newsletter.store.content import issues
from newsletter.store.counting import domains, tallies
from subscribers.audience import domains as addresses


def count(connection: sa.Connection, reports: Iterable[AboutDelivery]) -> None:
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

    happened = [
        Happened(report.issue_id, report.event.kind, report.event.at, domain(report))
        for report in counted
    ]
    tallies.add(connection, tallied(happened, issues.began(connection, named)))
