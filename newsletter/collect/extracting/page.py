"""Extract an article from HTML: our own pass finds its parts, trafilatura its body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

from lxml import html
from lxml.etree import XPath

from newsletter.collect.extracting import body
from newsletter.collect.extracting.authorship import called_author, stated_authors
from newsletter.collect.extracting.boilerplate import is_boilerplate, offered
from newsletter.collect.extracting.dating import published
from newsletter.collect.extracting.head import Head, page_head
from newsletter.collect.extracting.markup import Element, hints, markup_blocks
from newsletter.collect.extracting.metadata import Metadata, read_metadata
from newsletter.collect.extracting.notes import Tail, read_tail
from newsletter.collect.extracting.pictures import lead_image
from newsletter.collect.extracting.points import KeyPoints
from newsletter.collect.extracting.takeaways import author_takeaways
from newsletter.collect.extracting.timestamps import marked_date
from newsletter.collect.extracting.tree import (
    drop_other_articles,
    drop_scripts,
    is_blind,
    parse,
    repair,
)
from newsletter.collect.text import language, urls
from newsletter.collect.text.blocks import BlockKind, TextBlock, count_words
from newsletter.collect.text.dates import When, read_date
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author, Extracted, Section
from subscribers.phrase import Phrase

_COUNT = XPath("count(//*)")
MOST_ELEMENTS, MOST_TEXTS, MOST_LINKS = 25_000, 500, 50
"""On larger pages only our own pass runs: the libraries take more than linear time on some."""
FEWEST_WORDS = 8
TITLE_BEGINS, TITLE_HELD = 0.3, 0.5
PROSE_WORDS, PROSE_LINKED = 12, 0.4
_SEPARATORS = re.compile(r"\s+[|–—·»:-]\s+")
_TRUNCATED = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|read more|continue reading|weiterlesen)\s*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page, cut into blocks."""

    root: html.HtmlElement
    url: str
    meta: Metadata
    blocks: list[TextBlock]
    elements: list[Element]
    is_huge: bool = False

    def hints(self, block: TextBlock, depth: int) -> str:
        """Return the class, id and rel words of the block's element and its parents."""
        return hints(self.elements[block.index], depth)

    def links(self, block: TextBlock) -> list[str]:
        """Return the addresses that the block links to."""
        links = islice(self.elements[block.index].iter("a"), MOST_LINKS)
        return [href for link in links if (href := link.get("href"))]


@dataclass(frozen=True, slots=True)
class Found:
    """What our own pass recognized on a page, and the blocks it used."""

    head: Head
    points: KeyPoints | None
    tail: Tail
    authors: tuple[Author, ...]
    authors_from: str
    marked: When | None

    @property
    def used(self) -> frozenset[int]:
        """Return the blocks that do not belong to the body."""
        taken = self.head.used | self.tail.used
        return taken | self.points.used if self.points else taken


def extract_markup(text: str, *, url: str = "") -> Extracted:
    """Extract the article from an HTML document. Raises ExtractFailed if there is none."""
    page = _with_one_article(open_page(text, url))
    found = recognize(page)
    title, title_from = _title(found.head, page.meta)
    if not title:
        msg = Phrase("no title found on the page")
        raise ExtractFailed(msg)
    when, when_from, guessed = published(
        page.meta, found.head, found.marked, lambda: _guessed_date(page)
    )
    authors, authors_from = found.authors, found.authors_from
    if not authors:
        authors, authors_from = called_author(page.root, page.meta.site)
    # Before trafilatura, which changes the tree.
    image, image_from = lead_image(page.root, page.meta, page.url)
    made, made_from = _sections(page, found)
    words = sum(count_words(paragraph) for section in made for paragraph in section.paragraphs)
    if words < FEWEST_WORDS and not found.points:
        msg = Phrase("no text found below the title “{title}”", title=title)
        raise ExtractFailed(msg)
    article = replace(
        _assembled(page, found, made),
        title=title,
        authors=authors,
        published=when.day if when else None,
        published_at=when.at if when else None,
        date_guessed=guessed,
        image=image,
    )
    origins = {"title": title_from, "date": when_from, "authors": authors_from, "image": image_from}
    return _with_origins(article, page, found, {**origins, "sections": made_from})


def _guessed_date(page: Page) -> When | None:
    return None if page.is_huge else read_date(body.guessed_date(page.root, page.url))


def open_page(text: str, url: str) -> Page:
    """Parse a page and cut it into blocks."""
    root = parse(text)
    meta = read_metadata(root, url)
    drop_scripts(root)
    blocks, elements = markup_blocks(root)
    if is_blind(root, sum(len(block.text) for block in blocks)):
        repair(root)
        blocks, elements = markup_blocks(root)
    return Page(root, url, meta, blocks, elements, is_huge=_COUNT(root) > MOST_ELEMENTS)


def _with_one_article(page: Page) -> Page:
    """Leave out the other articles of a page that has several below each other."""
    at = _title_block(page.blocks, page.meta)
    if at < 0 or not drop_other_articles(page.root, page.elements[at]):
        return page
    blocks, elements = markup_blocks(page.root)
    return replace(page, blocks=blocks, elements=elements)


def recognize(page: Page) -> Found:
    """Find the parts of the article among the page's blocks."""
    at = _title_block(page.blocks, page.meta)
    head = page_head(page.blocks, at, page.hints, page.meta.site) if at >= 0 else Head()
    points = author_takeaways(page.blocks, page.hints, head.used)
    authors, authors_from = stated_authors(head, page.meta)
    tail = read_tail(page.blocks, max(at + 1, 0), authors, page.hints, page.links)
    marked = marked_date(page.elements[at]) if at >= 0 else None
    return Found(head, points, tail, authors, authors_from, marked)


def _title_block(blocks: list[TextBlock], meta: Metadata) -> int:
    """Return the title block: the heading that best matches the page's own title."""
    said = [body.letters(text) for text in (meta.title, meta.page_title) if text]
    site = body.letters(meta.site)
    best, score = -1, 0.0
    for at, block in enumerate(blocks):
        if block.kind is not BlockKind.HEADING or block.zone == "footer":
            continue
        key = body.letters(block.text)
        worth = _title_worth(key, said, is_first_level=block.level == 1) if key != site else 0.0
        if worth > score:
            best, score = at, worth
    return best


def _title_worth(key: str, said: list[str], *, is_first_level: bool) -> float:
    """Score a heading: equal to the page's title, its beginning, or most of it."""
    if not key:
        return 0.0
    worth = 0.5 if is_first_level else 0.0
    for name in said:
        share = len(key) / len(name) if name else 0.0
        if key == name:
            worth = max(worth, 4.0)
        elif name.startswith(key) and share > TITLE_BEGINS:
            worth = max(worth, 2.0 + share)
        elif key in name and share > TITLE_HELD:
            worth = max(worth, 1.0 + share)
    return worth


def _title(head: Head, meta: Metadata) -> tuple[str, str]:
    if head.title:
        return head.title, "heading"
    if meta.title:
        return _without_site(meta.title, meta.site), "opengraph"
    return _without_site(meta.page_title, meta.site), "page title"


def _without_site(title: str, site: str) -> str:
    parts = _SEPARATORS.split(title)
    if len(parts) < 2:  # noqa: PLR2004 - nothing to drop
        return title
    last = parts[-1]
    if site and last.casefold() != site.casefold() and len(last.split()) > 3:  # noqa: PLR2004
        return title
    return title[: len(title) - len(last)].rstrip(" |–—·»:-")


def _sections(page: Page, found: Found) -> tuple[tuple[Section, ...], str]:
    """Make the sections. What our own pass used is removed before trafilatura runs."""
    used = found.used
    if page.is_huge:
        rest = body.plain_sections(page.blocks, found.head.end, found.tail.end, used)
        return rest, "own pass (the page is huge)"
    for at in found.tail.used | (found.points.used if found.points else frozenset()):
        _drop(page.blocks[at], page.elements[at])
    known = {form for at in used for form in body.forms(page.blocks[at].text)}
    known.add(body.packed(found.head.title))
    chosen = body.chosen_parts(page.root, page.url, _prose(page, found))
    offers = offered([part.text for part in chosen])
    parts = [
        part
        for at, part in enumerate(chosen)
        if at not in offers
        and body.packed(part.text) not in known
        and not is_boilerplate(part.text)
    ]
    taken = body.aligned(page.blocks, parts, used)
    if taken:
        return body.block_sections(page.blocks, taken, used), "own pass"
    if parts:
        return body.part_sections(parts), "trafilatura"
    rest = body.plain_sections(page.blocks, found.head.end, found.tail.end, used)
    return rest, "own pass (trafilatura found none)"


def _prose(page: Page, found: Found) -> list[str]:
    """Return the blocks that look like running text: long, with few links, not in an aside."""
    start, used = max(0, found.head.end - 1), found.used
    return [
        block.text
        for block in page.blocks[start : found.tail.end]
        if block.kind is not BlockKind.HEADING
        and block.words >= PROSE_WORDS
        and block.linked < PROSE_LINKED
        and not block.zone
        and block.index not in used
    ]


def _drop(block: TextBlock, element: Element) -> None:
    """Remove a block from the tree, if its element contains nothing else."""
    if element.getparent() is None or element.tag in {"body", "html", "article", "main"}:
        return
    parts = islice(element.itertext(), MOST_TEXTS)
    if body.packed("".join(parts)) in body.forms(block.text):
        element.drop_tree()  # type: ignore[attr-defined] # the parser makes HtmlElements


def _assembled(page: Page, found: Found, made: tuple[Section, ...]) -> Extracted:
    meta, head, points = page.meta, found.head, found.points
    paragraphs = [paragraph for section in made for paragraph in section.paragraphs]
    sample = " ".join(paragraphs[: language.ENOUGH_PARAGRAPHS])
    lang = language.settled(meta.lang, sample or head.title)
    return Extracted(
        title=head.title,
        url=_address(page),
        kicker=head.kicker,
        topics=head.topics or meta.topics,
        takeaways_label=points.label if points else "",
        takeaways=points.items if points else (),
        sections=made,
        footnotes=found.tail.footnotes,
        author_bio=found.tail.bio,
        teaser=teaser(meta.description, head.title),
        lang=lang,
        direction="rtl" if _right_to_left(page, lang) else "ltr",
        translations=meta.translations,
    )


def _address(page: Page) -> str:
    """Return the canonical address, unless it is on another site or the front page."""
    canonical = page.meta.url
    if not canonical or (page.url and urls.host(canonical) != urls.host(page.url)):
        return page.url
    return page.url if page.url and urls.is_homepage(canonical) else canonical


def teaser(description: str, title: str) -> str:
    """Return the description, unless it is cut off or repeats the title."""
    if not description or _TRUNCATED.search(description) or is_boilerplate(description):
        return ""
    return "" if body.letters(description) == body.letters(title) else description


def _right_to_left(page: Page, lang: str) -> bool:
    declared = page.root.get("dir") or ""
    return declared.lower() == "rtl" or (not declared and language.is_right_to_left(lang))


def _with_origins(
    article: Extracted, page: Page, found: Found, origins: Mapping[str, str]
) -> Extracted:
    meta, points, tail = page.meta, found.points, found.tail
    label = f" under “{points.label}”" if points and points.label else ""
    every = {
        **origins,
        "kicker": "line above the title" if article.kicker else "",
        "topics": "tags below the title" if found.head.topics else meta.topics_from,
        "takeaways": f"author's {points.how}{label}" if points else "",
        "footnotes": tail.notes_how,
        "author_bio": tail.bio_how,
        "teaser": meta.description_from if article.teaser else "",
        "lang": "declared" if article.lang == language.code(meta.lang) else "words of the text",
        "url": "canonical" if meta.url and article.url == meta.url else "",
    }
    return replace(article, provenance={key: value for key, value in every.items() if value})
