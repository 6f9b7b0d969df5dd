"""Name the broken links of an issue. The caller passes in what requests them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape

from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding

BrokenLinks = Callable[[Iterable[str]], Mapping[str, str]]
"""Requests addresses and returns the broken ones with the reason; it uses the network."""

_HREF = re.compile(r"""<a\b[^>]*\shref=["']?(https?://[^"'\s>]+)""", re.IGNORECASE)


def check(editions: Iterable[Edition], site: str, broken_links: BrokenLinks) -> Iterator[Finding]:
    """Yield a finding for every broken link. Links to `site`, the public pages, are left out."""
    found = (unescape(address) for edition in editions for address in _HREF.findall(edition.html))
    outside = dict.fromkeys(address for address in found if not address.startswith(f"{site}/"))
    for address, reason in broken_links(outside).items():
        message = f"The link {address} is broken: {reason}. Correct it."
        yield Finding("broken links", CHECKS["broken links"], message)
