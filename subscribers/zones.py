"""The time zones of subscribers, by their names in the time zone database; pure."""

from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import available_timezones

_NOT_PLACES = frozenset({"Factory", "localtime"})


@lru_cache(maxsize=1)
def known() -> Mapping[str, str]:
    """Return the names of all zones by their folded form."""
    return {_folded(name): name for name in sorted(available_timezones() - _NOT_PLACES)}


def parse(text: str) -> str | None:
    """Return the name of a zone as the database spells it; None if there is no such zone.

    Case does not matter, nor whether a space or an underscore is between two words.
    """
    return known().get(_folded(text))


def _folded(text: str) -> str:
    return "_".join(text.split()).casefold()
