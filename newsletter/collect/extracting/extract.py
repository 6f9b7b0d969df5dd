"""Extract an article from a document: HTML, Markdown or plain text."""

import re
from pathlib import PurePath

from newsletter.collect.extracting import front_matter, markdown
from newsletter.collect.extracting.page import extract_markup
from newsletter.collect.extracting.plaintext import extract_text, labeled
from newsletter.collect.text.encoding import decode, looks_binary
from newsletter.errors import ExtractFailed
from newsletter.model.article import Extracted
from subscribers.phrase import Phrase

LARGEST, LARGEST_MARKDOWN = 15_000_000, 250_000
MARKUP = frozenset({".html", ".htm", ".xhtml", ".shtml"})
MARKDOWN = frozenset({".md", ".markdown"})
TEXT = frozenset({".txt", ".text"})
_LOOKS_MARKUP = re.compile(
    r"<(?:!doctype\s+html|html|head|body|article|main|div|p|h1)\b", re.IGNORECASE
)


def extract(raw: bytes, *, name: str, url: str = "", declared: str = "") -> Extracted:
    """Extract the article in `raw`.

    The suffix of the file `name` decides the format; without a known suffix the content does.
    `declared` is the charset from the transport. Raises ExtractFailed with the reason if the
    document does not contain an article.
    """
    refuse(raw)
    text, _ = decode(raw, declared)
    suffix = PurePath(name).suffix.lower()
    if suffix in MARKDOWN:
        if len(text) > LARGEST_MARKDOWN:
            msg = Phrase(
                "too large for Markdown: {size:.1f} MB (the limit is {limit:g} MB)",
                size=len(text) / 1e6,
                limit=LARGEST_MARKDOWN / 1e6,
            )
            raise ExtractFailed(msg)
        pairs, rest = front_matter.split(text)
        if front_matter.is_draft(pairs):
            msg = Phrase("a draft, as its front matter says")
            raise ExtractFailed(msg)
        html = markdown.as_html(rest, next(iter(pairs.get("title", ())), ""))
        return markdown.with_front_matter(extract_markup(html, url=url), pairs)
    if suffix not in TEXT and (suffix in MARKUP or _LOOKS_MARKUP.search(text[:8192])):
        return extract_markup(text, url=url)
    pairs, rest = labeled(text)
    article = extract_text(rest, url=url)
    return markdown.with_front_matter(article, pairs) if pairs else article


def refuse(raw: bytes) -> None:
    """Raise ExtractFailed for input that cannot be an article: empty, too large or binary."""
    if len(raw) > LARGEST:
        megabytes = f"{len(raw) / 1e6:.0f} MB"
        msg = Phrase(
            "too large: {megabytes} (the limit is {limit:.0f} MB)",
            megabytes=megabytes,
            limit=LARGEST / 1e6,
        )
        raise ExtractFailed(msg)
    if not raw.strip():
        msg = Phrase("empty")
        raise ExtractFailed(msg)
    if looks_binary(raw):
        msg = Phrase("not text (binary content)")
        raise ExtractFailed(msg)
