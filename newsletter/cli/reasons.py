"""Reasons as people read them: the same sentences as on the desk and the preference page."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.render.catalog import Catalog


def explained(reason: str) -> str:
    """Return the English sentence of a stored reason, without its period.

    A mail server's own words are returned unchanged.
    """
    from newsletter.render.reasons import explain  # noqa: PLC0415 - loads Babel, and most output has no reason

    return explain(reason, _english()).removesuffix(".")


@cache
def _english() -> "Catalog":
    from newsletter.render.catalog import open_catalogs  # noqa: PLC0415 - as above

    return open_catalogs(None).of("en")
