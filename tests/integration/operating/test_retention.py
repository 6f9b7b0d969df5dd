"""Each period of [retention] deletes what its name says, and nothing else."""

import os
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance.retention import tidy
from newsletter.model.retention import Retention
from newsletter.store.sending import partitions
from newsletter.store.tables import deliveries, events, exclusions, issues, notices
from subscribers.store.tables import requests, subscribers
from tests.fakes.people import add_person
from tests.integration.subscribers.test_export_of_one import ISSUE

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
AGES = (timedelta(days=20), timedelta(hours=1))
WEEK = timedelta(days=7)
FOREVER = Retention(*(timedelta(days=9_999) for _ in fields(Retention)))


def fill(connection: sa.Connection, outbox: Path) -> None:
    """Add one thing of each kind that is old, and one that is not."""
    for number, age in enumerate(AGES, 1):
        at = NOW - age
        sent = ISSUE | {"id": number, "number": number, "submitted_at": at}
        connection.execute(issues.insert().values(**sent))
        partitions.add(connection, number)
        got = {"issue_id": number, "subscriber_id": number}
        row = got | {"seq": 1, "edition_id": 1, "state": "delivered"}
        connection.execute(deliveries.insert().values(**row))
        connection.execute(exclusions.insert().values(reason="paused", **got))
        connection.execute(events.insert().values(id=f"e{number}", kind="delivered", at=at))
        queued = {"kind": "welcome", "key": f"{number}", "values": {}, "queued_at": at}
        connection.execute(notices.insert().values(state="submitted", settled_at=at, **queued))
        waiting = queued | {"key": f"waits{number}", "state": "queued"}
        connection.execute(notices.insert().values(**waiting))
        # As if another pass deleted a file between the listing and the look at it.
        (outbox / f"{number}-0.eml").symlink_to("deleted")
        path = outbox / f"{number}-1.eml"
        path.write_text("Subject: a\n\nb")
        os.utime(path, (at.timestamp(), at.timestamp()))
        person = add_person(connection, f"{number}@example.org", state="pending")
        mine = subscribers.update().where(subscribers.c.id == person)
        connection.execute(mine.values(created_at=at, origin="sign-up"))
        asked = {"subscriber_id": person, "newsletters": ["weekly"], "topics": [], "at": at}
        asked |= {"language": "en", "source": "sign-up page", "wording": "", "mailed": True}
        connection.execute(requests.insert().values(network="192.0.2.1", **asked))


def counts(connection: sa.Connection, outbox: Path) -> Mapping[str, int]:
    """Count what there is of each kind, by the name of its period."""

    def rows(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        counted = sa.select(sa.func.count()).select_from(table).where(*where)
        return int(connection.scalar(counted) or 0)

    return {
        "pending": rows(subscribers),
        "addresses": rows(requests, requests.c.network != ""),
        "events": rows(events),
        "notices": rows(notices),
        "outbox": len(list(outbox.glob("*.eml"))),
        "deliveries": rows(deliveries) + rows(exclusions),
    }


@pytest.mark.parametrize("name", asdict(Retention()))
def test_a_period_deletes_what_its_name_says_and_nothing_else(
    engine: sa.Engine, tmp_path: Path, name: str
) -> None:
    with engine.begin() as connection:
        fill(connection, tmp_path)
        before = counts(connection, tmp_path)
    periods = replace(FOREVER, **{name: WEEK})
    tidy(engine, periods, outbox=tmp_path, uploads=tmp_path / "uploads", pepper=b"p" * 32, now=NOW)
    with engine.connect() as connection:
        after = counts(connection, tmp_path)
    lost = {kind: before[kind] - after[kind] for kind in before if before[kind] != after[kind]}
    # The request of a pending subscriber is deleted with them; two rows name who got an issue.
    expected = {"pending": {"pending": 1, "addresses": 1}, "deliveries": {"deliveries": 2}}
    assert lost == expected.get(name, {name: 1})
