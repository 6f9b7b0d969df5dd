"""What a screen reader says of an email, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lxml import html

Spoken = Literal["heading", "link", "image", "text"]
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SILENT = frozenset({"style", "script", "title", "head"})


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One thing that is said: what it is, and its words."""

    kind: Spoken
    words: str


def spoken(page: str) -> tuple[SpokenLine, ...]:
    """Return what is said of an email's HTML; hidden parts and decoration are left out."""
    from lxml import html  # noqa: PLC0415 - slow, and rarely needed

    root = html.fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    body = root.find("body")
    return tuple(_lines(body if body is not None else root))


def _lines(top: html.HtmlElement) -> Iterator[SpokenLine]:
    # A stack, not recursion: tables in emails are nested deeply. Texts are strings in it.
    stack: list[html.HtmlElement | str] = [top]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            if words := " ".join(part.split()):
                yield SpokenLine("text", words)
            continue
        if _is_silent(part):
            continue
        if (kind := _kind(part)) is not None:
            if words := _words(part):
                yield SpokenLine(kind, words)
            continue
        children: list[html.HtmlElement | str] = [part.text or ""]
        for child in part:
            children += [child, child.tail or ""]
        stack += reversed(children)


def _kind(element: html.HtmlElement) -> Spoken | None:
    if element.tag in _HEADINGS:
        return "heading"
    if element.tag == "a":
        return "link"
    return "image" if element.tag == "img" else None


def _words(element: html.HtmlElement) -> str:
    images = (str(image.get("alt") or "") for image in element.iter("img"))
    texts = " ".join([str(element.text_content()), *images]).split()
    return " ".join(texts)


def _is_silent(element: html.HtmlElement) -> bool:
    hidden = str(element.get("style") or "").replace(" ", "")
    return (
        not isinstance(element.tag, str)
        or element.tag in _SILENT
        or element.get("aria-hidden") == "true"
        or "display:none" in hidden
    )
