"""PostgreSQL reads what a batch needs by indexes, however long the list is."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.send import claimable, run
from newsletter.store.sending import claims, partitions
from subscribers.store.dialects import keys_planned_once
from tests.fakes.issues import add_issue, add_many
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import Office

LARGE = {"subscribers", "subscriptions", "deliveries"}
OTHERS = (7, 8)
"""Issues that are kept beside the one that is sent."""
PEOPLE = 30_000


@pytest.fixture
def office(pg_engine: sa.Engine) -> Iterator[Office]:
    opened = Office(pg_engine)
    opened.memory = MemorySender(max_batch=20)
    opened.senders = {"memory": opened.memory}
    with pg_engine.begin() as connection:
        add_many(connection, PEOPLE)
        opened.issue_id = add_issue(connection)
    assert opened.freeze() is not None
    with pg_engine.begin() as connection:
        for issue_id in OTHERS:
            partitions.add(connection, issue_id)
        for table in (*sorted(LARGE), "batches"):
            connection.exec_driver_sql(f"ANALYZE {table}")
    yield opened
    opened.reader.dispose()


def relations(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each table or partition that a plan reads, and how."""
    if "Relation Name" in plan:
        yield plan["Relation Name"], plan["Node Type"]
    for part in plan.get("Plans", ()):
        yield from relations(part)


def whole_tables(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a plan reads from end to end, also if it is the partition of an issue."""
    for name, how in relations(plan):
        if how == "Seq Scan":
            yield name.partition("_of_issue_")[0]


@contextmanager
def noted(*engines: sa.Engine) -> Iterator[dict[str, Any]]:
    """Note the statements that engines execute, each with its first parameters."""
    statements: dict[str, Any] = {}

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")):
            statements.setdefault(statement, parameters)

    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)


def plan_of(
    connection: sa.Connection, statement: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how PostgreSQL would execute a statement."""
    query = f"EXPLAIN (FORMAT JSON) {statement}"
    (found,) = connection.exec_driver_sql(query, parameters).scalar_one()
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)["Plan"]
    return plan


def test_no_statement_of_a_batch_reads_a_whole_table(office: Office) -> None:
    stop = iter([False, False, True])
    office.stopped = lambda: next(stop, True)
    with noted(office.engine, office.reader) as statements:
        tally = run.submit(office.engine, office.publication, office.courier())
        with office.engine.begin() as connection:
            assert claimable.count(connection, office.publication, ["memory"], office.now, 32) == 32
            claims.expire(connection, office.now)
    assert tally.submitted >= 20
    assert any("FOR UPDATE" in statement for statement in statements)
    with office.engine.connect() as connection:
        for statement, parameters in statements.items():
            plan = plan_of(connection, statement, parameters)
            # When the next batch is due is asked at the end of a lane, of all batches that wait.
            watched = LARGE | ({"batches"} if "FOR UPDATE" in statement else set())
            read = watched & set(whole_tables(plan))
            assert not read, f"{statement}\n{json.dumps(plan, indent=1)}"
            others = {f"deliveries_of_issue_{issue_id}" for issue_id in OTHERS}
            assert others.isdisjoint(name for name, _how in relations(plan)), statement


def test_the_next_batch_is_found_without_sorting_those_that_wait(pg_engine: sa.Engine) -> None:
    """Also right after a freeze, when the statistics know no batch."""
    office = Office(pg_engine)
    office.senders = {"memory": MemorySender(max_batch=5)}
    with pg_engine.begin() as connection:
        add_many(connection, 10_000)
        office.issue_id = add_issue(connection)
    assert office.freeze() is not None
    wanted, now = claims.Wanted(["memory"]), office.now
    with noted(pg_engine) as statements, pg_engine.begin() as connection:
        claim = claims.claim(connection, wanted, owner="w", now=now, lease_until=now)
    office.reader.dispose()
    assert claim is not None
    found = [statement for statement in statements if "FOR UPDATE" in statement]
    assert len(found) == 1
    for statistics in ("SELECT", "ANALYZE batches"):
        with pg_engine.begin() as connection:
            connection.exec_driver_sql(statistics)
            plan = json.dumps(plan_of(connection, found[0], statements[found[0]]))
        assert "ix_batches_claimable" in plan, plan
        assert '"Sort"' not in plan, plan


def test_foreign_keys_are_checked_by_plans_that_are_kept(pg_engine: sa.Engine) -> None:
    """They are checked for every row; each connection plans other statements for their values."""
    with pg_engine.begin() as connection:
        show = "SHOW plan_cache_mode"
        assert connection.exec_driver_sql(show).scalar_one() == "force_custom_plan"
        with keys_planned_once(connection):
            assert connection.exec_driver_sql(show).scalar_one() == "auto"
        assert connection.exec_driver_sql(show).scalar_one() == "force_custom_plan"
