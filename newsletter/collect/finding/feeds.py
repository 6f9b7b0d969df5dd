"""Read RSS, Atom, RDF and JSON feeds into entries."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from html import unescape
from typing import Any
from urllib.parse import urljoin

import feedparser

from newsletter.collect.deciding.identity import digest
from newsletter.collect.entry import Entry, Listing
from newsletter.collect.finding.jsonfeed import JsonFeed, JsonItem, looks_json, parse_json_feed
from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.bylines import is_name, read_byline
from newsletter.collect.text.dates import When, read_feed_date
from newsletter.collect.text.encoding import decode
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author, Image

MOST_ENTRIES = 1000
_TAG = re.compile(r"<[^<>]+>")
_FEED_ROOT = re.compile(r"<(?:[\w-]+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_ADVERTISED = re.compile(
    r"<link\b[^>]*\btype=[\"']application/(?:rss|atom|feed)\+(?:xml|json)[\"'][^>]*>", re.IGNORECASE
)
_HREF = re.compile(r"\bhref=[\"']([^\"']+)[\"']", re.IGNORECASE)
_ENCODING = re.compile(r"(<\?xml[^>]*?)\s+encoding\s*=\s*[\"'][^\"']*[\"']", re.IGNORECASE)
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
    return _listing_of_xml(text, url)


def _not_a_feed(text: str, head: str, url: str) -> str:
    if not _PAGE.search(head):
        return "neither RSS, Atom nor JSON Feed"
    found = _ADVERTISED.search(text)
    href = _HREF.search(found.group()) if found else None
    hint = f"; the page names this feed: {urljoin(url, unescape(href.group(1)))}" if href else ""
    return f"a web page instead of a feed{hint}"


def _listing_of_xml(text: str, url: str) -> Listing:
    """Parse XML with feedparser."""
    # Pass a stream: given a string, feedparser would open it as a path or an address.
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    bare = _ENCODING.sub(r"\1", text[:HEAD], count=1) + text[HEAD:]
    parsed = feedparser.parse(io.BytesIO(bare.encode("utf-8", "replace")), response_headers=headers)
    if not parsed.get("version") and not parsed.entries:
        msg = f"the feed cannot be parsed: {parsed.get('bozo_exception', 'unknown dialect')}"
        raise ExtractFailed(msg)
    channel = parsed.feed
    found = [_entry(parsed_entry) for parsed_entry in parsed.entries[:MOST_ENTRIES]]
    return _listing(
        found,
        title=_plain(channel.get("title", "")),
        lang=str(channel.get("language", "")),
        ttl=str(channel.get("ttl", "")),
    )


def _entry(parsed: dict[str, Any]) -> Entry:
    contents = [part for part in parsed.get("content", ()) if part.get("value")]
    best = max(contents, key=lambda part: len(part["value"]), default={"value": ""})
    summary = str(parsed.get("summary", ""))
    html = str(best["value"]) or (summary if len(_plain(summary)) > 600 else "")  # noqa: PLR2004 - a full text, not a teaser
    link = _web(parsed.get("feedburner_origlink") or parsed.get("link") or "")
    return Entry(
        key="",
        url=link,
        guid=str(parsed.get("id", "")),
        title=_plain(str(parsed.get("title", ""))),
        when=_date(parsed),
        html=html,
        summary=_plain(summary) if summary != html else "",
        authors=_authors(parsed),
        topics=_topics(tag.get("label") or tag.get("term") for tag in parsed.get("tags", ())),
        image=_image(parsed),
        lang=str(best.get("language") or ""),
    )


def _web(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else ""


def _date(parsed: dict[str, Any]) -> When | None:
    """Read the raw date strings: feedparser invents dates for forms it does not understand."""
    for name in ("published", "created", "updated"):
        raw = dict.get(
            parsed, name
        )  # the `get` of an entry maps one key to another, with a warning
        if when := read_feed_date(str(raw or "")):
            return when
    return None


def _authors(parsed: Mapping[str, Any]) -> tuple[Author, ...]:
    names = [str(author.get("name", "")) for author in parsed.get("authors", ())]
    names = names or [str(parsed.get("author", ""))]
    return _people(names)


def _people(names: Iterable[str]) -> tuple[Author, ...]:
    """Read names without email addresses, as in "x@y (Jane Doe)"."""
    found: list[Author] = []
    for name in names:
        plain = re.sub(r"\S+@\S+", "", _plain(name)).strip(" ()<>")
        found.extend(author for author in read_byline(plain) if is_name(author.name))
    return tuple(dict.fromkeys(found))


def _topics(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for value in values if value and (word := _plain(value))))[:20]


def _image(parsed: Mapping[str, Any]) -> Image | None:
    candidates = [*parsed.get("media_content", ()), *parsed.get("media_thumbnail", ())]
    candidates += [link for link in parsed.get("links", ()) if link.get("rel") == "enclosure"]
    for found in candidates:
        address = str(found.get("url") or found.get("href") or "")
        kind = str(found.get("medium") or found.get("type") or "")
        pictured = "image" in kind or re.search(
            r"\.(?:jpe?g|png|webp|gif)(?:\?|$)", address, re.IGNORECASE
        )
        if address.startswith(("http://", "https://")) and pictured:
            return Image(address)
    return None


def _plain(markup: str) -> str:
    """Convert markup to text: drop tags, decode entities, collapse spaces."""
    text = _TAG.sub(" ", markup) if "<" in markup else markup
    return tidy(unescape(text) if "&" in text else text)


def _listing_of_json(feed: JsonFeed) -> Listing:
    return _listing(
        [_json_entry(item, feed) for item in feed.items], title=feed.title, lang=feed.language
    )


def _json_entry(item: JsonItem, feed: JsonFeed) -> Entry:
    text = "".join(f"<p>{line}</p>" for line in item.content_text.split("\n\n") if line.strip())
    return Entry(
        key="",
        url=_web(item.url) or _web(item.external_url),
        guid=item.id,
        title=_plain(item.title),
        when=read_feed_date(item.date_published) or read_feed_date(item.date_modified),
        html=item.content_html or text,
        summary=_plain(item.summary),
        authors=_people(person.name for person in item.authors or feed.authors),
        topics=_topics(item.tags),
        image=Image(item.image) if item.image else None,
        lang=item.language or feed.language,
    )


def _listing(found: list[Entry], *, title: str, lang: str, ttl: str = "") -> Listing:
    """Give each entry a key, mark shared guids and links, and skip empty entries."""
    guids = Counter(listed.guid for listed in found if listed.guid)
    links = Counter(listed.url for listed in found if listed.url)
    kept: dict[str, Entry] = {}
    skipped: list[tuple[str, str]] = []
    for number, listed in enumerate(found, 1):
        if not (listed.title or listed.url or listed.html or listed.summary):
            skipped.append((f"entry {number}", "neither title, link nor text"))
            continue
        shared_guid = guids[listed.guid] > 1
        entry = replace(listed, shared_guid=shared_guid, shared_url=links[listed.url] > 1)
        entry = replace(entry, key=_key(entry), fingerprint=_fingerprint(entry))
        if entry.key in kept:
            skipped.append((listed.title or listed.url or f"entry {number}", "twice in the feed"))
        else:
            kept[entry.key] = entry
    minutes = int(ttl) if ttl.strip().isdecimal() and len(ttl) < 6 else 0  # noqa: PLR2004
    return Listing(tuple(kept.values()), tuple(skipped), title, lang, minutes * 60)


def _key(entry: Entry) -> str:
    """Return the key of an entry within its feed: its guid, its link, or its text."""
    if entry.guid and not entry.shared_guid:
        return digest(f"guid {entry.guid}")
    if entry.url and not entry.shared_url:
        return digest(f"url {entry.url}")
    return digest(
        f"{entry.guid}|{entry.url}|{entry.title}|{entry.summary[:200]}|{entry.html[:200]}"
    )


def _fingerprint(entry: Entry) -> str:
    """Hash the words of an entry, without its markup."""
    shown = {name: value for name, value in asdict(entry).items() if name in {"title", "url"}}
    return digest(f"{shown}|{_plain(entry.summary)}|{_plain(entry.html)}|{entry.when}")
