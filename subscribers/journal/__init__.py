"""The journal beside the database: unsubscribes, suppressions and erasures.

A database restored from a backup does not contain what happened after the backup. This file does:
it is replayed before anything is sent. It contains IDs and keyed hashes, no addresses.
"""

from subscribers.journal.file import Journal
from subscribers.journal.replaying import Replaying, record, replay, settled_size

__all__ = ["Journal", "Replaying", "record", "replay", "settled_size"]
