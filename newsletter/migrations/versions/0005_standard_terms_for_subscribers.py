"""Standard terms for subscribers: left becomes unsubscribed, and actors name their kind."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHUNK = 1_000

# The tables as they are at this revision; only what is converted.
AUDIT = sa.table("audit", sa.column("id"), sa.column("detail", sa.JSON))
CHANGES = sa.table(
    "import_changes",
    sa.column("import_id"),
    sa.column("subscriber_id"),
    sa.column("change", sa.JSON),
)


def upgrade() -> None:
    """Rename stored states, acts, reasons and actors; convert the JSON that contains them."""
    connection = op.get_bind()
    for table, column, before, after in (
        ("subscriptions", "state", "left", "unsubscribed"),
        ("erasures", "reason", "left", "unsubscribed"),
        ("exclusions", "reason", "left", "unsubscribed"),
        ("deliveries", "reason", "left", "unsubscribed"),
        ("audit", "act", "left", "unsubscribed"),
        ("audit", "act", "left again", "unsubscribed again"),
        ("audit", "actor", "person", "reader"),
    ):
        _rename(connection, table, column, before, after)
    for table, column in (("audit", "actor"), ("imports", "actor"), ("suppressions", "origin")):
        _rename_staff(connection, table, column)
    # A suppression that an import brought names who knew it first: `import:7: staff:root`.
    connection.execute(
        sa.text(
            "UPDATE suppressions SET origin = replace(origin, ': staff:', ': person:')"
            " WHERE origin LIKE 'import:%: staff:%'"
        )
    )
    _convert_details(connection)
    _convert_changes(connection)


def _rename(connection: sa.Connection, table: str, column: str, before: str, after: str) -> None:
    changed = sa.table(table, sa.column(column))
    connection.execute(changed.update().where(changed.c[column] == before).values({column: after}))


def _rename_staff(connection: sa.Connection, table: str, column: str) -> None:
    """Write `person:NAME` for `staff:NAME`, as actors are written everywhere else."""
    changed = sa.table(table, sa.column(column, sa.Text))
    name = sa.func.substr(changed.c[column], len("staff:") + 1)
    connection.execute(
        changed.update()
        .where(changed.c[column].startswith("staff:"))
        .values({column: sa.literal("person:") + name})
    )


def _convert_details(connection: sa.Connection) -> None:
    """Convert what an act says of before: a state, or a reason with the actor who gave it."""
    after = 0
    while True:
        rows = connection.execute(
            sa.select(AUDIT).where(AUDIT.c.id > after).order_by(AUDIT.c.id).limit(CHUNK)
        ).all()
        if not rows:
            return
        for row in rows:
            detail = _detail(row.detail)
            if detail != row.detail:
                chosen = AUDIT.update().where(AUDIT.c.id == row.id)
                connection.execute(chosen.values(detail=detail))
        after = rows[-1].id


def _detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    converted = dict(detail)
    if converted.get("was") == "left":
        converted["was"] = "unsubscribed"
    if isinstance(before := converted.get("before"), str):
        converted["before"] = before.replace(" by staff:", " by person:")
    return converted


def _convert_changes(connection: sa.Connection) -> None:
    """Convert what imports need for an undo, in the order of the primary key."""
    key = sa.tuple_(CHANGES.c.import_id, CHANGES.c.subscriber_id)
    after = (0, 0)
    while True:
        rows = connection.execute(
            sa.select(CHANGES)
            .where(key > sa.tuple_(*after))
            .order_by(CHANGES.c.import_id, CHANGES.c.subscriber_id)
            .limit(CHUNK)
        ).all()
        if not rows:
            return
        connection.execute(
            CHANGES.update()
            .where(
                CHANGES.c.import_id == sa.bindparam("of_import"),
                CHANGES.c.subscriber_id == sa.bindparam("of_subscriber"),
            )
            .values(change=sa.bindparam("converted", type_=sa.JSON())),
            [
                {
                    "of_import": row.import_id,
                    "of_subscriber": row.subscriber_id,
                    "converted": _change(row.change),
                }
                for row in rows
            ],
        )
        after = (rows[-1].import_id, rows[-1].subscriber_id)


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    converted = {name: value for name, value in change.items() if name != "left"}
    converted["subscribed"] = {
        newsletter: _state(state) for newsletter, state in change.get("subscribed", {}).items()
    }
    converted["unsubscribed"] = {
        newsletter: {**before, "state": _state(before.get("state", ""))}
        for newsletter, before in change.get("left", {}).items()
    }
    return converted


def _state(state: str) -> str:
    return "unsubscribed" if state == "left" else state
