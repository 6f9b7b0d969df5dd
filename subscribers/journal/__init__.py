"""The journal beside the database: departures, suppressions, erasures.

A database that is restored from a backup has forgotten who left since. This file has not: it is
replayed before anything is sent. It holds ids and keyed hashes, no address.
"""

from subscribers.journal.file import Journal
from subscribers.journal.replaying import Replaying, replay

__all__ = ["Journal", "Replaying", "replay"]
