"""Take the body of a page: trafilatura chooses what belongs to it, our own blocks keep its words.

Where the chosen text is found among our blocks, the sections are made of those: marks, spaces and
headings stay as the page has them. Where it is not, trafilatura's own rendering is used.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from htmldate import find_date
from lxml import etree, html
from trafilatura import bare_extraction

from newsletter.collect.extracting.labels import names_stop
from newsletter.collect.text.blocks import Block, Kind, tidy
from newsletter.model.article import Section

Element = etree._Element  # noqa: SLF001 - lxml names its element class so

_NOT_WORD = re.compile(r"[\W_]+")
_MARK = re.compile(r"\[\d{1,3}\]")
CLEAR = 0.97
HELD, EXPLAINED = 0.7, 0.45
BOUNDARIES = frozenset({"p", "head", "item", "quote", "cell", "row", "code", "list", "table", "lb"})


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph or heading as trafilatura chose it."""

    text: str
    heading: bool = False


def letters(text: str) -> str:
    """Reduce a text to its letters and digits, for comparison only."""
    return _NOT_WORD.sub("", _MARK.sub("", text)).casefold()


def packed(text: str) -> str:
    """Return a text without its spaces, to compare two readings of one page."""
    return "".join(text.split()).casefold()


def forms(text: str) -> set[str]:
    """Return a text packed: with its footnote marks, without them, and with their bare numbers."""
    if not _MARK.search(text):
        return {packed(text)}
    bare = _MARK.sub(lambda mark: mark.group()[1:-1], text)
    return {packed(text), packed(_MARK.sub("", text)), packed(bare)}


def chosen_parts(root: html.HtmlElement, url: str = "", prose: Sequence[str] = ()) -> list[Part]:
    """Return the paragraphs and headings that trafilatura takes for the article's body.

    `prose` is what our own pass holds for running text. Where trafilatura's quick pass agrees with
    it, that is taken; where not, its full comparison of several extractors. The tree is cut down
    first: it is copied several times, and scripts are half of a page.
    """
    for element in list(root.iter("script", "style", "svg", "template")):
        if "ld+json" not in (element.get("type") or ""):
            element.drop_tree()
    quick = _extracted(root, url, fast=True)
    return quick if _agree(quick, prose) else _extracted(root, url, fast=False)


def _extracted(root: html.HtmlElement, url: str, *, fast: bool) -> list[Part]:
    document = bare_extraction(
        root,
        url=url or None,
        fast=fast,
        include_comments=False,
        with_metadata=False,
        output_format="xml",
    )
    body = getattr(document, "body", None)
    return [] if body is None else list(_parts(body))


def _agree(parts: Sequence[Part], prose: Sequence[str]) -> bool:
    """Say whether the parts hold nearly all the prose, and little that is none."""
    taken = "".join(packed(part.text) for part in parts)
    keys = [packed(text) for text in prose]
    found = sum(len(key) for key in keys if key in taken)
    return found > HELD * sum(map(len, keys)) and found > EXPLAINED * len(taken)


def _parts(body: Element) -> Iterator[Part]:
    """Cut the chosen body at every boundary; text that stands between elements counts too."""
    open_texts: list[str] = []
    heading = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        boundary = element.tag in BOUNDARIES
        if boundary:
            if part := tidy("".join(open_texts)):
                yield Part(part, heading=heading > 0)
            open_texts.clear()
        if element.tag == "head":
            heading += 1 if event == "start" else -1
        open_texts.append((element.text if event == "start" else element.tail) or "")
    if part := tidy("".join(open_texts)):
        yield Part(part)


def aligned(
    blocks: Sequence[Block], parts: Sequence[Part], left_out: frozenset[int]
) -> list[int] | None:
    """Return which blocks make up `parts`, or None where they are not plainly the same text."""
    places: dict[str, list[int]] = {}
    for at, block in enumerate(blocks):
        if at in left_out:
            continue
        for form in forms(block.text):
            places.setdefault(form, []).append(at)
    taken: list[int] = []
    total = found = 0
    last = -1
    for part in parts:
        key = packed(part.text)
        if not key:
            continue
        total += len(key)
        at = next((one for one in places.get(key, ()) if one > last), -1)
        if at >= 0:
            found += len(key)
            taken.append(at)
            last = at
    return taken if total and found / total >= CLEAR else None


def block_sections(
    blocks: Sequence[Block], taken: Sequence[int], left_out: frozenset[int]
) -> tuple[Section, ...]:
    """Make sections of the taken blocks, with the headings that stand directly above them."""
    chosen = set(taken)
    wanted: list[Block] = []
    for at in range(min(taken), max(taken) + 1):
        block = blocks[at]
        lost = (
            block.kind is Kind.HEADING
            and block.level > 1
            and at + 1 in chosen
            and at not in left_out
        )
        if at in chosen or (lost and not names_stop(block.text)):
            wanted.append(block)
    return sections((block.text, block.kind is Kind.HEADING) for block in wanted)


def part_sections(parts: Sequence[Part]) -> tuple[Section, ...]:
    """Make sections of trafilatura's own rendering."""
    return sections((part.text, part.heading) for part in parts)


def plain_sections(
    blocks: Sequence[Block], start: int, end: int, left_out: frozenset[int]
) -> tuple[Section, ...]:
    """Make sections of everything between `start` and `end` that reads like prose."""
    rest = [blocks[at] for at in range(start, end) if at not in left_out]
    return sections(
        (block.text, block.kind is Kind.HEADING)
        for block in rest
        if block.kind is Kind.HEADING or (block.linked < 0.5 and block.zone != "footer")  # noqa: PLR2004
    )


def sections(texts: Iterator[tuple[str, bool]] | Sequence[tuple[str, bool]]) -> tuple[Section, ...]:
    """Group paragraphs under their headings; a heading without text joins what follows."""
    made: list[Section] = []
    heading: str | None = None
    paragraphs: list[str] = []
    for text, is_heading in texts:
        if not is_heading:
            paragraphs.append(text)
            continue
        if paragraphs or heading:
            made.append(Section(heading, tuple(paragraphs)))
        heading, paragraphs = text, []
    if paragraphs:
        made.append(Section(heading, tuple(paragraphs)))
    return tuple(made)


def guessed_date(root: html.HtmlElement, url: str = "") -> str:
    """Ask htmldate for the original date; it may be inferred, so the caller flags it."""
    return find_date(root, original_date=True, extensive_search=False, url=url or None) or ""
