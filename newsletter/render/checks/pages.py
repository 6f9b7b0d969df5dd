"""Checks of one edition's bytes: what is left over, what is missing, what will not be seen."""

import re
from collections.abc import Callable, Iterator
from html import unescape

from lxml import etree, html

from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding
from newsletter.model.personalization import placeholder

CLIPPED, LARGE = 102_400, 80_000
STYLES = 16_384
COVER = 0.99
LONG_SUBJECT = 90
_LEFTOVER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|%%\{.*?\}%%|\*\|[A-Z_]+\|\*", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{4,}|[\u3040-\u30ff\u4e00-\u9fff]{3}")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?=[:/])")
_EXAMPLES = 3


def check(edition: Edition, postal_address: str, quoted: str = "") -> Iterator[Finding]:
    """Yield what is wrong with an edition; `where` names it.

    `quoted` are the words of articles and staff: braces in them are no leftovers of a template.
    """
    page = html.fromstring(edition.html.encode(), parser=html.HTMLParser(encoding="utf-8"))
    for one in _CHECKS:
        for name, says in one(edition, page):
            yield Finding(name, CHECKS[name], says, f"edition {edition.seq}")
    for says in _leftovers(edition, quoted):
        yield Finding("leftovers", CHECKS["leftovers"], says, f"edition {edition.seq}")
    if not postal_address.strip():
        says = "The publication has no postal address; set postal_address, the law asks for it."
        yield Finding("postal address", "block", says)
    elif not all(_printed(postal_address, part) for part in (_text(page), edition.text)):
        says = "The postal address is not printed; put it back into the footer template."
        yield Finding("postal address", "block", says, f"edition {edition.seq}")


_Says = Iterator[tuple[str, str]]


def _sizes(edition: Edition, _page: html.HtmlElement) -> _Says:
    size = len(edition.html.encode())
    if size >= CLIPPED:
        yield (
            "clipped",
            (
                f"The page is {size:,} bytes and Gmail cuts mails at {CLIPPED:,}, the unsubscribe link"
                " with it; print fewer items in full."
            ),
        )
    elif size > LARGE:
        yield "size", f"The page is {size:,} bytes; above {LARGE:,} some readers see it cut."
    styles = sum(len(css.encode()) for css in _STYLE.findall(edition.html))
    if styles >= STYLES:
        yield (
            "styles",
            f"The style elements hold {styles:,} bytes; Gmail drops them from {STYLES:,}.",
        )


def _leftovers(edition: Edition, quoted: str) -> Iterator[str]:
    page = unescape(edition.html)
    for part, text in (("subject", edition.subject), ("page", page), ("text", edition.text)):
        for found in _LEFTOVER.finditer(text):
            if found[0] not in quoted:
                yield f"The {part} still holds {found[0][:40]!r}; look at the template."
                break
    known = re.compile(rf"-nl{edition.nonce}-(?:token|delivery|name)(?:\.t)?-")
    if any(f"-nl{edition.nonce}" in known.sub("", one) for one in (edition.html, edition.text)):
        yield "A placeholder in the page is damaged; look at the template."


def _links(edition: Edition, page: html.HtmlElement) -> _Says:
    addresses = [str(one.get("href") or "") for one in page.iter("a")]
    dead = [one for one in addresses if not re.match(r"(?:https?://|mailto:)[^\s]", one)]
    if dead:
        yield "links", f"{len(dead)} links lead nowhere, for example {dead[0]!r}; correct them."
    plain = [one for one in addresses if one.startswith("http://") and not _LOOPBACK.match(one)]
    if plain:
        yield "insecure links", f"{len(plain)} links are not https, for example {plain[0]}."
    unnamed = [one for one in page.iter("a") if not _text(one).strip() and not _alts(one)]
    if unnamed:
        yield "links", f"{len(unnamed)} links have no words; give them a text."
    missing = [one for one in addresses if one.startswith("http") and not _in_text(one, edition)]
    if missing:
        yield "text part", f"The text part lacks {len(missing)} links, for example {missing[0]}."


def _in_text(address: str, edition: Edition) -> bool:
    plain = address
    for name in ("token", "delivery", "name"):
        plain = plain.replace(
            placeholder(edition.nonce, name), placeholder(edition.nonce, name, plain=True)
        )
    return plain in edition.text


def _leaving(edition: Edition, page: html.HtmlElement) -> _Says:
    token = placeholder(edition.nonce, "token")
    hrefs = [str(one.get("href") or "") for one in page.iter("a")]
    in_page = any(f"/leave/{token}" in one for one in hrefs)
    in_text = f"/leave/{placeholder(edition.nonce, 'token', plain=True)}" in edition.text
    if not (in_page and in_text):
        where = "page" if not in_page else "text part"
        yield "unsubscribe", f"The {where} has no link to leave; put it back into the footer."


def _images(_edition: Edition, page: html.HtmlElement) -> _Says:
    bare = [one for one in page.iter("img") if one.get("alt") is None]
    silent = [one for one in page.iter("img") if one.get("alt") == ""]
    if bare:
        yield "alt text", f'{len(bare)} images have no alt attribute; mark decoration with alt="".'
    if silent:
        yield (
            "alt text",
            (
                f"{len(silent)} images say nothing to those who do not see them; describe them at the"
                " source."
            ),
        )


def _cover(edition: Edition, page: html.HtmlElement) -> _Says:
    shown = set(_WORD.findall(_text(page).lower()))
    told = set(_WORD.findall(edition.text.lower()))
    missing = sorted(shown - told)
    if shown and len(missing) > (1 - COVER) * len(shown):
        examples = ", ".join(missing[:_EXAMPLES])
        yield "text part", f"The text part lacks {len(missing)} words of the page ({examples}, …)."


def _subject(edition: Edition, _page: html.HtmlElement) -> _Says:
    if not edition.subject.strip():
        yield "subject", "The subject is empty; set one."
    elif len(edition.subject) > LONG_SUBJECT:
        yield (
            "subject",
            (
                f"The subject has {len(edition.subject)} characters; phones show about 40. Set a"
                " shorter one."
            ),
        )


_CHECKS: tuple[Callable[[Edition, html.HtmlElement], _Says], ...] = (
    _sizes,
    _links,
    _leaving,
    _images,
    _cover,
    _subject,
)


def _alts(element: html.HtmlElement) -> str:
    return "".join(str(one.get("alt") or "") for one in element.iter("img"))


def _printed(needle: str, text: str) -> bool:
    return "".join(needle.split()).casefold() in "".join(text.split()).casefold()


def _text(element: html.HtmlElement) -> str:
    """Return what is seen of an element: not its styles, scripts, title or hidden parts."""
    hidden = "ancestor-or-self::*[self::style or self::script or self::title or self::head or contains(translate(@style, ' ', ''), 'display:none')]"
    found = etree.XPath(f".//text()[not({hidden})]")(element)
    return " ".join(map(str, found))
