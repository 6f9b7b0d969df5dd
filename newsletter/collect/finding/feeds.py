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
    """Read a feed of any dialect; raises ExtractFailed with the reason when it is none."""
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
    """Parse with feedparser, given a stream only: it would open a path or address itself."""
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    bare = _ENCODING.sub(r"\1", text[:HEAD], count=1) + text[HEAD:]
    parsed = feedparser.parse(io.BytesIO(bare.encode("utf-8", "replace")), response_headers=headers)
    if not parsed.get("version") and not parsed.entries:
        msg = f"the feed cannot be parsed: {parsed.get('bozo_exception', 'unknown dialect')}"
        raise ExtractFailed(msg)
    channel = parsed.feed
    found = [_entry(one) for one in parsed.entries[:MOST_ENTRIES]]
    return _listing(
        found,
        title=_plain(channel.get("title", "")),
        lang=str(channel.get("language", "")),
        ttl=str(channel.get("ttl", "")),
    )


def _entry(one: dict[str, Any]) -> Entry:
    contents = [part for part in one.get("content", ()) if part.get("value")]
    best = max(contents, key=lambda part: len(part["value"]), default={"value": ""})
    summary = str(one.get("summary", ""))
    html = str(best["value"]) or (summary if len(_plain(summary)) > 600 else "")  # noqa: PLR2004 - a text, not a teaser
    link = _web(one.get("feedburner_origlink") or one.get("link") or "")
    return Entry(
        key="",
        url=link,
        guid=str(one.get("id", "")),
        title=_plain(str(one.get("title", ""))),
        when=_date(one),
        html=html,
        summary=_plain(summary) if summary != html else "",
        authors=_authors(one),
        topics=_topics(tag.get("label") or tag.get("term") for tag in one.get("tags", ())),
        image=_image(one),
        lang=str(best.get("language") or ""),
    )


def _web(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else ""


def _date(one: dict[str, Any]) -> When | None:
    """Read the raw date texts; the parser's own reading invents what it does not understand."""
    for name in ("published", "created", "updated"):
        raw = dict.get(one, name)  # the entry's own `get` takes one for the other, and warns
        if when := read_feed_date(str(raw or "")):
            return when
    return None


def _authors(one: Mapping[str, Any]) -> tuple[Author, ...]:
    names = [str(author.get("name", "")) for author in one.get("authors", ())]
    names = names or [str(one.get("author", ""))]
    return _people(names)


def _people(names: Iterable[str]) -> tuple[Author, ...]:
    """Read names; an address in brackets or before them ("x@y (Jane Doe)") is dropped."""
    found: list[Author] = []
    for name in names:
        plain = re.sub(r"\S+@\S+", "", _plain(name)).strip(" ()<>")
        found.extend(author for author in read_byline(plain) if is_name(author.name))
    return tuple(dict.fromkeys(found))


def _topics(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for value in values if value and (word := _plain(value))))[:20]


def _image(one: Mapping[str, Any]) -> Image | None:
    candidates = [*one.get("media_content", ()), *one.get("media_thumbnail", ())]
    candidates += [link for link in one.get("links", ()) if link.get("rel") == "enclosure"]
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
    """Return markup as text: tags dropped, entities read, spaces collapsed."""
    text = _TAG.sub(" ", markup) if "<" in markup else markup
    return tidy(unescape(text) if "&" in text else text)


def _listing_of_json(feed: JsonFeed) -> Listing:
    return _listing(
        [_json_entry(one, feed) for one in feed.items], title=feed.title, lang=feed.language
    )


def _json_entry(one: JsonItem, feed: JsonFeed) -> Entry:
    text = "".join(f"<p>{line}</p>" for line in one.content_text.split("\n\n") if line.strip())
    return Entry(
        key="",
        url=_web(one.url) or _web(one.external_url),
        guid=one.id,
        title=_plain(one.title),
        when=read_feed_date(one.date_published) or read_feed_date(one.date_modified),
        html=one.content_html or text,
        summary=_plain(one.summary),
        authors=_people(person.name for person in one.authors or feed.authors),
        topics=_topics(one.tags),
        image=Image(one.image) if one.image else None,
        lang=one.language or feed.language,
    )


def _listing(found: list[Entry], *, title: str, lang: str, ttl: str = "") -> Listing:
    """Key the entries, note what they share, leave out what holds nothing."""
    guids = Counter(one.guid for one in found if one.guid)
    links = Counter(one.url for one in found if one.url)
    kept: dict[str, Entry] = {}
    skipped: list[tuple[str, str]] = []
    for number, one in enumerate(found, 1):
        if not (one.title or one.url or one.html or one.summary):
            skipped.append((f"entry {number}", "neither title, link nor text"))
            continue
        shared_guid = guids[one.guid] > 1
        entry = replace(one, shared_guid=shared_guid, shared_url=links[one.url] > 1)
        entry = replace(entry, key=_key(entry), fingerprint=_fingerprint(entry))
        if entry.key in kept:
            skipped.append((one.title or one.url or f"entry {number}", "twice in the feed"))
        else:
            kept[entry.key] = entry
    minutes = int(ttl) if ttl.strip().isdecimal() and len(ttl) < 6 else 0  # noqa: PLR2004
    return Listing(tuple(kept.values()), tuple(skipped), title, lang, minutes * 60)


def _key(entry: Entry) -> str:
    """Name an entry within its feed: by guid, then link, then what it says."""
    if entry.guid and not entry.shared_guid:
        return digest(f"guid {entry.guid}")
    if entry.url and not entry.shared_url:
        return digest(f"url {entry.url}")
    return digest(
        f"{entry.guid}|{entry.url}|{entry.title}|{entry.summary[:200]}|{entry.html[:200]}"
    )


def _fingerprint(entry: Entry) -> str:
    """Hash what a reader sees of an entry: words, not mark-up."""
    said = {name: value for name, value in asdict(entry).items() if name in {"title", "url"}}
    return digest(f"{said}|{_plain(entry.summary)}|{_plain(entry.html)}|{entry.when}")
