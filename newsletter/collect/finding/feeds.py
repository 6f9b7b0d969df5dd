"""Read RSS, Atom, RDF and JSON feeds into entries."""

import io
import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urljoin

import feedparser

from newsletter.collect.entry import Entry, Listing
from newsletter.collect.finding.assembling import listing, people
from newsletter.collect.finding.jsonfeed import JsonFeed, JsonItem, looks_json, parse_json_feed
from newsletter.collect.finding.pictures import entry_image
from newsletter.collect.finding.wording import as_markup, headline, is_markup, plain, resolved
from newsletter.collect.text.dates import When, read_feed_date
from newsletter.collect.text.encoding import decode
from newsletter.collect.text.topics import topics
from newsletter.errors import ExtractFailed
from newsletter.model.article import Image

MOST_ENTRIES = 1000
FULL_TEXT = 600
"""Characters. A longer description is the text itself, not a summary."""
_FEED_ROOT = re.compile(r"<(?:[\w-]+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_ADVERTISED = re.compile(
    r"<link\b[^<>]{0,500}\btype=[\"']application/(?:rss|atom|feed)\+(?:xml|json)[\"'][^<>]{0,500}>",
    re.IGNORECASE,
)
_HREF = re.compile(r"\bhref=[\"']([^\"']+)[\"']", re.IGNORECASE)
_ENCODING = re.compile(r"(<\?xml[^>]*?)\s+encoding\s*=\s*[\"'][^\"']*[\"']", re.IGNORECASE)
_SURROGATE = re.compile(r"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*5[5-7]\d{3});")
_LONG_NAME = re.compile(
    r"(<(?:[\w.-]{1,20}:)?(?:author|creator|(?:managing)?editor|(?:web)?master|name|email|contributor"
    r"|publisher)\b[^<>]{0,200}>"
    r"(?:<!\[CDATA\[)?[^<\]]{300})[^<\]]+",
    re.IGNORECASE,
)
"""A name too long to be one: feedparser looks for addresses in names in quadratic time."""
_SCHEME = r"(?-i:[a-z][a-z0-9+.-]*:)"
_RELATIVE = re.compile(
    r"<(?:[\w.-]{1,20}:)?(?:"
    rf"link\b[^<>]*\b(?:href|url|uri)\s*=\s*[\"']\s*+(?!{_SCHEME})"
    r"|(?:link|guid|id)\b(?![^<>]*\bisPermaLink\s*=\s*[\"']false)[^<>]*>"
    rf"\s*+(?:<!\[CDATA\[\s*+)?(?!{_SCHEME}|[<\]]))",
    re.IGNORECASE,
)
"""An address or an id that may be relative."""
_BASE = re.compile(r"base\s*=\s*[\"']")
HEAD = 4096


def read_feed(raw: bytes, *, url: str = "", declared: str = "") -> Listing:
    """Read a feed of any dialect. Raises ExtractFailed with the reason if it is not a feed."""
    if not raw.strip():
        msg = "empty answer instead of a feed"
        raise ExtractFailed(msg)
    text, _ = decode(raw, declared)
    if looks_json(text):
        return _listing_of_json(parse_json_feed(text, url))
    head = text[:HEAD]
    if not _FEED_ROOT.search(text[: 4 * HEAD]):
        raise ExtractFailed(_not_a_feed(text, head, url))
    # Blank lines before its declaration make XML invalid, and feedparser four times as slow.
    return _listing_of_xml(text.lstrip(), url)


def _not_a_feed(text: str, head: str, url: str) -> str:
    if not _PAGE.search(head):
        return "neither RSS, Atom nor JSON Feed"
    found = _ADVERTISED.search(text)
    href = _HREF.search(found.group()) if found else None
    hint = f"; the page names this feed: {urljoin(url, unescape(href.group(1)))}" if href else ""
    return f"a web page instead of a feed{hint}"


def _listing_of_xml(text: str, url: str) -> Listing:
    """Parse XML with feedparser."""
    headers = {"content-type": "application/xml; charset=utf-8"}
    if _RELATIVE.search(text) or _BASE.search(text):
        # feedparser joins the base with itself at every element: a sixth of its time.
        headers["content-location"] = url
    whole, replaced = _SURROGATE.subn(
        _character, _ENCODING.sub(r"\1", text[:HEAD], count=1) + text[HEAD:]
    )
    # Pass a stream: given a string, feedparser would open it as a path or an address. Its own
    # sanitizing would drop words in angle brackets from titles; nothing here is shown as HTML.
    parsed = feedparser.parse(
        io.BytesIO(_LONG_NAME.sub(r"\1", whole).encode("utf-8", "replace")),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.entries:
        msg = f"the feed cannot be parsed: {parsed.get('bozo_exception', 'unknown dialect')}"
        raise ExtractFailed(msg)
    channel = parsed.feed
    return listing(
        # Plain dicts: feedparser's tries other names for every key that is missing.
        [_entry(dict(parsed_entry), url) for parsed_entry in parsed.entries[:MOST_ENTRIES]],
        title=headline(str(channel.get("title", ""))),
        lang=str(channel.get("language", "")),
        ttl=str(channel.get("ttl", "")),
        note="invalid characters (halves of surrogate pairs) were replaced" if replaced else "",
    )


def _character(reference: re.Match[str]) -> str:
    """Replace a reference to half of a surrogate pair, which is not a character."""
    digits = reference.group()[2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else reference.group()  # noqa: PLR2004


def _entry(parsed: dict[str, Any], url: str) -> Entry:
    contents = [part for part in parsed.get("content", ()) if part.get("value")]
    best = max(contents, key=lambda part: len(part["value"]), default={"value": "", "type": ""})
    raw_summary, detail = str(parsed.get("summary", "")), parsed.get("summary_detail") or {}
    summary = _words(raw_summary, str(detail.get("type", "")))
    html = as_markup(str(best["value"]), str(best.get("type", "")))
    html = resolved(html, str(best.get("base") or url))
    if not html and (len(summary) > FULL_TEXT or not summary):
        html = as_markup(raw_summary, "text/html")
    title, title_detail = str(parsed.get("title", "")), parsed.get("title_detail") or {}
    return Entry(
        key="",
        url=_web(parsed.get("feedburner_origlink") or parsed.get("link") or ""),
        guid=str(parsed.get("id", "")),
        title=headline(title, literal=_is_literal(title_detail, parsed)),
        when=_date(parsed),
        changed=str(parsed.get("updated") or ""),
        html=html,
        summary=summary if summary != plain(html) else "",
        authors=people(_names(parsed)),
        topics=topics(_topic(tag) for tag in parsed.get("tags", ())),
        image=entry_image(parsed, html or raw_summary),
        lang=str(best.get("language") or ""),
    )


def _topic(tag: dict[str, Any]) -> str:
    # The method of the plain dict: see _listing_of_xml.
    return plain(str(dict.get(tag, "label") or dict.get(tag, "term") or ""))


def _words(text: str, kind: str) -> str:
    """Return a summary as text."""
    declared = bool(kind) and not is_markup(kind)
    return headline(text, literal=True) if declared and "</" not in text else plain(text)


def _is_literal(detail: Mapping[str, Any], parsed: Mapping[str, Any]) -> bool:
    """Return whether a title is declared as plain text, as only Atom can."""
    is_atom = "updated" in parsed and "summary" not in parsed
    return is_atom and detail.get("type") == "text/plain"


def _web(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else ""


def _date(parsed: dict[str, Any]) -> When | None:
    """Read the raw date strings: feedparser invents dates for forms it does not understand."""
    for name in ("published", "created", "updated"):
        if when := read_feed_date(str(parsed.get(name) or "")):
            return when
    return None


def _names(parsed: Mapping[str, Any]) -> list[str]:
    names = [str(author.get("name", "")) for author in parsed.get("authors", ())]
    return names or [str(parsed.get("author", ""))]


def _listing_of_json(feed: JsonFeed) -> Listing:
    return listing(
        [_json_entry(item, feed) for item in feed.items],
        title=headline(feed.title),
        lang=feed.language,
    )


def _json_entry(item: JsonItem, feed: JsonFeed) -> Entry:
    html = item.content_html or as_markup(item.content_text, "text/plain")
    return Entry(
        key="",
        url=_web(item.url) or _web(item.external_url),
        guid=item.id,
        title=headline(item.title, literal=True),
        when=read_feed_date(item.date_published) or read_feed_date(item.date_modified),
        changed=item.date_modified,
        html=html,
        summary=plain(item.summary),
        authors=people(person.name for person in item.authors or feed.authors),
        topics=topics(item.tags),
        image=Image(item.image) if item.image else None,
        lang=item.language or feed.language,
    )
