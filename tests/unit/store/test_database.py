"""Transactions begin and wait as the rest of the program relies on."""

import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import ConfigurationError
from newsletter.store.database import open_direct, open_engine, open_reader
from newsletter.store.tables import rates
from subscribers.store.tables import subscribers

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def url_of(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def reader(engine: sa.Engine) -> Iterator[sa.Engine]:
    opened = open_reader(url_of(engine))
    yield opened
    opened.dispose()


def test_a_failed_transaction_leaves_nothing(engine: sa.Engine) -> None:
    row = {"name": "x", "free_at": 1}
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        for _ in range(2):
            connection.execute(rates.insert().values(row))
    with engine.connect() as connection:
        assert not connection.execute(rates.select()).all()


def test_a_savepoint_undoes_its_own_part_only(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(rates.insert().values(name="kept", free_at=1))
        inner = connection.begin_nested()
        connection.execute(rates.insert().values(name="undone", free_at=1))
        inner.rollback()
    with engine.connect() as connection:
        assert connection.scalars(sa.select(rates.c.name)).all() == ["kept"]


def test_writers_that_read_first_wait_for_each_other(sqlite_engine: sa.Engine) -> None:
    """Under a plain BEGIN all but one would fail with "database is locked"."""
    with sqlite_engine.begin() as connection:
        connection.execute(rates.insert().values(name="x", free_at=0))

    def add_one() -> None:
        for _ in range(20):
            with sqlite_engine.begin() as connection:
                seen = connection.scalar(sa.select(rates.c.free_at))
                connection.execute(rates.update().values(free_at=seen + 1))

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_engine.connect() as connection:
        assert connection.scalar(sa.select(rates.c.free_at)) == 80


def test_a_reader_sees_one_moment_and_holds_up_no_writer(
    engine: sa.Engine, reader: sa.Engine
) -> None:
    count = sa.select(sa.func.count()).select_from(rates)
    with reader.begin() as reading:
        assert reading.scalar(count) == 0
        with engine.begin() as writing:
            writing.execute(rates.insert().values(name="x", free_at=1))
        assert reading.scalar(count) == 0
    with reader.begin() as reading:
        assert reading.scalar(count) == 1


def test_a_reader_cannot_write(reader: sa.Engine) -> None:
    with pytest.raises(sa.exc.DBAPIError), reader.begin() as connection:
        connection.execute(rates.insert().values(name="x", free_at=1))


def test_a_commit_on_sqlite_is_on_the_disk(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_what_is_deleted_on_sqlite_is_overwritten_whatever_the_build(
    sqlite_engine: sa.Engine,
) -> None:
    with sqlite_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


@pytest.mark.parametrize("opening", [open_engine, open_reader, open_direct])
def test_the_error_of_a_statement_shows_no_address(
    engine: sa.Engine, opening: Callable[[str], sa.Engine]
) -> None:
    """Errors are logged. PostgreSQL quotes the row that is in the way, SQLAlchemy the parameters."""
    values = {"address": "ada@example.org", "address_key": "ada@example.org", "created_at": NOON}
    with engine.begin() as connection:
        connection.execute(subscribers.insert().values(values))
    opened = opening(url_of(engine))
    with pytest.raises(sa.exc.DBAPIError) as caught, opened.begin() as connection:
        connection.execute(subscribers.insert().values(values))
    opened.dispose()
    assert "INSERT INTO subscribers" in str(caught.value)
    assert "ada@" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("newsletter.sqlite3", "sqlite:///PATH"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://root@127.0.0.1/newsletter", "mysql is not supported"),
    ],
)
def test_a_database_that_cannot_work_is_refused_by_name(url: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        open_engine(url)


def test_opening_does_not_touch_the_disk(tmp_path: Path) -> None:
    open_engine(f"sqlite:///{tmp_path}/newsletter.sqlite3").dispose()
    assert not list(tmp_path.iterdir())
