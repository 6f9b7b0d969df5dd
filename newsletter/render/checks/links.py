"""Name the broken links of an issue. The caller passes in what requests them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import unescape

from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding, IssuePlace, PlaceKind

BrokenLinks = Callable[[Iterable[str]], Mapping[str, str]]
"""Requests addresses and returns the broken ones with the reason; it uses the network."""

EXAMPLE_PAGE = "/unsubscribe/test"
"""The page that links of test sends lead to; it needs no subscriber."""
_HREF = re.compile(r"""<a\b[^>]*\shref=["']?(https?://[^"'\s>]+)""", re.IGNORECASE)


def check(editions: Sequence[Edition], site: str, broken_links: BrokenLinks) -> Iterator[Finding]:
    """Yield a finding for every broken link, and if the public unsubscribe page does not answer.

    The links to `site`, the public pages, are left out: they carry tokens of subscribers.
    """
    found = (unescape(address) for edition in editions for address in _HREF.findall(edition.html))
    outside = dict.fromkeys(address for address in found if not address.startswith(f"{site}/"))
    page = f"{site}{EXAMPLE_PAGE}"
    # Without TLS it is a trial on one machine, which others cannot reach.
    asked = [*outside, page] if site.startswith("https://") else outside
    for address, reason in broken_links(asked).items():
        if address == page:
            message = f"The public unsubscribe page does not answer at {site}: {reason}. Make sure that the server runs and that publication.url is right."
            place = IssuePlace(PlaceKind.SETTINGS)
            yield Finding("unsubscribe page", CHECKS["unsubscribe page"], message, place=place)
            continue
        message = f"The link {address} is broken: {reason}. Correct it."
        place = _place(address, editions)
        yield Finding("broken links", CHECKS["broken links"], message, place=place)


def _place(address: str, editions: Sequence[Edition]) -> IssuePlace:
    """Return the first edition that has a link."""
    having = (edition.seq for edition in editions if address in unescape(edition.html))
    return IssuePlace(PlaceKind.EDITION, next(having, 0))
