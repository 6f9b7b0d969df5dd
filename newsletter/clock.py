"""The clock of the program. Only `app` and entry points may ask for the time; they pass it on."""

from datetime import UTC, datetime


def clock() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)
