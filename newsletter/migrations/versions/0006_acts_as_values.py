"""Acts become values: kinds, actors, and edits with what changed; reasons have one spelling."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHUNK = 1_000

# The tables as they are at this revision; only what is converted.
ACTS = sa.table(
    "acts",
    sa.column("id"),
    sa.column("actor"),
    sa.column("kind"),
    sa.column("before", sa.JSON),
    sa.column("after", sa.JSON),
    sa.column("detail", sa.JSON),
)
ISSUES = sa.table(
    "issues",
    sa.column("id"),
    sa.column("created_by"),
    sa.column("approved_by"),
    sa.column("excluded", sa.JSON),
)
KINDS = {
    "issue draft": "issue drafted",
    "pause": "issue paused",
    "resume": "issue resumed",
    "cancel": "issue cancelled",
    "move": "issue moved",
}
ACTORS = {
    "": "",
    "newsletter": "machine:newsletter",
    "policy: approval is automatic": "policy:automatic approval",
    "policy: late issues are sent": "policy:late issues are sent",
}
REASONS = {"left": "unsubscribed", "nothing in it that they follow": "nothing followed"}
EDITS = {
    "SetText": ("set text", "text"),
    "SetBlocks": ("set blocks", "blocks"),
    "Place": ("place", "where"),
    "Pin": ("pin", "pinned"),
    "Reorder": ("reorder", "articles"),
    "Correct": ("correct", "text"),
    "Revert": ("revert", ""),
    "AcceptSuggested": ("accept suggested", ""),
}
"""By operation: the kind of its edit, and the argument that holds the new value."""
NAMES = {
    "SetBlocks": "blocks",
    "Place": "place",
    "Pin": "pinned",
    "Reorder": "order",
    "AcceptSuggested": "takeaways",
}
"""By operation: what it changes, if it has no argument for that."""


def upgrade() -> None:
    """Convert the recorded acts, actors and reasons; an edit that cannot be read stays as it is."""
    with op.batch_alter_table("acts") as batch_op:
        batch_op.alter_column("act", new_column_name="kind")
        batch_op.add_column(sa.Column("before", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("after", sa.JSON(), nullable=False, server_default="{}"))
    connection = op.get_bind()
    _convert(connection, ACTS, _act)
    _convert(connection, ISSUES, _issue)
    for table in ("exclusions", "deliveries"):
        changed = sa.table(table, sa.column("reason"))
        for before, after in REASONS.items():
            connection.execute(
                changed.update().where(changed.c.reason == before).values(reason=after)
            )


def _convert(
    connection: sa.Connection,
    table: sa.TableClause,
    convert: Callable[[Mapping[Any, Any]], dict[str, Any]],
) -> None:
    after = 0
    while True:
        rows = connection.execute(
            sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(CHUNK)
        ).mappings()
        found = rows.all()
        if not found:
            return
        for row in found:
            connection.execute(table.update().where(table.c.id == row["id"]).values(convert(row)))
        after = found[-1]["id"]


def _issue(row: Mapping[Any, Any]) -> dict[str, Any]:
    excluded = {
        REASONS.get(reason, reason): people for reason, people in (row["excluded"] or {}).items()
    }
    return {
        "created_by": _actor(row["created_by"]),
        "approved_by": _actor(row["approved_by"]),
        "excluded": excluded,
    }


def _actor(name: str) -> str:
    return ACTORS.get(name, f"person:{name}")


def _act(row: Mapping[Any, Any]) -> dict[str, Any]:
    detail, before, after = dict(row["detail"]), {}, {}
    kind, _, decision = row["kind"].partition(": ")
    if kind == "resolve":
        kind, detail["decision"] = "batch resolved", decision
    if "was" in detail:
        before["reason"] = detail.pop("was")
    if kind == "move" and "provider" in detail:
        after["provider"] = detail.pop("provider")
    if "operations" in detail:
        detail["edits"] = [_edit(written) for written in detail.pop("operations")]
    return {
        "actor": _actor(row["actor"]),
        "kind": KINDS.get(kind, kind),
        "before": before,
        "after": after,
        "detail": detail,
    }


def _edit(written: str) -> dict[str, Any]:
    """Read an operation that was recorded as Python's repr; long ones were cut off."""
    try:
        operation, values = _call(ast.parse(written, mode="eval").body)
        kind, argument = EDITS[operation]
    except (SyntaxError, ValueError, KeyError):
        return {
            "kind": "unparsed",
            "name": "",
            "article_id": None,
            "before": None,
            "after": written,
        }
    return {
        "kind": kind,
        "name": values.get("name") or NAMES.get(operation, ""),
        "article_id": values.get("article_id"),
        "before": None,
        "after": values.get(argument),
    }


def _call(node: ast.AST) -> tuple[str, dict[str, Any]]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
        msg = "not a recorded value"
        raise ValueError(msg)
    return node.func.id, {str(part.arg): _value(part.value) for part in node.keywords}


def _value(node: ast.AST) -> object:
    """Return a literal, a tuple as a list, and a nested value as a mapping."""
    if isinstance(node, ast.Call):
        return _call(node)[1]
    if isinstance(node, ast.Tuple | ast.List):
        return [_value(part) for part in node.elts]
    return ast.literal_eval(node)
