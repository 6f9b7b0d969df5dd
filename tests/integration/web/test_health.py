"""Monitors ask without a session, and learn whether the process works and what waits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from starlette.testclient import TestClient

from newsletter.app import App
from newsletter.web.main import desk_access, desk_site
from tests.fakes.house import MONDAY, House, house


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


def monitor(app: App) -> TestClient:
    site = desk_site(app, desk_access(app))
    return TestClient(site, base_url=f"http://{app.settings.desk}", client=("127.0.0.1", 50000))


def test_a_process_that_lives_says_so_without_a_session(opened: House) -> None:
    answer = monitor(opened.app).get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_a_process_is_ready_until_it_stops_or_loses_its_database(opened: House) -> None:
    client = monitor(opened.app)
    assert client.get("/readyz").json() == {"ready": True, "problem": ""}
    with opened.app.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    older = client.get("/readyz")
    assert older.status_code == 503
    assert "not those of this version" in older.json()["problem"]
    gone = replace(opened.app, reader=sa.create_engine("postgresql+psycopg://127.0.0.1:1/none"))
    assert monitor(gone).get("/readyz").json()["problem"] == "the database does not answer"
    assert monitor(gone).get("/metrics").status_code == 503
    opened.app.stop.set()
    assert client.get("/readyz").json()["problem"] == "it is stopping"
    assert client.get("/healthz").status_code == 200


def test_the_metrics_are_those_of_the_publication_and_name_no_one(opened: House) -> None:
    opened.pass_at(opened.at)
    opened.pass_at(MONDAY.replace(day=29))
    answer = monitor(opened.app).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    figures = dict(
        line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")
    )
    ended = opened.at.timestamp()
    assert float(figures["newsletter_last_success_timestamp_seconds"]) == ended
    assert float(figures['newsletter_issues{state="review"}']) == 1
    assert float(figures["newsletter_issues_waiting"]) == 1
    assert float(figures['newsletter_sources{status="ok"}']) == 1
    slot = 'newsletter_next_slot_timestamp_seconds{newsletter="weekly"}'
    assert float(figures[slot]) == MONDAY.timestamp()
    assert "@" not in answer.text


def test_a_proxy_passes_no_figures_on_and_pages_need_a_session(opened: House) -> None:
    client = monitor(opened.app)
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/").status_code == 403


def test_lines_of_one_request_share_an_id(opened: House) -> None:
    client = monitor(opened.app)
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as log:
        client.get("/healthz")
        client.get("/healthz")
    first, second = (line["request_id"] for line in log if line["event"] == "answered")
    assert len(first) == 12
    assert first != second
    assert json.dumps(log)
