"""Cut a parsed HTML tree into blocks, in a single walk without recursion."""

import re
from dataclasses import dataclass, field

from lxml import etree

from newsletter.collect.text.blocks import BlockKind, TextBlock, tidy

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
BOLD = frozenset({"b", "strong"})
LISTS = frozenset({"ul", "ol", "dl"})
LINES = frozenset({"span", "a", "em", "small"})
OPENERS = frozenset({*HEADINGS, "summary", "dt"})
MARKERS = frozenset({"a", "sup"})
_OWN_LINE = re.compile(
    r"kicker|eyebrow|overline|byline|headline-?(?:intro|kicker)|dachzeile|roofline", re.IGNORECASE
)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_MARK = re.compile(r"^\s*\d{1,3}\s*$")
_NOTE_TARGET = re.compile(r"^#.*(?:note|ftn|fn|ref|cite|end)", re.IGNORECASE)
NAMING = ("class", "id", "rel", "itemprop", "data-testid")
DEEPEST_HINTS = 4


@dataclass(slots=True)
class Walk:
    """The open elements at the current place, and the blocks closed so far."""

    blocks: list[TextBlock] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    linked: int = 0
    bold: int = 0
    depth_linked: int = 0
    depth_bold: int = 0
    numbered: int = 0
    zones: list[str] = field(default_factory=list)
    stack: list[Element] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)

    def add(self, text: str | None) -> None:
        """Add a run of text at the current place."""
        if not text:
            return
        self.parts.append(text.replace("\n", " "))
        if self.depth_linked:
            self.linked += len(text)
        if self.depth_bold:
            self.bold += len(text)

    def open(self, element: Element, tag: str) -> None:
        """Start a block-level element."""
        self.close()
        self.stack.append(element)
        if zone := ZONES.get(tag):
            self.zones.append(zone)
        if tag in LISTS or tag == "li":
            self.numbered += 1
            (self.items if tag == "li" else self.lists).append(self.numbered)

    def shut(self, tag: str) -> None:
        """End the innermost block-level element."""
        self.close()
        self.stack.pop()
        if tag in ZONES:
            self.zones.pop()
        elif tag == "li":
            self.items.pop()
        elif tag in LISTS:
            self.lists.pop()

    def close(self) -> None:
        """Make a block of the text since the last boundary."""
        if not self.parts:
            return
        raw = "".join(self.parts)
        self.parts.clear()
        text = tidy(raw)
        if text and self.stack:
            self.blocks.append(self._block(raw, text))
            self.elements.append(self.stack[-1])
        self.linked = self.bold = 0

    def _block(self, raw: str, text: str) -> TextBlock:
        lines = tuple(filter(None, map(tidy, raw.split("\n")))) if "\n" in raw else ()
        level, kind = self._form()
        return TextBlock(
            kind=kind,
            text=text,
            level=level,
            group=self.lists[-1] if self.lists else 0,
            item=self.items[-1] if self.items else 0,
            depth=len(self.lists),
            lines=lines,
            linked=min(1.0, self.linked / len(text)),
            bold=min(1.0, self.bold / len(text)),
            zone=self.zones[-1] if self.zones else "",
            index=len(self.blocks),
        )

    def _form(self) -> tuple[int, BlockKind]:
        """Return the heading level and kind from the nearest open elements."""
        for element in self.stack[: -DEEPEST_HINTS - 1 : -1]:
            tag = str(element.tag)
            if level := HEADINGS.get(tag):
                return level, BlockKind.HEADING
            if tag == "li":
                return 0, BlockKind.ITEM
            if tag in {"td", "th", "article", "section", "body", "blockquote"}:
                break
        return 0, BlockKind.PARAGRAPH


def markup_blocks(root: Element) -> tuple[list[TextBlock], list[Element]]:
    """Return the blocks of the tree in reading order, and the element of each block."""
    walk = Walk()
    context = etree.iterwalk(root, events=("start", "end"))
    skipping = None
    for event, element in context:
        tag = str(element.tag)
        if element is skipping:
            skipping = None
            walk.add(element.tail)
        elif event == "end":
            _leave(walk, element, tag)
        elif _is_skipped(element, tag):
            context.skip_subtree()
            skipping = element
        elif tag in MARKERS and (mark := _note_mark(element, tag, walk.parts)):
            walk.parts.append(f"[{mark}]")
            context.skip_subtree()
            skipping = element
        else:
            _enter(walk, element, tag)
    walk.close()
    return walk.blocks, walk.elements


def _enter(walk: Walk, element: Element, tag: str) -> None:
    if tag in BLOCKS or (tag in LINES and _own_line(element)):
        walk.open(element, tag)
    elif tag == "br":
        walk.parts.append("\n")
    elif tag == "a":
        walk.depth_linked += 1
    elif tag in BOLD:
        walk.depth_bold += 1
    walk.add(element.text)


def _leave(walk: Walk, element: Element, tag: str) -> None:
    if walk.stack and walk.stack[-1] is element:
        walk.shut(tag)
    elif tag == "a":
        walk.depth_linked -= 1
    elif tag in BOLD:
        walk.depth_bold -= 1
    walk.add(element.tail)


def _own_line(element: Element) -> bool:
    return bool(_OWN_LINE.search(element.get("class") or ""))


def _is_skipped(element: Element, tag: str) -> bool:
    """Return whether to skip an element. A button inside a heading is read: it is the title."""
    if tag in SKIPPED:
        above = element.getparent()
        return tag != "button" or above is None or str(above.tag) not in OPENERS
    return _is_hidden(element)


def _is_hidden(element: Element) -> bool:
    if element.get("hidden") is not None:
        return True
    style = element.get("style")
    return bool(style and _HIDDEN.search(style))


def _note_mark(element: Element, tag: str, before: list[str]) -> str:
    """Return the number of a footnote mark without brackets, or an empty string.

    A superscript number is a mark if it links to a note, is at the start of a block, or follows
    punctuation. After a letter or digit it may be an exponent.
    """
    inner = element[0] if len(element) == 1 and not (element.text or "").strip() else element
    if len(inner) or not _MARK.match(inner.text or ""):
        return ""
    if tag != "sup" and inner.tag != "sup":
        return ""
    link = element if tag == "a" else inner
    linked = bool(_NOTE_TARGET.match(link.get("href") or ""))
    last = next((part[-1] for part in reversed(before) if part), "")
    stands = not "".join(before).strip() or last in ".,;:!?”’\"')]。、」"
    return (inner.text or "").strip() if linked or stands else ""


def hints(element: Element, depth: int = 3) -> str:
    """Return class, id, rel and itemprop of the element and of its `depth` - 1 parents."""
    found: list[str] = []
    place: Element | None = element
    for _ in range(depth):
        if place is None:
            break
        get = place.get
        found.extend(value for name in NAMING if (value := get(name)))
        found.append("|")
        place = place.getparent()
    return " ".join(found).lower()
