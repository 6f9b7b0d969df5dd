"""The databases that tests get are real and empty."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa

from newsletter.store.database import open_engine
from tests.fakes.people import add_person
from tests.fakes.reused import Reused

MANY = (
    "INSERT INTO rates (name, free_at) SELECT repeat('x', 99) || n, 1 FROM generate_series(1, {}) n"
)


@contextmanager
def opened(url: sa.URL) -> Iterator[sa.Engine]:
    engine = open_engine(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def test_an_engine_holds_the_whole_schema(engine: sa.Engine) -> None:
    assert {"articles", "issues", "deliveries"} <= set(sa.inspect(engine).get_table_names())


def test_a_database_belongs_to_one_test(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert not connection.scalar(sa.text("SELECT count(*) FROM rates"))
        connection.execute(sa.text("INSERT INTO rates (name, free_at) VALUES ('x', 1)"))


def test_the_next_test_finds_the_rows_and_the_numbers_of_a_new_database(
    reused_database: Reused,
) -> None:
    epoch = sa.text("SELECT * FROM epochs")
    with reused_database.database() as url, opened(url) as engine, engine.begin() as connection:
        before = connection.execute(epoch).all()
        assert [add_person(connection, f"{name}@example.org") for name in "abc"] == [1, 2, 3]
        connection.execute(sa.text("DELETE FROM epochs"))
    with reused_database.database() as again, opened(again) as engine, engine.begin() as connection:
        assert again == url
        assert connection.execute(epoch).all() == before
        assert not connection.scalar(sa.text("SELECT count(*) FROM subscriptions"))
        assert add_person(connection, "d@example.org") == 1


def test_a_transaction_that_a_test_left_open_is_ended(reused_database: Reused) -> None:
    with ExitStack() as left:
        with reused_database.database() as url:
            connection = left.enter_context(left.enter_context(opened(url)).connect())
            connection.execute(sa.text("LOCK TABLE rates"))
        with reused_database.database() as again:
            assert again == url
        connection.invalidate()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE rates ADD COLUMN more int",
        "ALTER TABLE rates RENAME COLUMN free_at TO at",
        "CREATE TABLE more (id int)",
        "DROP TABLE rates",
        MANY.format(40_000),
    ],
)
def test_a_database_that_was_changed_or_has_grown_is_replaced(
    reused_database: Reused, change: str
) -> None:
    with reused_database.database() as url, opened(url) as engine, engine.begin() as connection:
        connection.execute(sa.text(change))
    with reused_database.database() as other, opened(other) as engine:
        assert other != url
        with engine.connect() as connection:
            assert not connection.execute(sa.text("SELECT name, free_at FROM rates")).all()
