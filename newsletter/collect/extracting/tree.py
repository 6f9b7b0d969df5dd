"""Parse HTML into a tree, and undo what a lenient parser nests otherwise than browsers do."""

import re

from lxml import etree, html
from lxml.etree import LxmlError, XPath

from newsletter.collect.extracting.markup import is_hidden
from newsletter.errors import ExtractFailed
from subscribers.phrase import Phrase

# The parser knows no element of HTML5. An unclosed tag in the head, a button or a hidden paragraph
# therefore swallows the <main> that ends it in a browser.
CONTAINERS = ("nav", "button", "head", "dialog", "menu", "select", "noscript", "object", "svg")
_CONCEALED = XPath("//*[@hidden or contains(@style, 'none') or contains(@style, 'hidden')]")
_LENGTH = XPath("string-length(normalize-space(.))")
LONG_TAG = 8000
_LONG_TAG = re.compile(rf"<[^<>]{{{LONG_TAG},}}>?")
_FAR_APART = re.compile(rf"<[^<]{{{LONG_TAG}}}")
"""Found in four times less time than a long tag. Few pages have either."""
MOST_ATTRIBUTES = 1000
MOST_CONTAINERS, FEWEST_PARAGRAPHS = 40, 3
MAIN_SHARE, FEWEST_CHARACTERS = 0.5, 300
LONG_PARAGRAPH, FEWEST_LONG = 80, 2


def parse(text: str) -> html.HtmlElement:
    """Parse HTML leniently. Raises ExtractFailed if it cannot be parsed at all."""
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False
    )
    if "\x00" in text:
        text = text.replace("\x00", "")
    if _FAR_APART.search(text):
        text = _LONG_TAG.sub(_bounded, text)
    # Without this, a function in Python is called for every element that is touched.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (LxmlError, ValueError, AssertionError) as error:
        msg = Phrase("the page cannot be parsed as HTML")
        raise ExtractFailed(msg) from error


def _bounded(tag: re.Match[str]) -> str:
    """Drop a tag with thousands of attributes: the parser compares each with every other.

    A long tag with few of them holds a picture or data, and is kept.
    """
    text = tag.group()
    return "<p>" if text.count("=") + text.count(" ") > MOST_ATTRIBUTES else text


def drop_scripts(root: html.HtmlElement) -> None:
    """Remove scripts and styles. They are half of a typical page, and it is copied several times.

    What a page says to browsers without scripts is not its article either.
    """
    etree.strip_elements(root, "script", "style", with_tail=False)
    for element in list(root.iter("noscript")):
        # A tag that is not closed contains all that follows it.
        if not _may_hold_article(element) and _LENGTH(element) < FEWEST_CHARACTERS:
            element.drop_tree()


def drop_other_articles(root: html.HtmlElement, title: etree._Element) -> bool:
    """Remove the whole articles beside the one that has the title; return whether there were any.

    Teasers of other articles stay: they are recognized by their links.
    """
    own = next(title.iterancestors("article"), None)
    if own is None or not _is_whole(own):
        return False
    around = set(own.iterancestors("article"))
    others = [
        element
        for element in root.iter("article")
        if element is not own
        and element not in around
        and all(above is not own for above in element.iterancestors("article"))
        and (next(element.iter("h1"), None) is not None or _is_whole(element))
    ]
    for element in others:
        element.drop_tree()
    return bool(others)


def _is_whole(article: etree._Element) -> bool:
    """Return whether an article has paragraphs, not only a line that leads to them."""
    long = (element for element in article.iter("p") if _LENGTH(element) >= LONG_PARAGRAPH)
    return all(next(long, None) is not None for _ in range(FEWEST_LONG))


def is_blind(root: html.HtmlElement, seen: int) -> bool:
    """Return whether less than half of the text of a page without scripts was seen."""
    return bool(seen < (1 - MAIN_SHARE) * _LENGTH(root))


def repair(root: html.HtmlElement) -> None:
    """Turn an element that is skipped, but holds most of the page's text, into a plain one."""
    suspects = [element for element in root.iter(*CONTAINERS) if _may_hold_article(element)]
    suspects += [
        element for element in _CONCEALED(root) if is_hidden(element) and _may_hold_article(element)
    ]
    if not suspects:
        return
    whole = _LENGTH(root)
    for element in suspects[:MOST_CONTAINERS]:
        length = _LENGTH(element)
        if length >= FEWEST_CHARACTERS and length > MAIN_SHARE * whole:
            _open(element)


def _may_hold_article(element: html.HtmlElement) -> bool:
    if next(element.iter("main", "article"), None) is not None:
        return True
    paragraphs = element.iter("p")
    return all(next(paragraphs, None) is not None for _ in range(FEWEST_PARAGRAPHS))


def _open(element: html.HtmlElement) -> None:
    """Make an element visible, for our own pass and for trafilatura."""
    element.tag = "div"
    for name in ("hidden", "style", "class", "id", "role", "aria-hidden"):
        element.attrib.pop(name, None)
