"""Mark in an article's text which sentences an item prints."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from newsletter.edit.sentences import split
from newsletter.model.article import Extracted
from newsletter.model.issue import Item, corrected

_SPACE = re.compile(r"\s+")
SHORTEST = 12
"""Characters of a sentence: a shorter one is part of many others."""

Use = Literal["", "teaser", "takeaway"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a paragraph, and where the item prints it; `use` is empty if it does not."""

    text: str
    use: Use = ""


@dataclass(frozen=True, slots=True)
class MarkedSection:
    """A section of an article; each of its paragraphs is a sequence of passages."""

    heading: str
    paragraphs: tuple[tuple[Passage, ...], ...]


def marked(content: Extracted, item: Item) -> tuple[MarkedSection, ...]:
    """Return the text of an article with the sentences marked that the item prints."""
    shown = corrected(item)
    printed = (_plain(shown.teaser.text), tuple(map(_plain, shown.takeaways.items)))
    return tuple(
        MarkedSection(
            section.heading or "",
            tuple(
                tuple(_passages(paragraph, content.lang, *printed))
                for paragraph in section.paragraphs
            ),
        )
        for section in content.sections
    )


def _passages(
    paragraph: str, lang: str, teaser: str, takeaways: tuple[str, ...]
) -> Iterator[Passage]:
    """Yield the pieces of a paragraph; together they are the whole paragraph."""
    done = 0
    for sentence in split(paragraph, lang):
        use = _use(_plain(sentence.text), teaser, takeaways)
        if not use:
            continue
        if paragraph[done : sentence.start]:
            yield Passage(paragraph[done : sentence.start])
        yield Passage(paragraph[sentence.start : sentence.end], use)
        done = sentence.end
    if paragraph[done:]:
        yield Passage(paragraph[done:])


def _use(sentence: str, teaser: str, takeaways: tuple[str, ...]) -> Use:
    if len(sentence) < SHORTEST:
        return ""
    if any(sentence in takeaway for takeaway in takeaways):
        return "takeaway"
    return "teaser" if sentence in teaser else ""


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
