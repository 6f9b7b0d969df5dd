"""Compute the keys that identify an article, wherever it appears."""

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import urljoin

from newsletter.collect.entry import Entry
from newsletter.collect.text import urls
from newsletter.model.article import ArticleKey, Extracted
from newsletter.model.languages import main_language
from newsletter.model.source import Source

_MARK = re.compile(r"\[\d{1,3}\]")
_NOT_WORD = re.compile(r"[\W_]+")
_GLOBAL_GUID = re.compile(
    r"^(?:https?:|tag:|urn:|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{32,})", re.IGNORECASE
)
LEAD, ENOUGH = 500, 200


def letters(text: str) -> str:
    """Reduce a text to its letters and digits, without footnote marks."""
    return _NOT_WORD.sub("", _MARK.sub("", text)).casefold()


def digest(text: str) -> str:
    """Return a short stable hash of a text."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def title_key(title: str) -> str:
    """Return the hash of a normalized title."""
    return digest(letters(title))


def body_text(content: Extracted) -> str:
    """Return the paragraphs of the body as a single text."""
    return "\n".join(paragraph for section in content.sections for paragraph in section.paragraphs)


def content_hash(content: Extracted) -> str:
    """Hash the words that a reader sees, without markup, spacing and punctuation."""
    parts = [content.title, content.kicker, *(author.name for author in content.authors)]
    parts += [*content.takeaways, *(section.heading or "" for section in content.sections)]
    parts += [body_text(content), *(note.text for note in content.footnotes)]
    return digest("\x00".join(map(letters, parts)))


def keys(source: Source, entry: Entry, content: Extracted) -> tuple[ArticleKey, ...]:
    """Return every key of this article, the keys of its entry first."""
    return tuple(dict.fromkeys((*own_keys(source, entry), *_content_keys(source, entry, content))))


def own_keys(source: Source, entry: Entry) -> Iterator[ArticleKey]:
    """Yield the keys known without reading the article: file, guid and address."""
    if entry.path is not None:
        yield ArticleKey("file", f"{source.key}:{entry.key}")
        return
    policy = source.identity
    if entry.guid and not entry.shared_guid and policy in {"auto", "guid"}:
        yield ArticleKey("guid", _guid(source, entry.guid))
    if policy == "title+date":
        day = entry.when.day.isoformat() if entry.when else ""
        yield ArticleKey("title+date", digest(f"{source.key}|{letters(entry.title)}|{day}"))
    elif policy != "guid" and names_article(entry.url) and not entry.shared_url:
        yield ArticleKey("url", urls.identity(entry.url))


def names_article(url: str) -> bool:
    """Return whether an address can identify an article."""
    return urls.is_web(url) and not urls.is_homepage(url)


def _guid(source: Source, guid: str) -> str:
    if _GLOBAL_GUID.match(guid):
        return re.sub(r"^https?://(?:www\.)?", "", guid.strip(), flags=re.IGNORECASE).rstrip("/")
    return f"{source.key}:{guid.strip()}"


def _content_keys(source: Source, entry: Entry, content: Extracted) -> Iterator[ArticleKey]:
    trusted = source.identity in {"auto", "link"} and not entry.shared_url
    if trusted and names_article(content.url) and _canonical_is_own(source, entry, content):
        yield ArticleKey("url", urls.identity(content.url))
    body = letters(body_text(content))
    if len(body) >= ENOUGH:
        yield ArticleKey("text", digest(letters(content.title) + body[:LEAD]))


def _canonical_is_own(source: Source, entry: Entry, content: Extracted) -> bool:
    """Return False if the canonical address is the source's own listing."""
    return urls.identity(content.url) != urls.identity(source.url) or content.url == entry.url


def alternates(source: Source, entry: Entry, content: Extracted) -> tuple[ArticleKey, ...]:
    """Return the keys of the translations that the document links to."""
    own = main_language(content.lang)
    found: list[ArticleKey] = []
    for translation in content.translations:
        if main_language(translation.lang) == own:
            continue
        if names_article(translation.url):
            found.append(ArticleKey("url", urls.identity(translation.url)))
        elif (
            entry.path is not None
            and translation.url
            and not urls.is_web(translation.url)
            and not translation.url.startswith(("/", "#"))
        ):
            found.append(ArticleKey("file", f"{source.key}:{_sibling(entry.key, translation.url)}"))
    if entry.path is not None:
        found.extend(_named_siblings(source, entry))
    return tuple(dict.fromkeys(found))


def _sibling(key: str, relative: str) -> str:
    return urljoin(f"/{key}", relative).lstrip("/")


def _named_siblings(source: Source, entry: Entry) -> Iterator[ArticleKey]:
    """Yield the key shared by `name.en.html`, `name.ko.html` and other languages."""
    found = re.match(r"^(.*)\.([a-z]{2,3})(\.[a-z]+)$", entry.key)
    if found:
        yield ArticleKey("stem", f"{source.key}:{found.group(1)}")
