"""Delete every trace of a person or of an address; the audit keeps acts without details."""

import sqlalchemy as sa

from subscribers.model import Subscriber
from subscribers.store.audit import nobodys
from subscribers.store.people import remove
from subscribers.store.tables import audit, suppressions


def remove_person(connection: sa.Connection, person: Subscriber, hash_: str) -> None:
    """Delete a person with everything that hangs on them, and what is kept by their address."""
    remove_address(connection, person.address_key, hash_)
    remove(connection, [person.id])
    connection.execute(audit.update().where(audit.c.subscriber_id == person.id).values(detail={}))


def remove_address(connection: sa.Connection, key: str, hash_: str) -> None:
    """Delete a suppression, and what staff said about the address while it was nobody's."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")  # zeros, not free pages with names
    connection.execute(suppressions.delete().where(suppressions.c.address_key == key))
    connection.execute(audit.update().where(nobodys(hash_)).values(detail={}))
