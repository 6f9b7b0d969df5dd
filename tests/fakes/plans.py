"""How a database would run the queries of a piece of code: which indexes it reads."""

from collections.abc import Callable

import sqlalchemy as sa


def plans(engine: sa.Engine, act: Callable[[sa.Connection], object]) -> list[str]:
    """Run `act` and return the plan of each query that it made, in lower case.

    Tables of tests are small, so PostgreSQL is told that to read a whole table is expensive.
    """
    asked: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, given: object, *_more: object
    ) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, given))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        with engine.begin() as connection:
            act(connection)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return [_plan(engine, statement, given) for statement, given in asked]


def _plan(engine: sa.Engine, statement: str, given: object) -> str:
    lite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        if not lite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if lite else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {statement}", given)  # type: ignore[arg-type] # as the driver got it
        return "\n".join(str(row[-1]) for row in rows).lower()
