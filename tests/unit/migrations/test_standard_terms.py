"""Revision 0005: rows written in the earlier terms mean the same after the upgrade."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from newsletter import migrations
from subscribers import directory
from subscribers.journal import Journal, replay
from subscribers.roster.undoing import undo
from subscribers.store import erasures

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
PEPPER = b"pepper"


@pytest.fixture
def old(empty_engine: sa.Engine) -> sa.Engine:
    """A database at the revision before, with a row of everything that is renamed."""
    with empty_engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0004")
    tables = sa.MetaData()
    tables.reflect(empty_engine)
    rows = {
        "subscribers": [
            {"id": number, "address": f"{name}@example.org", "address_key": f"{name}@example.org"}
            | {"created_at": AT}
            for number, name in ((1, "ann"), (2, "bob"))
        ],
        "subscriptions": [
            {"newsletter": "weekly", "subscriber_id": 1, "state": "left", "since": AT}
            | {"reason": "import:1"},
            {"newsletter": "weekly", "subscriber_id": 2, "state": "confirmed", "since": AT},
        ],
        "suppressions": [
            {"address_key": "bob@example.org", "reason": "manual", "origin": "staff:kim", "at": AT},
            {"address_key": "x@example.org", "reason": "manual", "at": AT}
            | {"origin": "import:1: staff:kim"},
        ],
        "erasures": [
            {"hash": erasures.hashed("old@example.org", PEPPER), "reason": "left", "at": AT}
        ],
        "audit": [
            {"at": AT, "actor": "person", "act": "left", "subscriber_id": 1}
            | {"newsletter": "weekly", "detail": {"by": "page", "reason": "", "was": "left"}},
            {"at": AT, "actor": "journal", "act": "left again", "subscriber_id": 1, "detail": {}},
            {"at": AT, "actor": "staff:kim", "act": "suppressed", "subscriber_id": 2}
            | {"detail": {"reason": "manual", "before": "bounce by staff:lee"}},
            {"at": AT, "actor": "staff:kim", "act": "tagged", "subscriber_id": 2}
            | {"detail": {"added": ["left by staff:kim"], "removed": []}},
        ],
        "imports": [
            {"id": 1, "file": "list.csv", "fingerprint": "f", "format": "columns", "options": {}}
            | {"state": "applied", "counts": {"changed": 1}, "actor": "staff:kim"}
            | {"started_at": AT, "applied_at": AT},
        ],
        "import_changes": [
            {"import_id": 1, "subscriber_id": 1, "at": AT}
            | {"change": {"name": "", "language": "", "topics": [], "labels": []}
               | {"subscribed": {"daily": "left"}, "suppressed": ""}
               | {"left": {"weekly": {"state": "confirmed", "since": AT.isoformat(), "reason": ""}}}},
        ],
        "exclusions": [{"issue_id": 1, "subscriber_id": 1, "reason": "left"}],
        "deliveries": [
            {"issue_id": 1, "seq": 1, "subscriber_id": 2, "edition_id": 1}
            | {"state": "withdrawn", "reason": "left"},
        ],
    }  # fmt: skip
    with empty_engine.begin() as connection:
        for table, values in rows.items():
            for row in values:
                connection.execute(tables.tables[table].insert().values(row))
    return empty_engine


def values(engine: sa.Engine, query: str) -> list[object]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(query)))


def test_stored_terms_are_renamed(old: sa.Engine) -> None:
    migrations.upgrade(old)
    states = values(old, "SELECT state FROM subscriptions ORDER BY subscriber_id")
    assert states == ["unsubscribed", "confirmed"]
    assert values(old, "SELECT reason FROM erasures") == ["unsubscribed"]
    assert values(old, "SELECT reason FROM exclusions") == ["unsubscribed"]
    assert values(old, "SELECT reason FROM deliveries") == ["unsubscribed"]
    assert values(old, "SELECT origin FROM suppressions ORDER BY address_key") == [
        "person:kim",
        "import:1: person:kim",
    ]
    assert values(old, "SELECT actor FROM imports") == ["person:kim"]


def test_the_history_of_a_subscriber_reads_as_before(old: sa.Engine) -> None:
    migrations.upgrade(old)
    with old.connect() as connection:
        ann, bob = (
            [
                (line.actor, line.words)
                for line in directory.history(connection, directory.require(connection, address))
            ]
            for address in ("ann@example.org", "bob@example.org")
        )
    assert ("reader", "unsubscribed weekly: by page; was unsubscribed") in ann
    assert ("journal", "unsubscribed again") in ann
    assert ("person:kim", "suppressed: reason manual; before bounce by person:lee") in bob
    assert ("person:kim", "tagged: added left by staff:kim") in bob


def test_an_import_from_before_can_still_be_undone(old: sa.Engine) -> None:
    migrations.upgrade(old)
    undone = undo(old, 1, actor="person:kim", now=AT)
    assert (undone.restored, undone.unsuppressed) == (1, 1)
    assert values(old, "SELECT state FROM subscriptions WHERE subscriber_id = 1") == ["confirmed"]


def test_a_journal_from_before_is_still_replayed(old: sa.Engine, tmp_path: Path) -> None:
    migrations.upgrade(old)
    journal = Journal(tmp_path / "departures.jsonl")
    hash_ = erasures.hashed("bob@example.org", PEPPER)
    journal.path.write_text(
        '{"act": "left", "at": "2026-11-21T08:00:00+00:00", "subscriber": 2,'
        f' "hash": "{hash_}", "newsletter": "weekly", "reason": "page"}}\n'
    )
    with old.begin() as connection:
        assert replay(connection, journal, pepper=PEPPER, now=AT) == 1
    states = values(old, "SELECT state FROM subscriptions ORDER BY subscriber_id")
    assert states == ["unsubscribed", "unsubscribed"]
