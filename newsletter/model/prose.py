"""The small Markdown that staff write in a note or a block: bold, italic, links, lists, images.

Everything else stays text, so that a stray `#` or `|` is printed as it was typed. `problems` says
what would not be printed as intended, and `raw_marks` finds marks that staff probably did not
mean to print.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from typing_extensions import override

from newsletter.model.text import bounded, printable, web_address

ProseKind = Literal["paragraph", "list", "numbered", "image", "signature"]
LONGEST_PROSE, LONGEST_ALT = 5000, 200

_RULES = (
    *("normalize", "block", "inline", "text_join"),
    *("paragraph", "list"),
    *("text", "newline", "escape", "emphasis", "link", "image", "autolink"),
    *("balance_pairs", "fragments_join"),
)
_BARE = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]’”']")
_MAIL = re.compile(r"mailto:[^\s@<>\"']+@[^\s@<>\"'?]+")
# The separator of signatures in Usenet and email, with or without its trailing blank.
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_RAW = re.compile(r"\*\*|__|\]\(|!\[|`|</?[a-z][^>]*>", re.IGNORECASE)
_RAW_LINE = re.compile(r"^ {0,3}(#{1,6}(?= )|>|\|)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text with one style; `href` is empty unless it is a link."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str = ""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """A part of the text: its lines are those of a paragraph, or the points of a list."""

    kind: ProseKind
    lines: tuple[Line, ...] = ()
    image: str = ""
    alt: str = ""


class _MarkdownReader(MarkdownIt):
    """A parser that accepts every address, so that `problems` can report a bad one."""

    @override
    def validateLink(self, url: str) -> bool:
        return True


@cache
def _parser() -> _MarkdownReader:
    parser = _MarkdownReader("zero")
    parser.enable(_RULES, ignoreInvalid=True)
    return parser


def parse(text: str) -> tuple[Prose, ...]:
    """Return the parts of a text; a link that cannot be printed becomes plain text."""
    body, _, signature = _split(text)
    tokens = _parser().parse(body)
    parts = [part for part in _parts(tokens) if part.image or any(part.lines)]
    signed = tuple(filter(None, map(_signature_line, signature.splitlines())))
    return (*parts, Prose("signature", signed)) if signed else tuple(parts)


def plain(text: str) -> str:
    """Return the first part of a text that has words, without marks."""
    lines = (line for part in parse(text) for line in part.lines)
    return next((words for line in lines if (words := plain_line(line))), "")


def plain_line(line: Line) -> str:
    """Return a line without marks."""
    return "".join(span.text for span in line).strip()


def problems(text: str) -> list[str]:
    """Return a sentence for every link and image that cannot be printed."""
    found = []
    for token in _inline(_parser().parse(clean(text))):
        address = str(token.attrGet("href" if token.type == "link_open" else "src") or "")
        if token.type == "link_open" and not _address(address):
            found.append(f"A link leads to “{address}”; use https://… or mailto:….")
        elif token.type == "image" and not web_address(address).startswith("https://"):
            found.append(f"An image is at “{address}”; use an address that begins with https://.")
        elif token.type == "image" and not token.content.strip():
            found.append(f"The image {address} has no description; write ![description](address).")
    return found


def raw_marks(text: str) -> list[str]:
    """Return marks of Markdown that are printed as they are, because they are not supported."""
    lines = (plain_line(line) for part in parse(text) for line in part.lines)
    inside = (found[0] for line in lines for found in _RAW.finditer(line))
    return list(dict.fromkeys([*inside, *(found[1] for found in _RAW_LINE.finditer(text))]))


def _split(text: str) -> tuple[str, str, str]:
    kept = clean(text)
    mark = _SIGNATURE.search(kept)
    return (kept[: mark.start()], mark[0], kept[mark.end() :]) if mark else (kept, "", "")


def _signature_line(text: str) -> Line:
    (line, *_) = _lines(_parser().parseInline(text)[0].children or []) or [()]
    return line


def _parts(tokens: Sequence[Token]) -> Iterator[Prose]:
    points: list[Line] = []
    kind: ProseKind = "list"
    for token in tokens:
        if token.type in {"bullet_list_open", "ordered_list_open"} and token.level == 0:
            kind, points = ("list" if token.type.startswith("bullet") else "numbered"), []
        elif token.type in {"bullet_list_close", "ordered_list_close"} and token.level == 0:
            yield Prose(kind, tuple(points))
        elif token.type == "inline" and token.level > 1:
            # Nested lists are flattened: email clients indent them in their own ways.
            points += _lines(token.children or [])
        elif token.type == "inline":
            yield from _paragraph(token.children or [])


def _paragraph(tokens: Sequence[Token]) -> Iterator[Prose]:
    """Yield a paragraph; an image in it becomes its own part, since text cannot flow around it."""
    rest: list[Token] = []
    for token in tokens:
        if token.type != "image":
            rest.append(token)
            continue
        yield Prose("paragraph", tuple(_lines(rest)))
        rest = []
        address = web_address(str(token.attrGet("src") or ""))
        if address.startswith("https://"):
            yield Prose("image", image=address, alt=bounded(token.content, LONGEST_ALT))
    yield Prose("paragraph", tuple(_lines(rest)))


def _lines(tokens: Sequence[Token]) -> list[Line]:
    lines: list[list[Span]] = [[]]
    bold = italic = 0
    href = ""
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                bold += token.nesting
            case "em_open" | "em_close":
                italic += token.nesting
            case "link_open":
                href = _address(str(token.attrGet("href") or ""))
            case "link_close":
                href = ""
            case "hardbreak":
                lines.append([])
            case "softbreak":
                lines[-1].append(Span(" ", bool(bold), bool(italic), href))
            case _:
                lines[-1] += _spans(token.content, Span("", bool(bold), bool(italic), href))
    return [merged for line in lines if (merged := _merged(line))]


def _spans(text: str, style: Span) -> Iterator[Span]:
    """Yield a text in a style; a bare address in it becomes a link."""
    done = 0
    for found in () if style.href else _BARE.finditer(text):
        yield Span(text[done : found.start()], style.bold, style.italic)
        yield Span(found[0], style.bold, style.italic, web_address(found[0]))
        done = found.end()
    yield Span(text[done:], style.bold, style.italic, style.href)


def _merged(spans: Sequence[Span]) -> Line:
    """Join neighbors of one style and drop what is empty."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and (last.bold, last.italic, last.href) == (span.bold, span.italic, span.href):
            joined[-1] = Span(last.text + span.text, span.bold, span.italic, span.href)
        elif span.text:
            joined.append(span)
    return tuple(joined) if any(span.text.strip() for span in joined) else ()


def _address(address: str) -> str:
    if _MAIL.fullmatch(address):
        return address
    return web_address(address)


def _inline(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def clean(text: str) -> str:
    """Return a text with its lines printable and no more than one blank line between two."""
    lines = (_clean_line(line) for line in text[:LONGEST_PROSE].replace("\r\n", "\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _clean_line(line: str) -> str:
    """Clean a line; blanks at its end stay, because two of them break a line."""
    kept = printable(line)
    indent = line[: len(line) - len(line.lstrip(" "))][:4]
    return indent + kept + ("  " if kept and line.endswith("  ") else "")
