"""Each period of [retention] deletes what its name says, and nothing else."""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance import counters
from newsletter.maintenance import retention as maintaining
from newsletter.maintenance.retention import Folders, Tidied, tidy
from newsletter.model.retention import Retention
from newsletter.model.states import IssueState
from newsletter.store import bulk
from newsletter.store.engagement_tables import engagements
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


def no_wait(_seconds: float) -> None: ...


def tidied(
    engine: sa.Engine,
    folder: Path,
    periods: Retention,
    wait: Callable[[float], None] = no_wait,
) -> Tidied:
    """Tidy up as one pass does."""
    folders = Folders(folder, folder / "uploads")
    return tidy(engine, periods, folders, pepper=b"p" * 32, now=NOW, wait=wait)


@pytest.mark.parametrize("name", asdict(Retention()))
def test_a_period_deletes_what_its_name_says_and_nothing_else(
    engine: sa.Engine, tmp_path: Path, name: str
) -> None:
    with engine.begin() as connection:
        fill(connection, tmp_path)
        before = counts(connection, tmp_path)
    periods = replace(FOREVER, **{name: WEEK})
    assert tidied(engine, tmp_path, periods).finished
    with engine.connect() as connection:
        after = counts(connection, tmp_path)
    lost = {kind: before[kind] - after[kind] for kind in before if before[kind] != after[kind]}
    # The request of a pending subscriber is deleted with them; two rows name who got an issue.
    expected = {"pending": {"pending": 1, "addresses": 1}, "deliveries": {"deliveries": 2}}
    assert lost == expected.get(name, {name: 1})


def add_rows(connection: sa.Connection, number: int) -> None:
    """Add so many more old rows of each kind that there may be millions of; issue 1 is theirs."""
    old, people = NOW - AGES[0], range(100, 100 + number)
    got = [{"issue_id": 1, "subscriber_id": person} for person in people]
    rows = [row | {"seq": row["subscriber_id"], "edition_id": 1} for row in got]
    connection.execute(deliveries.insert(), [row | {"state": "pending"} for row in rows])
    connection.execute(exclusions.insert(), [row | {"reason": "paused"} for row in got])
    opened = {"kind": "opened", "source": "page", "at": old, "edition_id": 1, "rule": "human"}
    connection.execute(
        engagements.insert(), [row | opened | {"id": f"{row['seq']}"} for row in rows]
    )
    happened = [{"id": f"e{person}", "kind": "delivered", "at": old} for person in people]
    connection.execute(events.insert(), happened)
    queued = {"kind": "welcome", "values": {}, "queued_at": old, "settled_at": old}
    queued |= {"state": "submitted"}
    connection.execute(notices.insert(), [queued | {"key": f"{person}"} for person in people])


TABLES = (engagements, deliveries, exclusions, events, notices)


def left(engine: sa.Engine) -> list[int]:
    """Count the rows of each of TABLES, from the outside."""
    with engine.connect() as connection:
        count = sa.func.count()
        return [connection.scalar(count.select().select_from(table)) or 0 for table in TABLES]


@pytest.fixture
def crowded(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """Return a database of which seven old rows of each kind take four transactions to delete."""
    monkeypatch.setattr(bulk, "PORTION", 2)
    with engine.begin() as connection:
        fill(connection, tmp_path)
        add_rows(connection, 7)
    return engine


def test_no_transaction_deletes_more_than_a_portion(crowded: sa.Engine, tmp_path: Path) -> None:
    counted = [left(crowded)]

    def others_write(_seconds: float) -> None:
        counted.append(left(crowded))
        with crowded.begin() as connection:
            connection.execute(issues.update().values(note=f"{len(counted)}"))

    periods = Retention(*(WEEK for _ in fields(Retention)))
    assert tidied(crowded, tmp_path, periods, others_write).finished
    assert left(crowded) == [0, 1, 1, 1, 3]  # two notices wait
    rows_of_issue = slice(1, 3) if crowded.dialect.name == "postgresql" else slice(0)
    for before, after in pairwise(counted):
        lost = [was - now for was, now in zip(before, after, strict=True)]
        if any(lost[rows_of_issue]):
            assert lost[1:3] == [8, 8]  # its partitions
        else:
            assert max(lost) <= 2
    assert len(counted) > 3 * 4


def test_what_a_pass_does_not_finish_continues_in_the_next_one(
    crowded: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    periods = Retention(*(WEEK for _ in fields(Retention)))
    monkeypatch.setattr(maintaining, "MOST_PORTIONS", 3)
    first = tidied(crowded, tmp_path, periods)
    assert not first.finished
    assert first.deleted["events"] == first.deleted["notices"] == 2 * 3
    passes = 1
    while not tidied(crowded, tmp_path, periods).finished:
        passes += 1
        assert passes < 10
    assert left(crowded) == [0, 1, 1, 1, 3]
    assert not any(tidied(crowded, tmp_path, periods).deleted.values())


class Killed(Exception):  # noqa: N818 - not an error of the program
    """The process ends between two transactions."""


def test_counters_of_an_issue_that_is_half_deleted_are_not_repaired(
    crowded: sa.Engine, tmp_path: Path
) -> None:
    def kill(_seconds: float) -> None:
        raise Killed

    with crowded.begin() as connection:
        frozen = issues.update().values(frozen_at=issues.c.submitted_at)
        connection.execute(frozen.where(issues.c.id == 1))
        connection.execute(deliveries.update().values(state="delivered"))
    assert len(counters.problems(crowded)) > 1  # nothing was counted in this test
    periods = replace(FOREVER, deliveries=WEEK)
    with pytest.raises(Killed):
        tidied(crowded, tmp_path, periods, kill)
    assert left(crowded)[0] == 5
    assert counters.problems(crowded) == [
        "issue 2: 0 deliveries are counted as delivered, but there are 1"
    ]


@pytest.mark.parametrize(
    ("state", "rest"),
    [
        (IssueState.SUBMITTED, 1),
        (IssueState.CANCELLED, 1),  # it may have been sent in part
        (IssueState.SUBMITTING, 2),  # again: it gets a new subscriber
    ],
)
def test_recipients_of_an_issue_are_deleted_if_it_has_ended(
    engine: sa.Engine, tmp_path: Path, state: IssueState, rest: int
) -> None:
    with engine.begin() as connection:
        fill(connection, tmp_path)
        frozen = {"frozen_at": issues.c.submitted_at, "state": state.value}
        connection.execute(issues.update().values(**frozen))
        cancelled = issues.c.state == IssueState.CANCELLED.value
        connection.execute(issues.update().where(cancelled).values(submitted_at=None))
    tidied(engine, tmp_path, replace(FOREVER, deliveries=WEEK))
    assert left(engine)[1:3] == [rest, rest]
