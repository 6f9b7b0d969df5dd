"""Read the metadata of a page: JSON-LD, OpenGraph and other meta tags."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urljoin

from lxml import etree
from lxml.etree import XPath

from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.bylines import read_byline
from newsletter.collect.text.dates import When, read_date
from newsletter.collect.text.names import is_name
from newsletter.collect.text.topics import topics
from newsletter.model.article import Author, Image, Translation
from newsletter.model.text import web_address

Element = etree._Element  # noqa: SLF001 - lxml names its element class so

_ARTICLES = re.compile(r"Article|BlogPosting|Report|Review|Analysis|OpinionPiece|WebPage$")
_DATE_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "dc.date.issued",
    "dc.date", "dcterms.created", "dcterms.issued", "citation_publication_date", "citation_date",
    "parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date", "publish_date",
    "publication_date", "date", "article.published", "cxenseparse:recs:publishtime", "article:published",
    "og:published_time", "published", "published_at", "published_date", "publisheddate", "publication-date",
    "dcterms.date", "dc.date.created", "article.created", "bt:pubdate", "bepress_citation_date",
)  # fmt: skip
DEEPEST, MOST_NODES, LONGEST_JSON, MOST_TOPICS, MOST_PEOPLE = 6, 400, 1_000_000, 12, 20
MOST_TRANSLATIONS = 40
# As catalogs of libraries write names: "Quell, Ada" or "Quell, Ada M."
_SURNAME_FIRST = re.compile(r"([A-Z][^\W\d_]+), ([A-Z][^\W\d_]*[a-z](?: [A-Z]\.)?)")
_LINKS_TO_LANGUAGES = XPath("//a[@hreflang][@href]")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata values, with the origin of each."""

    title: str = ""
    page_title: str = ""
    site: str = ""
    authors: tuple[Author, ...] = ()
    authors_from: str = ""
    whens: tuple[tuple[When, str], ...] = ()
    modified: When | None = None
    topics: tuple[str, ...] = ()
    topics_from: str = ""
    description: str = ""
    description_from: str = ""
    image: Image | None = None
    image_from: str = ""
    url: str = ""
    base: str = ""
    lang: str = ""
    translations: tuple[Translation, ...] = field(default=())


class _Link(NamedTuple):
    """A link of the head."""

    rel: str
    href: str
    lang: str


@dataclass(slots=True)
class _Head:
    """The tags of <head> (and stray tags in the body), collected in one pass."""

    metas: dict[str, list[str]] = field(default_factory=dict)
    links: list[_Link] = field(default_factory=list)
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
    base = _base(root, url)
    nodes = [node for script in head.scripts for node in _nodes(_parsed(script))]
    node = _article_node(nodes)
    site = head.first("og:site_name", "application-name")[0]
    by_id = {str(other["@id"]): other for other in nodes if "@id" in other and len(other) > 1}
    authors, authors_from = _authors(head, node, by_id, site)
    named, topics_from = _topics(head, node)
    image, image_from = _image(head, node, base)
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
        whens=tuple(_whens(head, node)),
        modified=_modified(head, node),
        topics=named,
        topics_from=topics_from,
        description=description,
        description_from=description_from,
        image=image,
        image_from=image_from,
        url=web_address(_absolute(canonical or head.first("og:url")[0], base)),
        lang=(
            root.get("lang")
            or head.first("content-language", "og:locale", "inlanguage")[0]
            or _text(node.get("inLanguage"))
        ),
        translations=_translations(root, head, node, base),
        base=base,
    )


def _base(root: Element, url: str) -> str:
    """Return the address against which the page's links are resolved."""
    element = next(root.iter("base"), None)
    return _absolute(element.get("href") or "", url) or url if element is not None else url


def _collect(root: Element) -> _Head:
    head = _Head()
    for element in root.iter("meta", "link", "script", "title"):
        tag = element.tag
        if tag == "meta":
            _collect_meta(head, element)
        elif tag == "link":
            rel, href = (element.get("rel") or "").lower(), element.get("href")
            if href and rel in {"canonical", "alternate", "amphtml"}:
                head.links.append(_Link(rel, href, element.get("hreflang") or ""))
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


def _article_node(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON-LD node most like an article, or an empty node."""
    best: dict[str, Any] = {}
    score = 0
    for node in nodes:
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


def _authors(
    head: _Head, node: dict[str, Any], by_id: Mapping[str, Any], site: str
) -> tuple[tuple[Author, ...], str]:
    if found := _people(node.get("author") or node.get("creator"), by_id, site):
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
        found = tuple(dict.fromkeys(author for value in values for author in _named(value, site)))
        if found:
            return found, f"meta {name}"
    return (), ""


def _people(value: object, by_id: Mapping[str, Any], site: str) -> tuple[Author, ...]:
    found: list[Author] = []
    listed = value if isinstance(value, list) else [value]
    for entry in listed[:MOST_PEOPLE]:
        reference = entry.get("@id") if isinstance(entry, dict) and "name" not in entry else None
        person = by_id.get(str(reference), entry) if reference else entry
        if isinstance(person, str):
            found.extend(_named(person, site))
        elif isinstance(person, dict) and "Organization" not in str(person.get("@type")):
            for name in _strings(person.get("name")) or [_full_name(person)]:
                role = _text(person.get("jobTitle"))
                org = _text(person.get("affiliation") or person.get("worksFor") or {})
                found.extend(
                    Author(author.name, author.role or role, author.org or org)
                    for author in _named(name, site)
                )
    return tuple(dict.fromkeys(author for author in found if is_name(author.name, site)))


def _named(text: str, site: str) -> tuple[Author, ...]:
    """Return the authors that a value names, also with the surname first."""
    reversed_name = _SURNAME_FIRST.fullmatch(tidy(text))
    return read_byline(reversed_name.expand(r"\2 \1") if reversed_name else text, site)


def _full_name(person: Mapping[str, Any]) -> str:
    return f"{_text(person.get('givenName'))} {_text(person.get('familyName'))}".strip()


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


def _whens(head: _Head, node: dict[str, Any]) -> Iterator[tuple[When, str]]:
    """Yield the dates of publication, the most reliable first: at most one of each kind."""
    keys = (read_date(_text(node.get(key))) for key in ("datePublished", "dateCreated"))
    if when := next(filter(None, keys), None):
        yield when, "json-ld"
    for graph in (True, False):
        for name in _DATE_NAMES:
            if name.startswith(("article:", "og:")) is not graph:
                continue
            values = (read_date(value) for value in head.metas.get(name, ()))
            if when := next(filter(None, values), None):
                yield when, "opengraph" if graph else f"meta {name}"
                break


def _modified(head: _Head, node: dict[str, Any]) -> When | None:
    values = (
        _text(node.get("dateModified")),
        head.first("article:modified_time", "og:updated_time")[0],
    )
    return next((when for value in values if (when := read_date(value))), None)


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
    return topics((word for value in values for word in re.split(r"[,;|、，]", value)), MOST_TOPICS)


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


def _translations(
    root: Element, head: _Head, node: dict[str, Any], url: str
) -> tuple[Translation, ...]:
    """Return the translations that the head, JSON-LD and the links of the page name."""
    stated = [
        (link.lang, link.href) for link in head.links if link.rel == "alternate" and link.lang
    ]
    works = [node.get(key) for key in ("workTranslation", "translationOfWork")]
    for work in (
        work for value in works for work in (value if isinstance(value, list) else [value])
    ):
        if isinstance(work, dict):
            address = _text(work.get("url")) or _text(work.get("@id"))
            stated.append((_text(work.get("inLanguage")), address))
        elif isinstance(work, str):
            stated.append(("", work))
    links = islice(_LINKS_TO_LANGUAGES(root), MOST_TRANSLATIONS)
    stated += [(link.get("hreflang") or "", link.get("href") or "") for link in links]
    found = (
        Translation(lang, _absolute(href, url))
        for lang, href in stated
        if lang.lower() != "x-default" and href
    )
    return tuple(dict.fromkeys(found))[:MOST_TRANSLATIONS]


def _absolute(address: str, base: str) -> str:
    try:
        return urljoin(base, address.strip()) if address else ""
    except ValueError:
        return ""
