"""Extract the body of a page: trafilatura chooses the text, our own blocks supply the words.

If the chosen text is found among our blocks, the sections are made from those blocks, so that
footnote marks, spaces and headings stay as they are on the page. Otherwise trafilatura's own
rendering is used.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from htmldate import find_date
from lxml import etree, html
from trafilatura import bare_extraction

from newsletter.collect.extracting.boilerplate import is_boilerplate
from newsletter.collect.extracting.labels import names_stop
from newsletter.collect.text.blocks import BlockKind, TextBlock, tidy
from newsletter.model.article import Section

Element = etree._Element  # noqa: SLF001 - lxml names its element class so

_NOT_WORD = re.compile(r"[\W_]+")
_MARK = re.compile(r"\[\d{1,3}\]")
CLEAR = 0.97
HELD, EXPLAINED = 0.1, 0.15
MOSTLY = 0.5
MOST_SEARCHED = 200
BOUNDARIES = frozenset({"p", "head", "item", "quote", "cell", "row", "code", "list", "table", "lb"})
WORDLESS = (
    "svg", "template", "link", "meta", "input", "img", "source", "iframe", "embed", "param", "track", "use", "area",
)  # fmt: skip
"""What trafilatura leaves out in any case, after it has compared each with all of its names."""


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A paragraph or heading that trafilatura chose."""

    text: str
    heading: bool = False


def letters(text: str) -> str:
    """Reduce a text to its letters and digits, for comparison only."""
    return _NOT_WORD.sub("", _MARK.sub("", text)).casefold()


def packed(text: str) -> str:
    """Return a text without spaces, to compare two readings of the same page."""
    return "".join(text.split()).casefold()


def forms(text: str) -> set[str]:
    """Return the packed text with its footnote marks, without them, and with bare numbers."""
    if not _MARK.search(text):
        return {packed(text)}
    bare = _MARK.sub(lambda mark: mark.group()[1:-1], text)
    return {packed(text), packed(_MARK.sub("", text)), packed(bare)}


def chosen_parts(
    root: html.HtmlElement, url: str = "", prose: Sequence[str] = ()
) -> list[BodyPart]:
    """Return the paragraphs and headings that trafilatura chooses as the article's body.

    `prose` is what our own pass considers running text. Trafilatura's fast mode is nearly always
    right. Its full mode takes twice the time to compare several extractors, and is right more often
    only where the fast mode has taken something else than running text.
    """
    etree.strip_elements(root, *WORDLESS, with_tail=False)
    quick = _extracted(root, url, fast=True)
    return quick if _agree(quick, prose) else _extracted(root, url, fast=False)


def _extracted(root: html.HtmlElement, url: str, *, fast: bool) -> list[BodyPart]:
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


def _agree(parts: Sequence[BodyPart], prose: Sequence[str]) -> bool:
    """Return whether the parts are running text: some of the prose, and not mostly other text."""
    pieces = [packed(part.text) for part in parts]
    taken, whole = "".join(pieces), set(pieces)
    keys = [packed(text) for text in prose]
    found, searched = 0, 0
    for key in keys:
        if key not in whole:
            # Searching the whole text for every paragraph would be quadratic.
            searched += 1
            if searched > MOST_SEARCHED or key not in taken:
                continue
        found += len(key)
    return found > HELD * sum(map(len, keys)) and found > EXPLAINED * len(taken)


def _parts(body: Element) -> Iterator[BodyPart]:
    """Cut the chosen body at every boundary, including text between elements."""
    open_texts: list[str] = []
    heading = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        boundary = element.tag in BOUNDARIES and not _is_inline_code(element)
        if boundary:
            if part := tidy("".join(open_texts)):
                yield BodyPart(part, heading=heading > 0)
            open_texts.clear()
        if element.tag == "head":
            heading += 1 if event == "start" else -1
        open_texts.append((element.text if event == "start" else element.tail) or "")
    if part := tidy("".join(open_texts)):
        yield BodyPart(part)


def _is_inline_code(element: Element) -> bool:
    """Return whether an element is code within a sentence."""
    above = element.getparent() if element.tag == "code" else None
    return above is not None and above.tag in {"p", "head", "item", "quote", "cell"}


def aligned(
    blocks: Sequence[TextBlock], parts: Sequence[BodyPart], left_out: frozenset[int]
) -> list[int] | None:
    """Return the blocks that make up `parts`, or None if the texts clearly differ."""
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
        # Identical paragraphs are many on hostile pages: their places are sorted.
        same = places.get(key, [])
        after = bisect_right(same, last)
        at = same[after] if after < len(same) else -1
        if at >= 0:
            found += len(key)
            taken.append(at)
            last = at
    return taken if total and found / total >= CLEAR else None


def block_sections(
    blocks: Sequence[TextBlock], taken: Sequence[int], left_out: frozenset[int]
) -> tuple[Section, ...]:
    """Make sections from the chosen blocks and the headings directly above them."""
    chosen = set(taken)
    wanted: list[TextBlock] = []
    for at in range(min(taken), max(taken) + 1):
        block = blocks[at]
        lost = (
            block.kind is BlockKind.HEADING
            and block.level > 1
            and at + 1 in chosen
            and at not in left_out
        )
        if at in chosen or (lost and not names_stop(block.text)):
            wanted.append(block)
    return sections((block.text, block.kind is BlockKind.HEADING) for block in wanted)


def part_sections(parts: Sequence[BodyPart]) -> tuple[Section, ...]:
    """Make sections from trafilatura's own rendering."""
    return sections((part.text, part.heading) for part in parts)


def plain_sections(
    blocks: Sequence[TextBlock], start: int, end: int, left_out: frozenset[int]
) -> tuple[Section, ...]:
    """Make sections from everything between `start` and `end` that looks like prose."""
    rest = [blocks[at] for at in range(start, end) if at not in left_out]
    return sections(
        (block.text, block.kind is BlockKind.HEADING)
        for block in rest
        if block.kind is BlockKind.HEADING or _is_prose(block)
    )


def _is_prose(block: TextBlock) -> bool:
    linked = block.linked >= MOSTLY
    return not (linked or block.away or block.zone == "footer" or is_boilerplate(block.text))


def sections(texts: Iterator[tuple[str, bool]] | Sequence[tuple[str, bool]]) -> tuple[Section, ...]:
    """Group paragraphs under their headings."""
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
    """Ask htmldate for the original date. It may be a guess, so the caller must flag it."""
    return find_date(root, original_date=True, extensive_search=False, url=url or None) or ""
