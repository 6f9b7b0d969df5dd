"""How long data is kept that is no longer needed."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

NOTICES_LEAST = timedelta(days=7)
"""The shortest time to keep notices: as long as the report of an issue is due. Its notice is what
shows that it was emailed."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of data is kept."""

    pending: timedelta = timedelta(days=14)
    addresses: timedelta = timedelta(days=30)
    events: timedelta = timedelta(days=90)
    notices: timedelta = timedelta(days=90)
    outbox: timedelta = timedelta(days=30)
    deliveries: timedelta = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Where a copy of the database is kept every day, and how many of them."""

    folder: Path
    keep: int = 14
