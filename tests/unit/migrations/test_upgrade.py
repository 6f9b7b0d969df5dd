"""A database of any age becomes one of today, once, however many nodes start."""

import json
import multiprocessing

import pytest
import sqlalchemy as sa

from newsletter import migrations
from newsletter.errors import NotAllowed
from newsletter.store.database import open_engine


def upgrade_at(url: str) -> None:
    engine = open_engine(url)
    migrations.upgrade(engine)
    engine.dispose()


def shape(engine: sa.Engine) -> dict[str, object]:
    """Everything that the database says of its tables, in a form that compares."""
    inspector = sa.inspect(engine)
    parts = {
        "columns": inspector.get_columns,
        "primary key": inspector.get_pk_constraint,
        "foreign keys": inspector.get_foreign_keys,
        "indexes": inspector.get_indexes,
        "unique": inspector.get_unique_constraints,
        "checks": inspector.get_check_constraints,
        "options": inspector.get_table_options,
    }
    return {
        f"{table}: {part}": _comparable(read(table))
        for table in inspector.get_table_names()
        for part, read in parts.items()
        if table != "alembic_version"
    } | {"indexes of expressions": _expressions(engine)}


def _expressions(engine: sa.Engine) -> list[str]:
    """Return what SQLAlchemy does not read from SQLite, as the statements that made it."""
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND name LIKE '%_start'"
        )
        return sorted(found.scalars())


def _comparable(found: object) -> object:
    """Parts of SQL (a condition, a type) compare by their text, lists in any order."""
    parts = found if isinstance(found, list) else [found]
    return sorted(json.dumps(part, default=str, sort_keys=True) for part in parts)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrations_make_exactly_the_tables_that_the_code_uses(
    engine: sa.Engine, empty_engine: sa.Engine
) -> None:
    for metadata in migrations.METADATA:
        metadata.create_all(empty_engine)
    assert shape(engine) == shape(empty_engine)


def test_an_upgrade_again_changes_nothing(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    assert migrations.revision(engine) == migrations.head()


def test_nodes_that_start_together_upgrade_once(empty_engine: sa.Engine) -> None:
    spawn = multiprocessing.get_context("spawn")
    url = empty_engine.url.render_as_string(hide_password=False)
    nodes = [spawn.Process(target=upgrade_at, args=(url,)) for _ in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join(60)
    assert [node.exitcode for node in nodes] == [0, 0, 0]
    assert "issues" in sa.inspect(empty_engine).get_table_names()


def test_a_revision_that_fails_leaves_the_database_as_it_was(
    empty_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: sa.Connection) -> None:
        raise RuntimeError

    monkeypatch.setattr(migrations, "_check_foreign_keys", fail)
    with pytest.raises(RuntimeError):
        migrations.upgrade(empty_engine)
    assert sa.inspect(empty_engine).get_table_names() == []


def test_an_older_program_leaves_a_newer_database_alone(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotAllowed, match="9999"):
        migrations.upgrade(engine)
