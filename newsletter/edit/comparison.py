"""Compare two revisions of an article, paragraph by paragraph and then word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from newsletter.model import byline
from newsletter.model.article import Extracted

MOST_WORDS = 600
"""Words of a paragraph that are compared one by one; the time grows with their square."""
_WORDS = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are in both revisions, only in the old one (`gone`), or only in the new one."""

    kind: Literal["same", "gone", "new"]
    text: str


Change = tuple[Piece, ...]
"""A changed line: its pieces in order."""


def changes(old: Extracted, new: Extracted) -> tuple[Change, ...]:
    """Return every line of an article that has changed, in the order of the article."""
    return tuple(_changed_lines(_lines(old), _lines(new)))


def _lines(content: Extracted) -> list[str]:
    """Return what readers see of an article, a line for each text."""
    day = content.published.isoformat() if content.published else ""
    head = [content.kicker, content.title, byline.written(content.authors), day]
    body = [
        line
        for section in content.sections
        for line in (section.heading or "", *section.paragraphs)
    ]
    lines = [*head, "; ".join(content.topics), content.teaser, *content.takeaways, *body]
    return [line for line in lines if line]


def _changed_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    for kind, begin, end, start, stop in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            continue
        gone, came = old[begin:end], new[start:stop]
        if len(gone) == len(came):
            yield from map(_compared, gone, came)
        else:
            yield from ((Piece("gone", line),) for line in gone)
            yield from ((Piece("new", line),) for line in came)


def _compared(old: str, new: str) -> Change:
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(words), len(others)) > MOST_WORDS:
        return (Piece("gone", old), Piece("new", new))
    return tuple(_pieces(words, others))


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for kind, begin, end, start, stop in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[begin:end]))
            continue
        if end > begin:
            yield Piece("gone", "".join(old[begin:end]))
        if stop > start:
            yield Piece("new", "".join(new[start:stop]))
