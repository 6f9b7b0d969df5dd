"""Name the broken links of an issue. The caller passes in what requests them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import unescape

from newsletter.errors import FetchFailed
from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding, IssuePlace, PlaceKind
from subscribers.phrase import Phrase

BrokenLinks = Callable[[Iterable[str]], Mapping[str, FetchFailed]]
"""Requests addresses and returns the broken ones with what went wrong; it uses the network."""

_HREF = re.compile(r"""<a\b[^>]*\shref=["']?(https?://[^"'\s>]+)""", re.IGNORECASE)


def check(editions: Sequence[Edition], site: str, broken_links: BrokenLinks) -> Iterator[Finding]:
    """Yield a finding for every broken link.

    The links to `site`, the public pages, are left out: they carry tokens of subscribers.
    """
    found = (unescape(address) for edition in editions for address in _HREF.findall(edition.html))
    outside = dict.fromkeys(address for address in found if not address.startswith(f"{site}/"))
    for address, problem in broken_links(outside).items():
        message = Phrase(
            "The link {address} is broken: {reason}. Correct it.", address=address, reason=problem
        )
        place = _place(address, editions)
        yield Finding("broken links", CHECKS["broken links"], message, place=place)


def _place(address: str, editions: Sequence[Edition]) -> IssuePlace:
    """Return the first edition that has a link."""
    having = (edition.seq for edition in editions if address in unescape(edition.html))
    return IssuePlace(PlaceKind.EDITION, next(having, 0))
