"""Check the frozen bytes of an edition against guidelines for accessible email.

The rules are those of the Email Markup Consortium's accessibility report and of WCAG 2.2 that a
program can decide without a browser. Contrast is computed from the inlined colors.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from lxml import html

from newsletter.model.accessibility import Audit, merged
from newsletter.model.edition import Edition, issue_hash
from newsletter.model.finding import CHECKS, Finding, IssuePlace, PlaceKind
from newsletter.render.palette import contrast
from subscribers.phrase import Phrase

SMALLEST = 12
"""The smallest size of text in pixels."""
ENOUGH, ENOUGH_IF_LARGE, LARGE, LARGE_IF_BOLD = 4.5, 3.0, 24, 18.66
"""Contrast, and the sizes in pixels from which text counts as large (WCAG 2.2, 1.4.3)."""
_VAGUE = re.compile(
    r"(?:click |read |learn |find out |see )?(?:here|more|this|link)|continue|details"
    r"|여기|더 ?보기|자세히",
    re.IGNORECASE,
)
_DECLARED = re.compile(r"([a-z-]+)\s*:\s*([^;]+)")
_SIX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_SKIPPED = frozenset({"style", "script", "title", "head"})
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BOLD = frozenset({*_HEADINGS, "strong", "b", "th"})

Problems = Iterator[str]


def audit(editions: Sequence[Edition], at: datetime | None = None) -> Audit:
    """Check all editions of an issue, and return the result with the hash of their bytes."""
    return merged(issue_hash(editions), [problems_of(edition.html) for edition in editions], at)


def findings(audit: Audit) -> Iterator[Finding]:
    """Yield a finding for each rule that is broken; it quotes the first problem."""
    for result in audit.results:
        if result.problems:
            more = len(result.problems) - 1
            message = Phrase(
                "The accessibility rule “{rule}” is broken: {problem}{more}.",
                rule=result.rule,
                problem=result.problems[0],
                more=Phrase(" and {more} more", more=more) if more else "",
            )
            yield Finding(
                "accessibility",
                CHECKS["accessibility"],
                message,
                place=IssuePlace(PlaceKind.EDITION, 1),
                found=result.problems,
            )


def problems_of(page: str) -> dict[str, tuple[str, ...]]:
    """Return the problems of an edition's HTML by rule; a rule without problems passed."""
    root = html.fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    return {name: tuple(dict.fromkeys(rule(root))) for name, rule in RULES.items()}


def _language(root: html.HtmlElement) -> Problems:
    frames = [element for element in root.iter("div") if element.get("role") == "article"]
    for name, element in (
        (Phrase("document"), root),
        (Phrase("content"), frames[0] if frames else None),
    ):
        if element is None or not (element.get("lang") and element.get("dir")):
            yield Phrase("the {name} does not state its language and direction", name=name)


def _title(root: html.HtmlElement) -> Problems:
    if not (root.findtext(".//title") or "").strip():
        yield Phrase("the document has no title")


def _headings(root: html.HtmlElement) -> Problems:
    levels = [int(str(element.tag)[1]) for element in root.iter(*_HEADINGS)]
    if levels.count(1) != 1 or levels[0] != 1:
        yield Phrase("there must be one heading of the first level, before all others")
    deeper = (after for before, after in pairwise(levels) if after > before + 1)
    for level in deeper:
        yield Phrase("a heading of level {level} skips a level", level=level)


def _tables(root: html.HtmlElement) -> Problems:
    if any(table.get("role") != "presentation" for table in root.iter("table")):
        yield Phrase("a table for layout is announced as a table of data")


def _alternatives(root: html.HtmlElement) -> Problems:
    for image in root.iter("img"):
        if image.get("alt") is None:
            yield Phrase("the image {address} has no alternative text", address=image.get("src"))


def _links(root: html.HtmlElement) -> Problems:
    """Yield vague links, and links that a reader cannot tell apart below the same heading."""
    heading = ""
    targets: dict[tuple[str, str], str] = {}
    for element in root.iter("a", *_HEADINGS):
        name = _name(element)
        if element.tag in _HEADINGS:
            heading = name
            continue
        if (element.get("aria-hidden"), element.get("tabindex")) == ("true", "-1"):
            continue  # no one meets it
        href = str(element.get("href"))
        if not name or _VAGUE.fullmatch(name):
            yield Phrase("the words of a link do not say where it leads: “{name}”", name=name)
        elif href.startswith("#"):
            continue
        elif targets.setdefault((heading, name.casefold()), href) != href:
            yield Phrase(
                "two links with the same words lead to different pages: “{name}”", name=name
            )


def _name(link: html.HtmlElement) -> str:
    words = [str(link.text_content()), *(str(image.get("alt") or "") for image in link.iter("img"))]
    return " ".join(" ".join(words).split())


def _zoom(root: html.HtmlElement) -> Problems:
    for meta in root.iter("meta"):
        content = str(meta.get("content") or "").replace(" ", "")
        if meta.get("name") == "viewport" and re.search(
            r"user-scalable=(?:no|0)|maximum-scale=1(?!\d)", content
        ):
            yield Phrase("the page cannot be enlarged")


def _alignment(root: html.HtmlElement) -> Problems:
    if any(_styles(element).get("text-align") == "justify" for element in root.iter()):
        yield Phrase("justified text is hard to read")


def _size(root: html.HtmlElement) -> Problems:
    for text, shown in _texts(root):
        if 0 < shown.size < SMALLEST:
            yield Phrase("text of {size:g} pixels: “{text}”", size=shown.size, text=text[:30])


def _contrast(root: html.HtmlElement) -> Problems:
    for text, shown in _texts(root):
        large = shown.size >= LARGE or (shown.bold and shown.size >= LARGE_IF_BOLD)
        ratio = contrast(shown.color, shown.background)
        if ratio < (ENOUGH_IF_LARGE if large else ENOUGH):
            yield Phrase("contrast {ratio:.1f}: “{text}”", ratio=ratio, text=text[:30])


@dataclass(frozen=True, slots=True)
class Shown:
    """How a text looks: colors as #rrggbb, its size in pixels, and whether it is bold."""

    color: str = "#000000"
    background: str = "#ffffff"
    size: float = 16
    bold: bool = False


def _texts(root: html.HtmlElement) -> Iterator[tuple[str, Shown]]:
    """Yield every visible text with its look, from the inlined styles."""
    stack = [(root, Shown())]
    while stack:
        element, above = stack.pop()
        if not isinstance(element.tag, str) or element.tag in _SKIPPED:
            continue
        styles = _styles(element)
        if styles.get("display") == "none":
            continue
        shown = _shown(element, styles, above)
        for text in (element.text, *(child.tail for child in element)):
            if text and text.strip():
                yield text.strip(), shown
        stack += [(child, shown) for child in element]


def _styles(element: html.HtmlElement) -> dict[str, str]:
    declared = _DECLARED.findall(str(element.get("style") or ""))
    return {name: value.strip() for name, value in declared}


def _shown(element: html.HtmlElement, styles: dict[str, str], above: Shown) -> Shown:
    size = re.match(r"[\d.]+(?=px)", styles.get("font-size", ""))
    weight = styles.get("font-weight", "bold" if element.tag in _BOLD else "")
    return Shown(
        color=_color(styles.get("color"), above.color),
        background=_color(
            styles.get("background-color"), _color(element.get("bgcolor"), above.background)
        ),
        size=float(size[0]) if size else above.size,
        bold=weight in {"bold", "700"} if weight else above.bold,
    )


def _color(stated: str | None, inherited: str) -> str:
    return stated if stated and _SIX.fullmatch(stated) else inherited


RULES: dict[str, Callable[[html.HtmlElement], Problems]] = {
    "language": _language,
    "title": _title,
    "headings": _headings,
    "layout tables": _tables,
    "alternative texts": _alternatives,
    "words of links": _links,
    "zoom": _zoom,
    "alignment": _alignment,
    "size of text": _size,
    "contrast": _contrast,
}
