"""Read the date that the markup around the title states: `<time datetime>`, microdata, hAtom."""

import re
from collections.abc import Iterator

from lxml.etree import XPath

from newsletter.collect.extracting.markup import Element
from newsletter.collect.extracting.surroundings import is_away
from newsletter.collect.text.dates import When, changed_date, read_date

_DATED = XPath(
    ".//time[@datetime] | .//*[@itemprop = 'datePublished']"
    " | .//abbr[contains(@class, 'published') and @title]"
)
_CHANGED = re.compile(r"updat|modif|chang|edit", re.IGNORECASE)
_LINES = frozenset({"p", "li"})
_OUTSIDE = frozenset({"article", "aside", "footer", "nav"})
MOST_DATED, MOST_ANCESTORS, HEADROOM = 20, 60, 4
"""How many dates are looked at, and how far above the title they may have a common element."""
LONGEST_LINE = 120
"""Characters. A paragraph or list item up to this length is a line of the title block."""


def marked_date(title: Element) -> When | None:
    """Return the first date of publication that is marked up near a title.

    A date inside a paragraph is about something else, and a date in another article, in comments
    or in a footer is another text's.
    """
    place = title
    for _ in range(HEADROOM):
        above = place.getparent()
        if above is None or above.tag in {"body", "html"}:
            return None
        place = above
        if found := next(_dates(place), None):
            return found
        if place.tag in {"article", "main"}:
            return None
    return None


def _dates(place: Element) -> Iterator[When]:
    for element in _DATED(place)[:MOST_DATED]:
        if _is_elsewhere(element, place):
            continue
        values = (element.get(name) for name in ("datetime", "content", "title"))
        stated = next(filter(None, values), "")
        if when := read_date(stated):
            yield when


def _is_elsewhere(element: Element, place: Element) -> bool:
    names = f"{element.get('class') or ''} {element.get('itemprop') or ''}"[:300]
    if _CHANGED.search(names) or changed_date("".join(element.itertext())[:80]):
        return True
    for number, above in enumerate(element.iterancestors()):
        if above is place or number > MOST_ANCESTORS:
            return False
        tag = str(above.tag)
        prose = tag in _LINES and len("".join(above.itertext())) > LONGEST_LINE
        if prose or tag in _OUTSIDE or is_away(above, tag):
            return True
    return False
