"""Delete every trace of a subscriber or of an address; the audit keeps acts without details."""

import sqlalchemy as sa

from subscribers.model import Subscriber
from subscribers.store.audit import has_hash
from subscribers.store.dialects import overwrite_deleted
from subscribers.store.people import remove
from subscribers.store.tables import audit, suppressions
from subscribers.store.tags import remove_unused, tags_of


def remove_person(connection: sa.Connection, person: Subscriber, hash_: str) -> None:
    """Delete a subscriber with everything stored about them and their address."""
    remove_address(connection, person.address_key, hash_)
    tag_ids = tags_of(connection, person.id)
    remove(connection, [person.id])
    # A tag that only this subscriber had may describe them.
    remove_unused(connection, tag_ids)
    connection.execute(audit.update().where(audit.c.subscriber_id == person.id).values(detail={}))


def remove_address(connection: sa.Connection, key: str, hash_: str) -> None:
    """Delete a suppression, and what staff wrote about the address before it had an owner."""
    overwrite_deleted(connection)
    connection.execute(suppressions.delete().where(suppressions.c.address_key == key))
    connection.execute(audit.update().where(has_hash(hash_)).values(detail={}))
