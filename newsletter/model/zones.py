"""Time zones by the names that are stored."""

from collections.abc import Iterable
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """Return a zone by its name; None for no name, or one that this computer does not know."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zones_of(names: Iterable[str]) -> tuple[ZoneInfo, ...]:
    """Return the zones with these names, without unknown ones."""
    return tuple(zone for zone in map(zone_of, names) if zone is not None)
