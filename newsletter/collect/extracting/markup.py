"""Cut a parsed HTML tree into blocks, in a single walk without recursion."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from newsletter.collect.extracting.surroundings import is_away
from newsletter.collect.text.blocks import BlockKind, TextBlock, count_words, tidy

Element = etree._Element  # noqa: SLF001 - lxml names its element class so

HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset"
    " figcaption figure footer header hgroup hr li main ol p pre section summary table tbody td"
    " tfoot th thead tr ul h1 h2 h3 h4 h5 h6 html".split()
)
SKIPPED = frozenset(
    "audio button canvas datalist embed head iframe input map math noscript object option"
    " picture script select style svg template textarea video nav dialog menu".split()
)
ZONES = {"aside": "aside", "footer": "footer", "figcaption": "caption", "caption": "caption"}
BOXES = frozenset({"aside", "details"})
BOLD = frozenset({"b", "strong"})
LISTS = frozenset({"ul", "ol", "dl", "table"})
ITEMS = frozenset({"li", "tr", "dt"})
PLAIN = frozenset({"td", "th", "article", "section", "body", "blockquote"})
LINES = frozenset({"span", "a", "em", "small"})
OPENERS = frozenset({*HEADINGS, "summary", "dt"})
MARKERS = frozenset({"a", "sup"})
ROLES = {"list": "ul", "listitem": "li"}
ROLE_BEARERS = frozenset({"div", "span", "section"})
LISTED = LISTS | ITEMS | BOXES | {"dd"}
_OWN_LINE = re.compile(
    r"kicker|eyebrow|overline|byline|headline-?(?:intro|kicker)|dachzeile|roofline|topline"
    r"|supertitle|rubric|strapline",
    re.IGNORECASE,
)
_APART = re.compile(
    r"author|byline|name|role|title|position|affil|org|job|date|time|meta", re.IGNORECASE
)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
# React streams the content of a page as hidden elements that a script moves into place.
_STREAMED = re.compile(r"^S:[0-9a-f]+$")
_MARK = re.compile(r"^\s*\d{1,3}\s*$")
_NOTE_TARGET = re.compile(r"^#[^\s]{0,40}(?:note|ftn|fn|ref|cite|end)", re.IGNORECASE)
NAMING = ("class", "id", "rel", "itemprop", "data-testid")
REACH = 4
"""How many elements below a heading or a list item its text may be nested."""
LONGEST_HEADING = 45
"""Words. Some sites wrap whole paragraphs in headings to make them large."""
LONGEST_NAMES, SHORTEST_DATE = 300, 6


@dataclass(slots=True)
class Frame:
    """An open element that is not inline, with what it means for the text inside it."""

    element: Element
    tag: str
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    reach: int = 0
    zone: str = ""
    group: int = 0
    item: int = 0
    depth: int = 0
    box: int = 0
    away: bool = False


@dataclass(slots=True)
class Walk:
    """The open elements at the current place, and the blocks closed so far."""

    blocks: list[TextBlock] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    has_words: bool = False
    last: str = ""
    linked: int = 0
    bold: int = 0
    depth_linked: int = 0
    depth_bold: int = 0
    numbered: int = 0
    stack: list[Frame] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add a run of text at the current place."""
        if text.isspace():
            # Most runs are the indentation of the source.
            self.parts.append(" ")
            return
        self.parts.append(text.replace("\n", " "))
        self.last, self.has_words = text[-1], True
        if self.depth_linked:
            self.linked += len(text)
        if self.depth_bold:
            self.bold += len(text)

    def open(self, element: Element, tag: str) -> None:
        """Start a block-level element."""
        if self.parts:
            self.close()
        above = self.stack[-1] if self.stack else None
        if above is None:
            frame = Frame(element, tag)
        else:
            frame = Frame(
                element, tag, zone=above.zone, group=above.group, item=above.item,
                depth=above.depth, box=above.box, away=above.away,
            )  # fmt: skip
            if above.reach > 1 and tag not in PLAIN:
                frame.kind, frame.level, frame.reach = above.kind, above.level, above.reach - 1
        self._mean(frame)
        self.stack.append(frame)

    def _mean(self, frame: Frame) -> None:
        """Set what the element itself means for its text."""
        tag = frame.tag
        frame.away = frame.away or is_away(frame.element, tag)
        if tag in LISTED:
            self._list(frame, tag)
        elif level := HEADINGS.get(tag):
            frame.kind, frame.level, frame.reach = BlockKind.HEADING, level, REACH
        frame.zone = ZONES.get(tag, frame.zone)

    def _list(self, frame: Frame, tag: str) -> None:
        """Give lists, items and boxes their numbers: what belongs together has the same."""
        if tag != "dd":
            self.numbered += 1
        if tag in LISTS:
            frame.group, frame.item, frame.depth = self.numbered, 0, frame.depth + 1
        elif tag in BOXES:
            frame.box = self.numbered
        elif tag in ITEMS:
            frame.item = self.numbered
        else:
            frame.item = self._term()
        if tag == "li":
            frame.kind, frame.level, frame.reach = BlockKind.ITEM, 0, REACH

    def _term(self) -> int:
        """Return the item of the term that a description belongs to: its last sibling block."""
        for block in reversed(self.blocks[-3:]):
            if block.tag in {"dt", "dd"}:
                return block.item
        return 0

    def shut(self) -> None:
        """End the innermost block-level element."""
        if self.parts:
            self.close()
        self.stack.pop()

    def close(self) -> None:
        """Make a block of the text since the last boundary."""
        if self.has_words:
            raw = "".join(self.parts)
            text = tidy(raw)
            if text and self.stack:
                self.blocks.append(self._block(raw, text, self.stack[-1]))
                self.elements.append(self.stack[-1].element)
            self.linked = self.bold = 0
        self.parts.clear()
        self.last, self.has_words = "", False

    def _block(self, raw: str, text: str, frame: Frame) -> TextBlock:
        lines = tuple(filter(None, map(tidy, raw.split("\n")))) if "\n" in raw else ()
        kind, level = frame.kind, frame.level
        if kind is BlockKind.HEADING and count_words(text) > LONGEST_HEADING and level > 1:
            kind, level = BlockKind.PARAGRAPH, 0
        return TextBlock(
            kind=kind,
            text=text,
            level=level,
            group=frame.group,
            item=frame.item,
            depth=frame.depth,
            lines=lines,
            linked=min(1.0, self.linked / len(text)),
            bold=min(1.0, self.bold / len(text)),
            zone=frame.zone,
            box=frame.box,
            tag=frame.tag,
            away=frame.away,
            index=len(self.blocks),
        )


def markup_blocks(root: Element) -> tuple[list[TextBlock], list[Element]]:
    """Return the blocks of the tree in reading order, and the element of each block."""
    walk = Walk()
    context = etree.iterwalk(root, events=("start", "end"))
    skipping = None
    for event, element in context:
        if element is skipping:
            skipping = None
            if tail := element.tail:
                walk.add(tail)
            continue
        tag = str(element.tag)
        if event == "end":
            _leave(walk, element, tag)
            continue
        if _is_skipped(element, tag):
            context.skip_subtree()
            skipping = element
        elif tag in MARKERS and (mark := _note_mark(element, tag, walk)):
            walk.add(f"[{mark}]")
            context.skip_subtree()
            skipping = element
        else:
            _enter(walk, element, tag)
    walk.close()
    return walk.blocks, walk.elements


def _enter(walk: Walk, element: Element, tag: str) -> None:
    if tag in ROLE_BEARERS and (role := element.get("role")) in ROLES:
        walk.open(element, ROLES[role])
    elif tag in BLOCKS or (tag in LINES and _own_line(element)):
        walk.open(element, tag)
    elif tag == "br":
        walk.parts.append("\n")
    else:
        if walk.last.isalpha() and _is_apart(element):
            # "Ada Quell" and "Fellow" in two elements are shown apart, by their style alone.
            walk.parts.append("\n")
        if tag == "a":
            walk.depth_linked += 1
        elif tag in BOLD:
            walk.depth_bold += 1
    if text := element.text:
        walk.add(text)


def _leave(walk: Walk, element: Element, tag: str) -> None:
    if walk.stack and walk.stack[-1].element is element:
        walk.shut()
    elif tag == "a":
        walk.depth_linked -= 1
    elif tag in BOLD:
        walk.depth_bold -= 1
    if tail := element.tail:
        walk.add(tail)


def _is_apart(element: Element) -> bool:
    """Return whether an inline element is a name, a role or a date beside another one."""
    text = element.text or ""
    if not (text[:1].isupper() or (text[:1].isdigit() and len(text) >= SHORTEST_DATE)):
        return False
    names = element.get("class") or element.get("itemprop") or element.get("rel") or ""
    return _names(_APART, names[:LONGEST_NAMES])


def _own_line(element: Element) -> bool:
    names = element.get("class")
    return bool(names and _names(_OWN_LINE, names[:LONGEST_NAMES]))


@lru_cache(maxsize=1024)
def _names(pattern: re.Pattern[str], names: str) -> bool:
    """Return whether a pattern is found. A page repeats the names of its elements."""
    return bool(pattern.search(names))


def _is_skipped(element: Element, tag: str) -> bool:
    """Return whether to skip an element. A button inside a heading is read: it is the title."""
    if tag in SKIPPED:
        above = element.getparent()
        return tag != "button" or above is None or str(above.tag) not in OPENERS
    return is_hidden(element)


def is_hidden(element: Element) -> bool:
    """Return whether the page hides an element and no script will show it."""
    if element.get("hidden") is not None:
        return not _STREAMED.match(element.get("id") or "")
    style = element.get("style")
    return bool(style and _HIDDEN.search(style[:LONGEST_NAMES]))


def _note_mark(element: Element, tag: str, walk: Walk) -> str:
    """Return the number of a footnote mark without brackets, or an empty string.

    A superscript number is a mark if it links to a note, is at the start of a block, or follows
    punctuation. After a letter or digit it may be an exponent.
    """
    inner = element[0] if len(element) == 1 and not (element.text or "").strip() else element
    if len(inner) or not _MARK.match((inner.text or "")[:20]):
        return ""
    if tag != "sup" and inner.tag != "sup":
        return ""
    link = element if tag == "a" else inner
    linked = bool(_NOTE_TARGET.match(link.get("href") or ""))
    follows_mark = not walk.last or walk.last in ".,;:!?”’\"')]。、」"
    return (inner.text or "").strip() if linked or follows_mark else ""


def hints(element: Element, depth: int = 3) -> str:
    """Return class, id, rel and itemprop of the element and of its `depth` - 1 parents."""
    found: list[str] = []
    place: Element | None = element
    for _ in range(depth):
        if place is None:
            break
        get = place.get
        found.extend(value[:LONGEST_NAMES] for name in NAMING if (value := get(name)))
        found.append("|")
        place = place.getparent()
    return " ".join(found).lower()
