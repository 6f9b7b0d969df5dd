"""The desk at a million subscribers, 500 issues, 50,000 articles and as many passes, on SQLite."""

import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from starlette.testclient import TestClient

from bench.figure import Figure
from bench.people import fill
from newsletter.model.actor import Role
from newsletter.model.states import BatchState, IssueState
from newsletter.store.tables import batches, issues
from subscribers.store import tables as people_tables
from tests.fakes.desk import staffed_desk
from tests.fakes.house import MONDAY, House, house
from tests.fakes.issues import NOW, add_issue

PEOPLE, ISSUES, ARTICLES = 1_000_000, 500, 50_000
QUICK = 100
"""The divisor of the numbers with `--quick`."""
VISITS = 5
PAGES = {
    "Today": "/",
    "Calendar": "/calendar",
    "Issues": "/issues",
    "Content": "/issues/1",
    "Edit": "/issues/1/edit",
    "Preview": "/issues/1/preview",
    "Audience": "/issues/1/audience",
    "Approve": "/issues/1/approve",
    "History": "/issues/1/history",
    "Approve, after sending": "/issues/3/approve",
    "Articles": "/articles",
    "Articles, a search": "/articles?text=ships",
    "one article": "/articles/1",
    "Sources": "/sources",
    "Subscribers, by name": "/people?text=reader+77",
    "Subscribers, by tag": "/people?text=reader&segment=t45",
    "one subscriber": "/people/777",
    "Audit": "/audit",
    "Passes": "/passes",
}


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, a hundredth of everything."""
    scale = QUICK if quick else 1
    with tempfile.TemporaryDirectory() as place, house(Path(place)) as opened:
        opened.pass_at(MONDAY - timedelta(days=1))
        _fill(opened, PEOPLE // scale, ISSUES // scale, ARTICLES // scale)
        browser = staffed_desk(opened.app).browser(Role.ADMIN)
        for name, path in PAGES.items():
            yield Figure(name, 1000 * median(_visits(browser, path)), "ms", "target: 100")


def _fill(opened: House, people: int, number: int, articles: int) -> None:
    with opened.app.engine.begin() as connection:
        for table in reversed(people_tables.metadata.sorted_tables):
            connection.execute(table.delete())
        # The numbers of the tags begin at 1 again.
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'tags'")
    fill(opened.app.engine, people)
    with opened.app.engine.begin() as connection:
        for _ in range(number):
            _add_sent(connection, people // number)
        copies = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number)"
            " INSERT INTO articles (source, state, url, title, title_key, lang, published, content,"
            " content_hash, revision, first_seen_at) SELECT source, state, url || i,"
            " title || ' ' || i, title_key || i, lang, published, content, content_hash || i,"
            " revision, first_seen_at FROM n, articles WHERE id = 1"
        )
        connection.execute(sa.text(copies), {"number": articles})
        reports = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number)"
            " INSERT INTO passes (part, began_at, ended_at, level, lines, figures)"
            " SELECT part, began_at, ended_at, level, lines, figures FROM n, passes WHERE id = 1"
        )
        connection.execute(sa.text(reports), {"number": articles})
        connection.exec_driver_sql("ANALYZE")


def _add_sent(connection: sa.Connection, people: int) -> None:
    """Add an issue that was submitted to so many people."""
    issue_id = add_issue(connection)
    changed = {"state": IssueState.SUBMITTED.value, "frozen_at": NOW}
    connection.execute(issues.update().where(issues.c.id == issue_id).values(**changed))
    batch = {"issue_id": issue_id, "seq": 1, "first_seq": 1, "last_seq": people, "edition_id": 1}
    accepted = {"provider": "outbox", "state": BatchState.ACCEPTED.value}
    connection.execute(batches.insert().values(**batch, **accepted))
    rows = (
        "INSERT INTO deliveries (issue_id, seq, subscriber_id, edition_id, state)"
        " SELECT :issue, id, id, 1, 'pending' FROM subscribers WHERE id <= :people"
    )
    connection.execute(sa.text(rows), {"issue": issue_id, "people": people})


def _visits(browser: TestClient, path: str) -> Iterator[float]:
    """Yield the seconds of each visit after the first one, which compiles the templates."""
    for visit in range(VISITS + 1):
        began = time.perf_counter()
        browser.get(path).raise_for_status()
        if visit:
            yield time.perf_counter() - began
