"""Revision 0010: labels with signs in their names get slugs of their own."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import command

from newsletter import migrations

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
BEFORE = (
    ("c", "C++", "label"),
    ("c-sharp", "c-sharp", "label"),
    ("r-d", "R&D", "label"),
    ("f", "F#", "topic"),
    ("net", "NET", "label"),
    ("vip", "VIP", "label"),
)


def test_labels_are_renamed_with_what_an_undo_needs_and_topics_stay(
    empty_engine: sa.Engine,
) -> None:
    with empty_engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0009")
    tables = sa.MetaData()
    tables.reflect(empty_engine)
    with empty_engine.begin() as connection:
        tags = tables.tables["tags"]
        connection.execute(
            tags.insert(), [dict(zip(("slug", "name", "kind"), row, strict=True)) for row in BEFORE]
        )
        connection.execute(
            tables.tables["imports"].insert().values(
                id=1, file="a.csv", fingerprint="f", format="columns", options={}, counts={},
                state="applied", actor="person:kim", started_at=AT, applied_at=AT,
            )
        )  # fmt: skip
        change = {"labels": ["c", "vip"], "topics": []}
        connection.execute(
            tables.tables["import_changes"].insert().values(
                import_id=1, subscriber_id=1, at=AT, change=change
            )
        )  # fmt: skip
    migrations.upgrade(empty_engine)
    with empty_engine.connect() as connection:
        found = {
            name: slug for slug, name in connection.execute(sa.select(tags.c.slug, tags.c.name))
        }
        kept = connection.scalar(sa.select(tables.tables["import_changes"].c.change))
    assert found == {
        "C++": "c-plus-plus",
        "c-sharp": "c-sharp",
        "R&D": "r-and-d",
        "F#": "f",
        "NET": "net",
        "VIP": "vip",
    }
    assert kept == {"labels": ["c-plus-plus", "vip"], "topics": []}
