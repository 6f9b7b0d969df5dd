"""Alembic's entry point: run the migrations on the given connection, in its transaction."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from newsletter.migrations import METADATA


def frozen(kind: str, value: Any, _context: object) -> str | Literal[False]:  # noqa: ANN401 - any part of a schema
    """Write custom column types as their base types, so that a migration never changes later."""
    if kind == "type" and isinstance(value, sa.types.TypeDecorator):
        return f"sa.{value.impl!r}"
    if kind == "server_default" and isinstance(getattr(value, "arg", None), sa.False_ | sa.True_):
        return f"sa.{value.arg}()"  # otherwise Alembic writes this database's own literal
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    render_item=frozen,
)
context.run_migrations()
