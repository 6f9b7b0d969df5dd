"""The pages of past issues over 20 issues and 1,000,000 deliveries."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from starlette.testclient import TestClient

from bench.figure import Figure
from newsletter.model.states import BatchState, IssueState
from newsletter.store.tables import batches, issues
from newsletter.web.main import public_site
from tests.fakes.house import House, house
from tests.fakes.issues import NOW, add_issue
from tests.fakes.readers import HOST

ISSUES = 20
EDITION = 40_000
"""Characters in an edition."""
VISITS = 20


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer deliveries."""
    with tempfile.TemporaryDirectory() as place, house(Path(place)) as opened:
        _fill(opened, 20_000 if quick else 1_000_000)
        client = TestClient(public_site(opened.app), base_url=HOST)
        for name, path in (
            ("list of past issues", "/archive/weekly"),
            ("past issue", f"/archive/weekly/{ISSUES}"),
            ("feed", "/archive/weekly/feed.xml"),
        ):
            yield Figure(name, 1000 * median(_visits(client, path)), "ms", "target: 100")


def _fill(opened: House, people: int) -> None:
    with opened.app.engine.begin() as connection:
        for number in range(1, ISSUES + 1):
            issue_id = add_issue(connection, number=number, size=EDITION)
            changed = {"state": IssueState.SUBMITTED.value, "frozen_at": NOW}
            row = issues.update().where(issues.c.id == issue_id)
            connection.execute(row.values(nominal="2026-11-23T08:00", **changed))
            batch = {"issue_id": issue_id, "seq": 1, "first_seq": 1, "last_seq": people}
            accepted = {"provider": "outbox", "state": BatchState.ACCEPTED.value, "edition_id": 1}
            connection.execute(batches.insert().values(**batch, **accepted))
        connection.execute(
            sa.text(
                "INSERT INTO deliveries (issue_id, seq, subscriber_id, edition_id, state)"
                " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)"
                " SELECT i % :issues + 1, i, i, 1, 'pending' FROM n"
            ),
            {"people": people, "issues": ISSUES},
        )


def _visits(client: TestClient, path: str) -> Iterator[float]:
    """Yield the seconds of each visit after the first one, which compiles the templates."""
    client.get(path).raise_for_status()
    for _ in range(VISITS):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        yield time.perf_counter() - began
