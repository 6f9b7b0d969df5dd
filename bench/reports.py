"""The report of an issue at a million deliveries in twenty issues: the values, and the page."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from bench.figure import Figure
from newsletter.migrations import upgrade
from newsletter.model.event import EventKind
from newsletter.model.tally import TALLIED, Axis, EventTally
from newsletter.render.catalog import open_catalogs
from newsletter.render.growth_view import sections as growth_sections
from newsletter.render.report_view import sections
from newsletter.store.counting import domains, tallies
from newsletter.store.counting import growth as growth_days
from newsletter.store.database import open_engine, open_reader
from newsletter.store.tables import batches, issues
from newsletter.usecases.growing import MOST_TOPICS, report_on
from newsletter.usecases.reporting import report_of
from subscribers.audience.growth import AgeGroup, SubscriptionChange
from tests.fakes.issues import NOW, add_issue, add_many, publication

ISSUES = 20
BATCH = 1_000
HOURS = 159
"""The most periods of an issue: 72 hours and 87 days."""


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer recipients."""
    people = 1_000 if quick else 50_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'reports.sqlite3'}"
        engine = open_engine(url)
        upgrade(engine)
        with engine.begin() as connection:
            last = _fill(connection, people)
        reader = open_reader(url)
        catalog = open_catalogs(None).of("en")
        with reader.connect() as connection:
            report = report_of(connection, publication(), last)
            values = _timed(lambda: report_of(connection, publication(), last))
            shown = _timed(lambda: sections(report, catalog, UTC))
        with reader.connect() as connection:
            growth = report_on(connection, publication(), "weekly")
            grown = _timed(lambda: report_on(connection, publication(), "weekly"))
            drawn = _timed(lambda: growth_sections(growth, catalog))
        with engine.begin() as connection:
            began = time.process_time()
            domains.counted(connection, last)
            counted = time.process_time() - began
        reader.dispose()
        engine.dispose()
    name = f"{ISSUES * people:,} deliveries"
    yield Figure(f"values of a report, {name}", 1000 * values, "ms CPU")
    yield Figure("sections and plots of a report", 1000 * shown, "ms CPU")
    yield Figure("the report together", 1000 * (values + shown), "ms CPU", "target: < 100")
    yield Figure("the report of a newsletter", 1000 * (grown + drawn), "ms CPU", "target: < 100")
    yield Figure("domains, once per issue", 1e6 * counted / people, "µs/recipient", "CPU")


def _fill(connection: sa.Connection, people: int) -> int:
    """Add issues to so many people each, with every counter that there can be."""
    add_many(connection, people)
    last = 0
    for _ in range(ISSUES):
        last = add_issue(connection)
        numbers = sa.text(
            "INSERT INTO deliveries (issue_id, seq, subscriber_id, edition_id, state)"
            " SELECT :issue, id, id, 1, 'delivered' FROM subscribers"
        )
        connection.execute(numbers, {"issue": last})
        connection.execute(
            batches.insert(),
            [_batch(last, seq, people) for seq in range(1, -(-people // BATCH) + 1)],
        )
        submitted = {"state": "submitted", "frozen_at": NOW, "submitted_at": NOW}
        connection.execute(issues.update().where(issues.c.id == last).values(submitted))
        hour = int(NOW.timestamp()) // 3600
        kinds = sorted({*TALLIED, EventKind.UNSUBSCRIBED})
        tallies.add(
            connection,
            [
                EventTally(last, Axis.HOUR, str(hour + place), kind, 9)
                for place in range(HOURS)
                for kind in kinds
            ]
            + [
                EventTally(last, Axis.DOMAIN, f"domain{place}.example", kind, 9)
                for place in range(domains.LARGEST)
                for kind in kinds
            ],
        )
    for back in range(1, 366):
        growth_days.store(connection, (NOW - timedelta(days=back)).date(), _grown())
    return last


def _grown() -> dict[tuple[str, str, str], int]:
    """Return every number that a day of a newsletter can have, and topics as many as it shows."""
    found = {("weekly", change.value, ""): 9 for change in SubscriptionChange}
    found |= {("weekly", growth_days.AGE, age.value): 9 for age in AgeGroup}
    found |= {("weekly", growth_days.TOPIC, f"topic-{place}"): 9 for place in range(MOST_TOPICS)}
    return found


def _batch(issue_id: int, seq: int, people: int) -> dict[str, object]:
    first = (seq - 1) * BATCH + 1
    size = min(BATCH, people - first + 1)
    reported = {"delivered": size, "submitted": size, "planned": size}
    where = {"issue_id": issue_id, "seq": seq, "edition_id": 1, "provider": "sendgrid"}
    span = {"first_seq": first, "last_seq": first + size - 1}
    return {**where, **span, **reported, "state": "accepted", "settled_at": NOW}


def _timed(work: Callable[[], object]) -> float:
    """Return the median CPU time of a few calls; the first one warms up."""
    times = []
    for _ in range(12):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times[1:])
