"""The databases that tests get are real and empty."""

import sqlalchemy as sa


def test_an_engine_holds_the_whole_schema(engine: sa.Engine) -> None:
    assert {"articles", "issues", "deliveries"} <= set(sa.inspect(engine).get_table_names())


def test_a_database_belongs_to_one_test(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert not connection.scalar(sa.text("SELECT count(*) FROM rates"))
        connection.execute(sa.text("INSERT INTO rates (name, free_at) VALUES ('x', 1)"))
