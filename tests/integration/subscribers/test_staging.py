"""A reviewed list is applied in chunks: as reviewed, once, by any process, wherever one dies."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscribers.model import ImportChunk, Tag, TagKind
from subscribers.roster import run, staging, undoing
from subscribers.roster.chunk import Grounds
from subscribers.roster.latest import latest, waiting
from subscribers.roster.reading import open_listing
from subscribers.roster.row import ImportRow, RefusedRow, Terms
from subscribers.roster.run import ImportJob
from subscribers.store.tables import (
    audit,
    consents,
    import_chunks,
    imports,
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
)
from tests.fakes.concurrently import concurrently
from tests.fakes.crashes import crash_at_every_write
from tests.fakes.people import NOW, PEPPER, add_person

STAFF = "person:kim"
TERMS = Terms(
    "list.csv",
    NOW,
    topics={"ships": Tag("ships", "Ships", TagKind.TOPIC)},
    newsletters={"weekly": "weekly", "daily": "daily"},
    into=("weekly",),
)
GROUNDS = Grounds(TERMS.topics, PEPPER)
LIST = """email;name;tags;status;consent;newsletters;time zone
ann@example.org;Ann;ships;subscribed;2024-05-01;weekly, daily;Asia/Seoul
bob@example.org;Bob;vip;unsubscribed;;;
not an address;;;;;;
cyd@example.org;;;bounced;;;
dan+news@example.org;Dan;ships, vip;subscribed;2024-05-01;;
dan@example.org;Dan;;unsubscribed;;;
ann@example.org;Ann again;;;;;
known@example.org;Known;vip;unsubscribed;;;
"""
WRITTEN = (subscribers, subscriptions, subscriber_tags, suppressions)
numbers = count()
LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=30_000)).map(lambda since: LONG_AGO + since)
st.register_type_strategy(datetime, moments)


def job(folder: Path, text: str = LIST, chunk: int = 2) -> ImportJob:
    """Return the order to import a list."""
    path = folder / f"{next(numbers)}.csv"
    path.write_text(text)
    return ImportJob(open_listing(path), TERMS, PEPPER, chunk=chunk)


def reviewed(engine: sa.Engine, wanted: ImportJob) -> int:
    """Review a list and return the number of its import."""
    return staging.review(engine, engine, wanted, actor=STAFF, now=NOW).id


def approve(engine: sa.Engine, import_id: int) -> bool:
    """Approve an import."""
    with engine.begin() as connection:
        return staging.approve(
            connection, import_id, actor=STAFF, now=NOW, record_end=lambda *_given: None
        )


def due(engine: sa.Engine) -> list[ImportChunk]:
    """Return what waits for a worker."""
    with engine.connect() as connection:
        return waiting(connection)


def apply(engine: sa.Engine, chunk: ImportChunk) -> str:
    """Apply a chunk; return the state of its import, "" if another process was faster."""
    with engine.begin() as connection:
        done = staging.apply_chunk(
            connection, chunk, GROUNDS, now=NOW, record_end=lambda *_given: None
        )
    return done.state if done else ""


def written(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that an import writes about people."""
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in WRITTEN
        }
        proofs = sa.select(*consents.c[1:])
        return found | {"consents": sorted(map(tuple, connection.execute(proofs)), key=repr)}


def ended(engine: sa.Engine) -> int:
    """Return how many imports the audit says were applied."""
    query = sa.select(sa.func.count()).where(audit.c.act == "import applied")
    with engine.connect() as connection:
        return connection.scalar(query) or 0


@pytest.fixture
def known(engine: sa.Engine) -> sa.Engine:
    """A database with one subscriber of the list."""
    with engine.begin() as connection:
        add_person(connection, "known@example.org")
    return engine


answers = st.dictionaries(st.text(), st.text(), max_size=2)
ROWS = st.lists(st.builds(ImportRow, answers=answers) | st.from_type(RefusedRow), max_size=3)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS)
def test_rows_come_back_from_the_database_as_they_were(rows: list[ImportRow | RefusedRow]) -> None:
    assert staging.unpacked(staging.packed(rows)) == rows


def test_chunks_write_what_the_command_writes(known: sa.Engine, tmp_path: Path) -> None:
    wanted = job(tmp_path)
    with known.connect() as connection:
        before = written(known)
        number = reviewed(known, wanted)
        assert written(known) == before
        assert due(known) == []
        assert latest(connection) == []
    assert approve(known, number)
    chunks = due(known)
    assert [str(chunk) for chunk in chunks] == [f"{number}/{row}" for row in (3, 5, 7, 9)]
    states = [apply(known, chunk) for chunk in reversed(chunks)]
    assert states == ["applying"] * 3 + ["applied"]
    in_chunks = written(known)
    with known.begin() as connection:
        (stored,) = latest(connection)
        assert not connection.execute(sa.select(import_chunks)).all()
    undoing.undo(known, number, actor=STAFF, now=NOW)
    assert {**written(known), "consents": []} == {**before, "consents": []}
    whole = run.apply(known, replace(wanted, chunk=5_000), actor=STAFF, clock=lambda: NOW)
    assert stored.counts == whole.counts

    assert told(in_chunks, number) == told(written(known), whole.id)


def told(found: dict[str, list[tuple[object, ...]]], import_id: int) -> list[tuple[object, ...]]:
    """Return what is written by address, without the numbers, which are never used again."""
    keys = {row[0]: row[2] for row in found["subscribers"]}
    rows = [
        *(row[1:] for row in found["subscribers"]),
        *((keys[row[1]], row[0], *row[2:]) for row in found["subscriptions"]),
        *found["suppressions"],
        *found["consents"],
    ]
    return sorted(
        tuple(str(value).replace(f"import:{import_id}", "import") for value in row) for row in rows
    )


def test_a_process_that_dies_at_any_write_leaves_the_rest_to_another(
    known: sa.Engine, tmp_path: Path
) -> None:
    number = reviewed(known, job(tmp_path))

    def act() -> None:
        approve(known, number)
        for chunk in due(known):
            apply(known, chunk)

    def check() -> None:
        with known.connect() as connection:
            states = list(connection.scalars(sa.select(imports.c.state)))
            left = connection.scalar(sa.select(sa.func.count()).select_from(import_chunks))
            found = list(connection.scalars(sa.select(subscribers.c.address_key)))
        assert (states == ["applied"]) == (left == 0) == (ended(known) == 1)
        assert len(set(found)) == len(found)

    assert crash_at_every_write(known, act, check) > 5
    check()
    with known.connect() as connection:
        (done,) = latest(connection)
    assert (done.state, done.counts) == (
        "applied",
        {"new": 4, "refused": 3, "changed": 1},
    )


def test_two_workers_that_get_the_same_chunks_apply_each_once(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    text = "email\n" + "".join(f"r{number}@example.org\n" for number in range(60))
    number = reviewed(pg_engine, job(tmp_path, text, chunk=3))
    approve(pg_engine, number)
    chunks = due(pg_engine)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda chunk: apply(pg_engine, chunk), [*chunks, *chunks[::-1]]))
    assert sorted(done) == [""] * 20 + ["applied"] + ["applying"] * 19
    assert ended(pg_engine) == 1
    with pg_engine.connect() as connection:
        (stored,) = latest(connection)
        assert connection.scalar(sa.select(sa.func.count()).select_from(subscribers)) == 60
    assert (stored.applied_to, stored.counts) == (61, {"new": 60})


def test_an_undo_stops_an_import_and_takes_back_what_it_did(
    known: sa.Engine, tmp_path: Path
) -> None:
    before = written(known)
    number = reviewed(known, job(tmp_path))
    approve(known, number)
    first, *others = due(known)
    apply(known, first)
    assert written(known) != before
    undoing.undo(known, number, actor=STAFF, now=NOW)
    assert due(known) == []
    assert [apply(known, chunk) for chunk in others] == ["", "", ""]
    assert written(known) == before


def test_what_is_not_approved_is_not_applied_and_is_forgotten(
    engine: sa.Engine, tmp_path: Path
) -> None:
    number = reviewed(engine, job(tmp_path))
    assert apply(engine, ImportChunk(number, 3)) == ""
    staging.forget_older(engine, NOW)
    assert approve(engine, number)
    staging.forget_older(engine, NOW + timedelta(days=2))
    assert len(due(engine)) == 4, "an approved import is not forgotten"
    other = reviewed(engine, job(tmp_path))
    staging.forget_older(engine, NOW + timedelta(days=2))
    assert not approve(engine, other)
    assert not approve(engine, 10**6)
    with engine.connect() as connection:
        assert {row.import_id for row in connection.execute(sa.select(import_chunks))} == {number}


def forget(engine: sa.Engine, import_id: int) -> None:
    """Forget an import."""
    with engine.begin() as connection:
        staging.forget(connection, import_id)


def test_an_import_that_is_approved_while_it_is_forgotten_keeps_its_rows(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    number = reviewed(pg_engine, job(tmp_path))
    with pg_engine.connect() as connection:
        staging.approve(connection, number, actor=STAFF, now=NOW, record_end=lambda *_given: None)
        with concurrently(pg_engine, lambda: forget(pg_engine, number)) as other:
            connection.commit()
    assert other.error is None
    assert len(due(pg_engine)) == 4


def test_an_import_that_is_forgotten_first_cannot_be_approved(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    number = reviewed(pg_engine, job(tmp_path))
    with pg_engine.connect() as connection:
        staging.forget(connection, number)
        with concurrently(pg_engine, lambda: approve(pg_engine, number)) as other:
            connection.commit()
    assert (other.error, other.result) == (None, False)
    with pg_engine.connect() as connection:
        assert not connection.execute(sa.select(imports.c.id)).all()


def test_a_list_without_rows_ends_when_it_is_approved(engine: sa.Engine, tmp_path: Path) -> None:
    assert approve(engine, reviewed(engine, job(tmp_path, "email;name\n")))
    assert ended(engine) == 1


def test_the_command_does_not_continue_what_workers_apply(
    engine: sa.Engine, tmp_path: Path
) -> None:
    wanted = job(tmp_path)
    number = reviewed(engine, wanted)
    approve(engine, number)
    assert run.apply(engine, wanted, actor=STAFF, clock=lambda: NOW).id != number
    assert [apply(engine, chunk) for chunk in due(engine)][-1] == "applied"
