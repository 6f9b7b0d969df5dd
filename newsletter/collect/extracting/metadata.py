"""Read the metadata of a page: JSON-LD, OpenGraph and other meta tags."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.bylines import is_name, read_byline
from newsletter.collect.text.dates import When, read_date
from newsletter.model.article import Author, Image, Translation
from newsletter.model.text import web_address

Element = etree._Element  # noqa: SLF001 - lxml names its element class so

_ARTICLES = re.compile(r"Article|BlogPosting|Report|Review|Analysis|OpinionPiece|WebPage$")
_DATE_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "dc.date.issued",
    "dc.date", "dcterms.created", "dcterms.issued", "citation_publication_date", "citation_date",
    "parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date", "publish_date",
    "publication_date", "date", "article.published", "cxenseparse:recs:publishtime",
)  # fmt: skip
DEEPEST, MOST_NODES, LONGEST_JSON, MOST_TOPICS = 6, 400, 1_000_000, 12


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata values, with the origin of each."""

    title: str = ""
    page_title: str = ""
    site: str = ""
    authors: tuple[Author, ...] = ()
    authors_from: str = ""
    when: When | None = None
    when_from: str = ""
    topics: tuple[str, ...] = ()
    topics_from: str = ""
    description: str = ""
    description_from: str = ""
    image: Image | None = None
    image_from: str = ""
    url: str = ""
    lang: str = ""
    translations: tuple[Translation, ...] = field(default=())


@dataclass(slots=True)
class _Head:
    """The tags of <head> (and stray tags in the body), collected in one pass."""

    metas: dict[str, list[str]] = field(default_factory=dict)
    links: list[tuple[str, str, str]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    page_title: str = ""

    def first(self, *names: str) -> tuple[str, str]:
        """Return the first non-empty value of `names`, and its name."""
        for name in names:
            for value in self.metas.get(name, ()):
                if value:
                    return value, name
        return "", ""


def read_metadata(root: Element, url: str = "") -> Metadata:
    """Read the metadata of a page. Relative addresses are resolved against `url`."""
    head = _collect(root)
    node = _article_node(head.scripts)
    site = head.first("og:site_name", "application-name")[0]
    authors, authors_from = _authors(head, node, site)
    when, when_from = _when(head, node)
    topics, topics_from = _topics(head, node)
    image, image_from = _image(head, node, url)
    description, description_from = head.first(
        "og:description", "description", "twitter:description"
    )
    canonical = next((href for rel, href, _ in head.links if rel == "canonical"), "")
    return Metadata(
        title=head.first("og:title", "twitter:title")[0] or _text(node.get("headline")),
        page_title=head.page_title,
        site=site,
        authors=authors,
        authors_from=authors_from,
        when=when,
        when_from=when_from,
        topics=topics,
        topics_from=topics_from,
        description=description,
        description_from=description_from,
        image=image,
        image_from=image_from,
        url=web_address(_absolute(canonical or head.first("og:url")[0], url)),
        lang=(
            root.get("lang")
            or head.first("content-language", "og:locale", "inlanguage")[0]
            or _text(node.get("inLanguage"))
        ),
        translations=_translations(head, url),
    )


def _collect(root: Element) -> _Head:
    head = _Head()
    for element in root.iter("meta", "link", "script", "title"):
        tag = element.tag
        if tag == "meta":
            _collect_meta(head, element)
        elif tag == "link":
            rel, href = (element.get("rel") or "").lower(), element.get("href")
            if href and rel in {"canonical", "alternate", "amphtml"}:
                head.links.append((rel, href, element.get("hreflang") or ""))
        elif tag == "script":
            if "ld+json" in (element.get("type") or "") and element.text:
                head.scripts.append(element.text[:LONGEST_JSON])
        elif not head.page_title and element.text:
            head.page_title = tidy("".join(element.itertext()))
    return head


def _collect_meta(head: _Head, element: Element) -> None:
    names = (element.get(attribute) for attribute in ("property", "name", "itemprop", "http-equiv"))
    name, content = next(filter(None, names), None), element.get("content")
    if name and content:
        head.metas.setdefault(name.strip().lower(), []).append(tidy(unescape(content)))


def _article_node(scripts: list[str]) -> dict[str, Any]:
    """Return the JSON-LD node most like an article, or an empty node."""
    best: dict[str, Any] = {}
    score = 0
    for script in scripts:
        for node in _nodes(_parsed(script)):
            kinds = node.get("@type") or ""
            name = " ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds)
            if not _ARTICLES.search(name):
                continue
            worth = (0 if name == "WebPage" else 4) + sum(
                bool(node.get(key)) for key in ("headline", "author", "datePublished")
            )
            if worth > score:
                best, score = node, worth
    return best


def _parsed(script: str) -> object:
    text = script.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    """Yield the objects of the tree, nearest first, up to limits in depth and number."""
    queue: list[tuple[object, int]] = [(value, 0)]
    for _ in range(MOST_NODES):
        if not queue:
            return
        current, depth = queue.pop(0)
        if isinstance(current, dict):
            yield current
            if depth < DEEPEST:
                queue.extend(
                    (current[key], depth + 1)
                    for key in ("@graph", "mainEntity", "mainEntityOfPage", "hasPart")
                    if key in current
                )
        elif isinstance(current, list) and depth < DEEPEST:
            queue.extend((child, depth + 1) for child in current[:50])


def _authors(head: _Head, node: dict[str, Any], site: str) -> tuple[tuple[Author, ...], str]:
    if found := _people(node.get("author") or node.get("creator"), site):
        return found, "json-ld"
    for name in (
        "author",
        "article:author",
        "dc.creator",
        "parsely-author",
        "sailthru.author",
        "citation_author",
        "byl",
        "dcterms.creator",
        "twitter:creator",
    ):
        values = [
            value for value in head.metas.get(name, []) if not value.startswith(("http", "@", "/"))
        ]
        found = tuple(
            dict.fromkeys(author for value in values for author in read_byline(value, site))
        )
        if found:
            return found, f"meta {name}"
    return (), ""


def _people(value: object, site: str) -> tuple[Author, ...]:
    found: list[Author] = []
    for person in value if isinstance(value, list) else [value]:
        if isinstance(person, str):
            found.extend(read_byline(person, site))
        elif isinstance(person, dict) and "Organization" not in str(person.get("@type")):
            for name in _strings(person.get("name")):
                role = _text(person.get("jobTitle"))
                org = _text(person.get("affiliation") or person.get("worksFor") or {})
                found.extend(
                    Author(author.name, author.role or role, author.org or org)
                    for author in read_byline(name, site)
                )
    return tuple(dict.fromkeys(author for author in found if is_name(author.name, site)))


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [tidy(value)]
    return (
        [tidy(text) for text in value if isinstance(text, str)] if isinstance(value, list) else []
    )


def _text(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or value.get("url") or ""
    if isinstance(value, list):
        value = next((text for text in value if isinstance(text, str)), "")
    return tidy(unescape(value)) if isinstance(value, str) else ""


def _when(head: _Head, node: dict[str, Any]) -> tuple[When | None, str]:
    for key in ("datePublished", "dateCreated"):
        if when := read_date(_text(node.get(key))):
            return when, "json-ld"
    for name in _DATE_NAMES:
        for value in head.metas.get(name, ()):
            if when := read_date(value):
                return when, "opengraph" if name.startswith(("article:", "og:")) else f"meta {name}"
    return None, ""


def _topics(head: _Head, node: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    if tags := head.metas.get("article:tag"):
        return _split(tags), "opengraph"
    if words := _strings(node.get("keywords")):
        return _split(words), "json-ld"
    for name in ("news_keywords", "parsely-tags", "sailthru.tags", "keywords"):
        if words := head.metas.get(name, []):
            return _split(words), f"meta {name}"
    if sections := _strings(node.get("articleSection")):
        return _split(sections), "json-ld"
    return (), ""


def _split(values: list[str]) -> tuple[str, ...]:
    words = [tidy(word).lstrip("#") for value in values for word in re.split(r"[,;|、，]", value)]
    return tuple(dict.fromkeys(word for word in words if word and len(word) <= 60))[:MOST_TOPICS]  # noqa: PLR2004


def _image(head: _Head, node: dict[str, Any], url: str) -> tuple[Image | None, str]:
    found, name = head.first("og:image:secure_url", "og:image", "og:image:url", "twitter:image")
    if found:
        alt = head.first("og:image:alt", "twitter:image:alt")[0]
        width, height = head.first("og:image:width")[0], head.first("og:image:height")[0]
        return Image(
            _absolute(found, url), alt, _number(width), _number(height)
        ), "opengraph" if name.startswith("og:") else "meta"
    value = node.get("image")
    first = value[0] if isinstance(value, list) and value else value
    address = first.get("url") if isinstance(first, dict) else first
    if isinstance(address, str) and address:
        caption = _text(first.get("caption")) if isinstance(first, dict) else ""
        return Image(_absolute(address, url), caption), "json-ld"
    return None, ""


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004 - pixels


def _translations(head: _Head, url: str) -> tuple[Translation, ...]:
    found = (
        Translation(lang, _absolute(href, url))
        for rel, href, lang in head.links
        if rel == "alternate" and lang and lang.lower() != "x-default"
    )
    return tuple(dict.fromkeys(found))[:40]


def _absolute(address: str, base: str) -> str:
    try:
        return urljoin(base, address.strip()) if address else ""
    except ValueError:
        return ""
