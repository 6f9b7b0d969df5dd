"""Decide who wrote an article: the byline, the metadata, or an element that names the author."""

from lxml import html
from lxml.etree import XPath

from newsletter.collect.extracting.head import Head
from newsletter.collect.extracting.metadata import Metadata
from newsletter.collect.extracting.surroundings import is_away
from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.bylines import read_byline
from newsletter.collect.text.names import is_name
from newsletter.model.article import Author

# From the attributes to their elements: the other way takes twice the time.
_CALLED_AUTHOR = XPath(
    "//@class[contains(., 'uthor') or contains(., 'yline') or contains(., 'writer')]/.."
    " | //@rel[contains(., 'author')]/.. | //@itemprop[contains(., 'author')]/.."
    " | //@id[contains(., 'uthor')]/.."
)
MOST_CALLED, LONGEST_CALLED, MOST_ANCESTORS = 25, 80, 60


def stated_authors(head: Head, meta: Metadata) -> tuple[tuple[Author, ...], str]:
    """Return the visible byline, or the metadata if the byline is missing or contradicts it."""
    if not head.authors:
        return meta.authors, meta.authors_from
    known = {author.name.casefold() for author in meta.authors}
    visible = {author.name.casefold() for author in head.authors}
    if known and not known & visible:
        return meta.authors, meta.authors_from
    return head.authors, "byline"


def called_author(root: html.HtmlElement, site: str) -> tuple[tuple[Author, ...], str]:
    """Return a full name in an element with an author's class, outside comments and the like."""
    for element in _CALLED_AUTHOR(root)[:MOST_CALLED]:
        text = _short_text(element)
        if not text or _is_elsewhere(element):
            continue
        named = tuple(
            author
            for author in read_byline(text, site)
            if is_name(author.name, site) and (" " in author.name or not author.name.isascii())
        )
        if named:
            return named, "markup (guessed)"
    return (), ""


def _short_text(element: html.HtmlElement) -> str:
    """Return the text of an element, or an empty string if it is too long for a byline."""
    parts: list[str] = []
    length = 0
    for part in element.itertext():
        parts.append(part)
        length += len(part.strip())
        if length > LONGEST_CALLED:
            return ""
    return tidy(" ".join(parts))


def _is_elsewhere(element: html.HtmlElement) -> bool:
    """Return whether an element is in comments, a list of other articles or the footer."""
    for number, above in enumerate(element.iterancestors()):
        tag = str(above.tag)
        if number > MOST_ANCESTORS or tag in {"body", "html"}:
            return False
        if tag in {"footer", "aside", "nav"} or is_away(above, tag):
            return True
    return False
