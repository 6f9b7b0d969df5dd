"""Find the articles that a listing page links to."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml import html

from newsletter.collect.deciding.identity import digest, names_article
from newsletter.collect.deciding.walls import is_login
from newsletter.collect.entry import Entry, Listing
from newsletter.collect.extracting.tree import parse
from newsletter.collect.text import urls
from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.dates import When, read_date
from newsletter.collect.text.encoding import decode
from newsletter.errors import ExtractFailed

MOST_LINKS, CARD_DEPTH, SHORTEST_TITLE = 3000, 4, 12
MOST_TEXTS, LARGEST_CARD = 100, 12
_AWAY = re.compile(
    r"/(?:tags?|categor(?:y|ies)|topics?|authors?|about|contact|search|login|signin|sign-in|register|account"
    r"|subscribe|privacy|terms|cookies?|imprint|impressum|datenschutz|feed|rss|cart|events?|people|staff|experts?|jobs"
    r"|careers|donate|newsletters?|help|faq|page)(?:/|$|\.\w+$)|\.(?:pdf|jpe?g|png|gif|zip|mp[34]|xml|json|css|js)$",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"/\d{4}/\d{1,2}/|/\d{4}-\d{2}|(?<!\d)\d{4,}(?:\.\w+)?$|(?<![a-z0-9])[a-z0-9]+(?:-[a-z0-9]+){3,}|(?:idxno|articleid|newsid|aid|oid|no|id)=\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageLink:
    """An address on the page, the longest text that links to it, and a date next to it."""

    url: str
    text: str
    when: When | None
    in_heading: bool
    zone: str


def read_page(
    raw: bytes, *, url: str, declared: str = "", links: str = "", ignore: str = ""
) -> Listing:
    """List the articles of a page, in the order of the page.

    `links` and `ignore` are patterns for the whole address. Without `links` the pattern is
    guessed, and `note` says so. Raises ExtractFailed if the page cannot be read or has no links.
    """
    text, _ = decode(raw, declared)
    root = parse(text)
    found = _merged(_links(root, url))
    if not found:
        reason = "a login page" if is_login(text) else "the page has no links"
        raise ExtractFailed(reason)
    unwanted = re.compile(ignore) if ignore else None
    wanted, note = _chooser(found, links, url)
    entries: list[Entry] = []
    skipped: list[tuple[str, str]] = []
    for link in found:
        if unwanted and unwanted.search(link.url):
            skipped.append((link.url, "matches the source's `ignore`"))
        elif reason := wanted(link):
            skipped.append((link.url, reason))
        else:
            entries.append(_entry(link))
    return Listing(tuple(entries), tuple(skipped), tidy(root.findtext(".//title") or ""), note=note)


def _entry(link: PageLink) -> Entry:
    key = urls.identity(link.url)
    return Entry(
        digest(f"url {key}"),
        digest(f"{key}|{link.text}"),
        urls.clean(link.url),
        title=link.text,
        when=link.when,
    )


def _links(root: html.HtmlElement, url: str) -> Iterator[PageLink]:
    base = root.find(".//base")
    home = url
    with suppress(ValueError):
        home = urljoin(url, base.get("href") or "") if base is not None else url
    cards = _Cards()
    for number, element in enumerate(root.iter("a")):
        if number >= MOST_LINKS:
            return
        try:
            address = urljoin(home, (element.get("href") or "").strip())
        except ValueError:
            continue
        if not names_article(address) or urls.identity(address) == urls.identity(url):
            continue
        text = tidy(" ".join(islice(element.itertext(), MOST_TEXTS))) or tidy(
            element.get("title") or ""
        )
        zone, heading = _place(element)
        yield PageLink(address.partition("#")[0], text, cards.date_beside(element), heading, zone)


def _place(element: html.HtmlElement) -> tuple[str, bool]:
    inner = islice(element.iter(), MOST_TEXTS)
    heading = any(child.tag in {"h1", "h2", "h3", "h4"} for child in inner)
    zone = ""
    for above in element.iterancestors():
        if above.tag in {"h1", "h2", "h3", "h4"}:
            heading = True
        elif above.tag in {"nav", "footer", "header", "aside"} and not zone:
            zone = str(above.tag)
    return zone, heading


class _Cards:
    """Dates beside links. A container is looked at once, however many links it holds."""

    def __init__(self) -> None:
        self._dates: dict[html.HtmlElement, list[When]] = {}

    def date_beside(self, element: html.HtmlElement) -> When | None:
        """Return the date in the same card as the link, if the card has exactly one date."""
        card: html.HtmlElement | None = element
        for _ in range(CARD_DEPTH):
            card = card.getparent() if card is not None else None
            if card is None or card.tag in {"body", "main", "html"}:
                return None
            if card not in self._dates:
                self._dates[card] = _dates_in(card)
            if dates := self._dates[card]:
                return dates[0] if len(dates) == 1 else None
        return None


def _dates_in(card: html.HtmlElement) -> list[When]:
    times = [
        found.get("datetime") or "".join(islice(found.itertext(), MOST_TEXTS))
        for found in islice(card.iter("time"), MOST_TEXTS)
    ]
    if not times and len(card) < LARGEST_CARD:
        times = ["".join(islice(child.itertext(), MOST_TEXTS))[:80] for child in card]
    return [when for text in times if (when := read_date(text))]


def _merged(found: Iterator[PageLink]) -> list[PageLink]:
    """Keep one link for each address, with its longest text and best place."""
    best: dict[str, PageLink] = {}
    for link in found:
        key = urls.identity(link.url)
        known = best.get(key)
        if known is None:
            best[key] = link
            continue
        better = link if len(link.text) > len(known.text) else known
        zone = "" if not (link.zone and known.zone) else known.zone
        best[key] = PageLink(
            known.url,
            better.text,
            known.when or link.when,
            known.in_heading or link.in_heading,
            zone,
        )
    return list(best.values())


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The rules for links: returns why a link is skipped, or an empty string."""

    pattern: re.Pattern[str] | None
    site: str = ""
    shape: str = ""

    def __call__(self, link: PageLink) -> str:
        if self.pattern is not None:
            return "" if self.pattern.search(link.url) else "does not match the source's `links`"
        short = len(link.text) < SHORTEST_TITLE and not _ARTICLE.search(link.url)
        outside = bool(self.shape) and not _shape(link.url).startswith(self.shape)
        reasons = (
            (urls.host(link.url) != self.site, "on another site"),
            (link.zone in {"nav", "footer", "header"}, f"in the page's {link.zone}"),
            (bool(_AWAY.search(urlsplit(link.url).path)), "not an article by its address"),
            (outside, f"not under {self.shape}, where most articles are"),
            (short, "its text is too short for a title"),
        )
        return next((reason for holds, reason in reasons if holds), "")


def _chooser(found: list[PageLink], links: str, url: str) -> tuple[_Wanted, str]:
    if links:
        return _Wanted(re.compile(links)), ""
    site = urls.host(url)
    likely = [
        link
        for link in found
        if urls.host(link.url) == site
        and link.zone not in {"nav", "footer", "header"}
        and not _AWAY.search(urlsplit(link.url).path)
        and (link.in_heading or _ARTICLE.search(link.url) or link.when)
    ]
    shapes = Counter(_shape(link.url) for link in likely)
    shape, count = shapes.most_common(1)[0] if shapes else ("", 0)
    if count < 3 or count < len(likely) * 0.6:  # noqa: PLR2004 - no clear pattern
        shape = ""
    pattern = (
        re.escape(shape).replace("/", "/") if shape else "(every link that looks like an article)"
    )
    return _Wanted(None, site, shape), f"no `links` configured; guessed: {pattern}"


def _shape(url: str) -> str:
    """Return the first folder of an address, which articles usually share."""
    parts = urlsplit(url)
    first = parts.path.strip("/").split("/")
    return f"/{first[0]}/" if len(first) > 1 and not first[0].isdigit() else "/"
