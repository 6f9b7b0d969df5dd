"""A SQLite database moves into PostgreSQL whole: also after interruptions, and with an issue in flight."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter import migrations
from newsletter.errors import NotAllowed
from newsletter.migrations import METADATA, moving
from newsletter.store import holding
from newsletter.store.database import open_engine
from tests.fakes.house import MONDAY, article, house
from tests.fakes.issues import add_issue, add_people
from tests.fakes.postgres import Postgres
from tests.fakes.scene import Scene, Workers, warm_workers
from tests.fakes.sendgrid import SendGrid

WEEK = timedelta(days=7)
TABLES = [table for metadata in METADATA for table in metadata.sorted_tables]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


@pytest.fixture
def target(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url.render_as_string(hide_password=False)


def url_of(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def ignored(_table: str, _rows: int) -> None:
    """Do not report progress."""


def rows_of(url: str) -> dict[str, set[tuple[object, ...]]]:
    """Return every row, with JSON as values, so that another way of comparing is used."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: {tuple(map(repr, row)) for row in connection.execute(table.select())}
            for table in TABLES
        }
    engine.dispose()
    return {name: rows for name, rows in found.items() if name != "marks"}


def test_a_publication_goes_on_in_the_database_that_it_was_moved_to(
    tmp_path: Path, target: str
) -> None:
    with house(tmp_path) as before:
        before.pass_at(MONDAY - timedelta(days=1))
        before.approve(1)
        before.pass_at(MONDAY)
        url = before.app.settings.database_url
        # The number of a deleted article is not given out again either.
        with before.app.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE sqlite_sequence SET seq = 70 WHERE name = 'articles'"
            )
        moved = moving.move(url, target, ignored, chunk=3)
        with before.app.reader.connect() as connection:  # as a process that still has it open
            assert holding.is_held(connection)
    source = rows_of(url)
    assert rows_of(target) == source
    assert moved.rows > len(source["issues"]) > 0
    article(tmp_path, "third", "whales")
    engine = open_engine(url)
    with pytest.raises(NotAllowed, match="was moved"):
        migrations.upgrade(engine)
    engine.dispose()
    with pytest.raises(NotAllowed, match="was moved before"):
        moving.move(url, target, ignored)
    with house(tmp_path, database=target) as after:
        after.pass_at(MONDAY + WEEK - timedelta(days=1))
        after.approve(2)
        after.pass_at(MONDAY + WEEK)
        assert [issue.number for issue in after.issues()] == [1, 2]
        assert {name.partition("-")[0] for name in after.mails()} == {"1", "2"}
        with after.app.reader.connect() as connection:
            ids = connection.scalars(sa.text("SELECT id FROM articles ORDER BY id")).all()
    assert ids == [1, 2, 71]


class Interrupted(Exception):  # noqa: N818 - what happens to the move
    """The process that moves is killed."""


def interrupted(after: int) -> moving.OnChunk:
    """Return what ends a move after so many chunks."""
    left = [after]

    def on_chunk(_table: str, _rows: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise Interrupted

    return on_chunk


def test_an_interrupted_move_continues_and_notices_what_has_changed_since(
    sqlite_engine: sa.Engine, target: str
) -> None:
    with sqlite_engine.begin() as connection:
        add_people(connection, 30)
        add_issue(connection)
    source = url_of(sqlite_engine)
    for after in (1, 9, 2):
        with pytest.raises(Interrupted):
            moving.move(source, target, interrupted(after), chunk=4)
        opened = open_engine(target)
        with pytest.raises(NotAllowed, match="was interrupted"):
            migrations.upgrade(opened)
        opened.dispose()
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE subscribers SET name = 'Ann' WHERE id = 2")
    moving.move(source, target, ignored, chunk=4)
    assert rows_of(target) == rows_of(source)
    # Killed between the last two steps, the source is closed already and the target not yet open.
    opened = open_engine(target)
    with opened.begin() as connection:
        migrations.set_revision(connection, migrations.ARRIVED)
    assert moving.move(source, target, ignored).rows > 30
    assert migrations.revision(opened) == migrations.head()
    opened.dispose()


def test_a_database_in_use_is_not_overwritten(
    sqlite_engine: sa.Engine, pg_engine: sa.Engine
) -> None:
    with pg_engine.begin() as connection:
        add_people(connection, 1)
    with pytest.raises(NotAllowed, match="has rows in subscribers"):
        moving.move(url_of(sqlite_engine), url_of(pg_engine), ignored)
    with pytest.raises(NotAllowed, match="only a SQLite database"):
        moving.move(url_of(pg_engine), url_of(sqlite_engine), ignored)
    assert migrations.revision(sqlite_engine) == migrations.head()


@pytest.mark.parametrize("point", ["after_claim_commit", "after_send"])
def test_an_issue_in_flight_is_sent_on_from_the_new_database(
    sqlite_engine: sa.Engine, target: str, tmp_path: Path, workers: Workers, point: str
) -> None:
    scene = Scene(sqlite_engine, tmp_path, workers)
    scene.freeze(people=20, size=4)
    with SendGrid(scene.ledger.path) as provider:
        doomed = workers.start(scene.order(provider, owner="doomed", point=point, nth=3))
        assert workers.wait(doomed)["status"] == signal.SIGKILL
        before = len(scene.ledger.copies())
        assert 0 < before < 20
        moving.move(url_of(sqlite_engine), target, ignored)
        scene.engine = open_engine(target)
        scene.recover(provider)
        scene.judge_hold()
        assert len(scene.ledger.copies()) >= 16
        assert scene.state() in {"submitting", "submitted"}
        scene.engine.dispose()
