"""The latest imports; every pass looks at them, without the code that reads lists."""

import sqlalchemy as sa

from subscribers.store import imports
from subscribers.store.imports import Import


def latest(connection: sa.Connection) -> list[Import]:
    """Return the latest imports, newest first."""
    return imports.recent(connection)
