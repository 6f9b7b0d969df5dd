"""Check the bytes of one edition: leftovers, missing parts, and what clients will not show."""

import re
from collections.abc import Callable, Iterator
from html import unescape

from lxml import etree, html

from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding, IssuePlace, PlaceKind
from newsletter.model.personalization import placeholder
from newsletter.render.checks import opening
from newsletter.render.limits import CLIPPED, STYLES
from subscribers.phrase import Phrase, without

LARGE = 80_000
# The share of the words of the HTML part that the text part must contain.
COVER = 0.99
LONG_SUBJECT = 90
# Words of four letters; “NATO” alone is not shouting.
_SHOUTED = 2
_LEFTOVER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|%%\{.*?\}%%|\*\|[A-Z_]+\|\*", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{4,}|[\u3040-\u30ff\u4e00-\u9fff]{3}")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?=[:/])")
_EXAMPLES = 3


def check(edition: Edition, postal_address: str, quoted: str = "") -> Iterator[Finding]:
    """Yield the problems of an edition.

    `quoted` is the text of articles and staff; braces in it are not leftovers of a template.
    """
    page = html.fromstring(edition.html.encode(), parser=html.HTMLParser(encoding="utf-8"))
    where, place = (
        Phrase("edition {seq}", seq=edition.seq),
        IssuePlace(PlaceKind.EDITION, edition.seq),
    )
    for page_check in _CHECKS:
        for name, message, *found in page_check(edition, page):
            # Each rendering has another nonce, and a waiver must survive it.
            mark = f"-nl{edition.nonce}-"
            seen = tuple(text.replace(mark, "-") for text in found)
            yield Finding(name, CHECKS[name], without(message, mark, "-"), where, place, seen)
    for message in _leftovers(edition, quoted):
        yield Finding("leftovers", CHECKS["leftovers"], message, where, place)
    if not postal_address.strip():
        message = Phrase(
            "The publication has no postal address; set postal_address, the law requires it."
        )
        yield Finding("postal address", "block", message, place=IssuePlace(PlaceKind.SETTINGS))
    elif not all(_printed(postal_address, part) for part in (_text(page), edition.text)):
        message = Phrase("The postal address is not printed; put it back into the footer template.")
        yield Finding("postal address", "block", message, where, place)


_Problems = Iterator[tuple[str, ...]]
"""The name of the check, the message, and everything that it found, if the message has examples."""


def _sizes(edition: Edition, _page: html.HtmlElement) -> _Problems:
    size = len(edition.html.encode())
    if size >= CLIPPED:
        yield (
            "clipped",
            (
                Phrase(
                    "The HTML part has {size:,} bytes. Gmail clips emails at {limit:,}, and with them the unsubscribe link; print fewer items in full.",
                    size=size,
                    limit=CLIPPED,
                )
            ),
        )
    elif size > LARGE:
        yield (
            "size",
            Phrase(
                "The HTML part has {size:,} bytes; above {limit:,} some clients clip it.",
                size=size,
                limit=LARGE,
            ),
        )
    styles = sum(len(css.encode()) for css in _STYLE.findall(edition.html))
    if styles >= STYLES:
        yield (
            "styles",
            Phrase(
                "The style elements have {styles:,} bytes; Gmail ignores {limit:,} or more.",
                styles=styles,
                limit=STYLES,
            ),
        )


def _leftovers(edition: Edition, quoted: str) -> Iterator[str]:
    page = unescape(edition.html)
    parts = (
        (Phrase("subject"), edition.subject),
        (Phrase("HTML part"), page),
        (Phrase("text part"), edition.text),
    )
    for part, text in parts:
        for found in _LEFTOVER.finditer(text):
            if found[0] not in quoted:
                yield Phrase(
                    "The {part} still contains {found!r}; correct the template.",
                    part=part,
                    found=found[0][:40],
                )
                break
    known = re.compile(rf"-nl{edition.nonce}-(?:token|delivery|name)(?:\.t)?-")
    if any(f"-nl{edition.nonce}" in known.sub("", part) for part in (edition.html, edition.text)):
        yield Phrase("A placeholder is damaged; correct the template.")


def _links(edition: Edition, page: html.HtmlElement) -> _Problems:
    addresses = [str(link.get("href") or "") for link in page.iter("a")]
    anchors = {f"#{element.get('id')}" for element in page.iter() if element.get("id")}
    dead = [
        href
        for href in addresses
        if href not in anchors and not re.match(r"(?:https?://|mailto:)[^\s]", href)
    ]
    if dead:
        message = Phrase(
            "{n} links have no target, for example {example!r}; correct them.",
            n=len(dead),
            example=dead[0],
        )
        yield "links", message, *dead
    plain = [href for href in addresses if href.startswith("http://") and not _LOOPBACK.match(href)]
    if plain:
        yield (
            "insecure links",
            Phrase(
                "{n} links are not https, for example {example}.",
                n=len(plain),
                example=plain[0],
            ),
            *plain,
        )
    unnamed = [link for link in page.iter("a") if not _text(link).strip() and not _alts(link)]
    if unnamed:
        yield (
            "links",
            Phrase("{n} links have no text; give them one.", n=len(unnamed)),
        )
    missing = [
        href for href in addresses if href.startswith("http") and not _in_text(href, edition)
    ]
    if missing:
        message = Phrase(
            "The text part lacks {n} links, for example {example}.",
            n=len(missing),
            example=missing[0],
        )
        yield "text part", message, *missing


def _in_text(address: str, edition: Edition) -> bool:
    plain = address
    for name in ("token", "delivery", "name"):
        plain = plain.replace(
            placeholder(edition.nonce, name), placeholder(edition.nonce, name, plain=True)
        )
    return plain in edition.text


def _unsubscribing(edition: Edition, page: html.HtmlElement) -> _Problems:
    token = placeholder(edition.nonce, "token")
    plain = placeholder(edition.nonce, "token", plain=True)
    hrefs = [str(anchor.get("href") or "") for anchor in page.iter("a")]
    in_page = any(_unsubscribes(href, token) for href in hrefs)
    if not (in_page and _unsubscribes(edition.text, plain)):
        where = Phrase("page") if not in_page else Phrase("text part")
        yield (
            "unsubscribe",
            Phrase(
                "The {where} has no unsubscribe link; put it back into the footer.", where=where
            ),
        )


def _unsubscribes(text: str, token: str) -> bool:
    """Whether a text has the link; editions that earlier versions rendered have `leave` in it."""
    return any(f"/{name}/{token}" in text for name in ("unsubscribe", "leave"))


def _images(_edition: Edition, page: html.HtmlElement) -> _Problems:
    bare = [image for image in page.iter("img") if image.get("alt") is None]
    silent = [image for image in page.iter("img") if image.get("alt") == ""]
    if bare:
        message = Phrase(
            '{n} images have no alt attribute; mark decoration with alt="".', n=len(bare)
        )
        yield "alt text", message, *_sources(bare)
    if silent:
        message = Phrase("{n} images have an empty alternative text; describe them.", n=len(silent))
        yield "alt text", message, *_sources(silent)


def _sources(images: list[html.HtmlElement]) -> list[str]:
    return [str(image.get("src") or "") for image in images]


def _cover(edition: Edition, page: html.HtmlElement) -> _Problems:
    shown = set(_WORD.findall(_text(page).lower()))
    in_text = set(_WORD.findall(edition.text.lower()))
    missing = sorted(shown - in_text)
    if shown and len(missing) > (1 - COVER) * len(shown):
        examples = ", ".join(missing[:_EXAMPLES])
        message = Phrase(
            "The text part lacks {n} words of the HTML part ({examples}, …).",
            n=len(missing),
            examples=examples,
        )
        yield "text part", message, *missing


def _subject(edition: Edition, _page: html.HtmlElement) -> _Problems:
    if not edition.subject.strip():
        yield "subject", Phrase("The subject is empty; set one.")
    elif edition.subject.isupper() and len(_WORD.findall(edition.subject)) >= _SHOUTED:
        yield "subject", Phrase("The subject is in capital letters; spam filters distrust that.")
    elif len(edition.subject) > LONG_SUBJECT:
        yield (
            "subject",
            (
                Phrase(
                    "The subject has {n} characters; phones show about 40. Set a shorter one.",
                    n=len(edition.subject),
                )
            ),
        )


_CHECKS: tuple[Callable[[Edition, html.HtmlElement], _Problems], ...] = (
    _sizes,
    _links,
    _unsubscribing,
    _images,
    _cover,
    _subject,
    opening.check,
)


def _alts(element: html.HtmlElement) -> str:
    return "".join(str(image.get("alt") or "") for image in element.iter("img"))


def _printed(needle: str, text: str) -> bool:
    return "".join(needle.split()).casefold() in "".join(text.split()).casefold()


def _text(element: html.HtmlElement) -> str:
    """Return the visible text of an element, without styles, scripts, title and hidden parts."""
    hidden = "ancestor-or-self::*[self::style or self::script or self::title or self::head or contains(translate(@style, ' ', ''), 'display:none')]"
    found = etree.XPath(f".//text()[not({hidden})]")(element)
    return " ".join(map(str, found))
