"""What Alembic runs: the revisions, on the connection and in the transaction it is given."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from newsletter.migrations import METADATA


def frozen(kind: str, value: Any, _context: object) -> str | Literal[False]:  # noqa: ANN401 - any part of a schema
    """Write our column types as what they are underneath, so that a revision never changes."""
    if kind == "type" and isinstance(value, sa.types.TypeDecorator):
        return f"sa.{value.impl!r}"
    if kind == "server_default" and isinstance(getattr(value, "arg", None), sa.False_ | sa.True_):
        return f"sa.{value.arg}()"  # else it would be this database's word for it
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    render_item=frozen,
)
context.run_migrations()
