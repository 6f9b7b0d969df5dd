"""The word that identifies this database, and every copy of it, in the journals beside it."""

import sqlalchemy as sa

from newsletter.store.tables import epochs


def read(connection: sa.Connection) -> str:
    """Return the epoch; empty for a database that no migration has made."""
    return str(connection.scalar(sa.select(epochs.c.epoch)) or "")
