"""Extract an article from plain text, by its lines, their lengths and their order."""

import re
from collections.abc import Iterator, Mapping, Sequence

from newsletter.collect.extracting.body import sections
from newsletter.collect.extracting.head import Head, text_head
from newsletter.collect.extracting.lines import text_blocks
from newsletter.collect.extracting.notes import Tail, read_tail
from newsletter.collect.extracting.points import KeyPoints
from newsletter.collect.extracting.takeaways import author_takeaways
from newsletter.collect.text import language
from newsletter.collect.text.blocks import BlockKind, TextBlock
from newsletter.errors import ExtractFailed
from newsletter.model.article import Extracted
from subscribers.phrase import Phrase

MOST_LABELS = 12
_LABELS = {
    "title": "title",
    "author": "author",
    "authors": "author",
    "by": "author",
    "date": "date",
    "topic": "topics",
    "topics": "topics",
    "tags": "topics",
    "subtitle": "teaser",
    "teaser": "teaser",
    "summary": "teaser",
    "kicker": "kicker",
    "url": "url",
    "language": "lang",
    "제목": "title",
    "부제": "teaser",
    "저자": "author",
    "글쓴이": "author",
    "필자": "author",
    "날짜": "date",
    "주제": "topics",
}
"""What the lines above a text are called, and as which value of front matter they are read."""
LONGEST_HEADING, LONGEST_HEADING_CHARACTERS = 14, 110
_NO_HEADING_END = (".", "!", ",", ";", "。", "”", '"', "…", ":")


def labeled(text: str) -> tuple[Mapping[str, tuple[str, ...]], str]:
    """Split off the lines `Title: …`, `Author: …`, `Date: …` and `Topics: …` that a text begins with.

    The title stays as the first line. Without a title these lines are text.
    """
    lines = text.lstrip("\ufeff \t\r\n").splitlines()
    pairs: dict[str, tuple[str, ...]] = {}
    for line in lines[:MOST_LABELS]:
        name, colon, value = line.replace("\uff1a", ":").partition(":")
        key = _LABELS.get(name.strip().casefold(), "")
        if not colon or not key or key in pairs:
            break
        parts = re.split("[;,]", value) if key == "topics" else value.split(";")
        pairs[key] = tuple(filter(None, (part.strip() for part in parts)))
    if not pairs.get("title"):
        return {}, text
    title = "; ".join(pairs["title"])
    rest = "\n".join(lines[len(pairs) :])
    return {**pairs, "title": (title,)}, f"{title}\n\n{rest}"


def extract_text(text: str, *, url: str = "") -> Extracted:
    """Extract the article from a text file. Raises ExtractFailed if there is none."""
    blocks = text_blocks(text)
    head = text_head(blocks)
    if not head.title:
        msg = Phrase("no title found in the text")
        raise ExtractFailed(msg)
    points = author_takeaways(blocks, _no_hints, head.used)
    tail = read_tail(blocks, head.end, head.authors, _no_hints)
    taken = head.used | tail.used | (points.used if points else frozenset())
    left = [block for at, block in enumerate(blocks[: tail.end]) if at not in taken]
    made = sections(_marked(left))
    if not made and not points:
        msg = Phrase("no text found below the title “{title}”", title=head.title[:80])
        raise ExtractFailed(msg)
    lang = language.detect(text)
    return Extracted(
        title=head.title,
        url=url,
        kicker=head.kicker,
        authors=head.authors,
        published=head.when.day if head.when else None,
        published_at=head.when.at if head.when else None,
        topics=head.topics,
        takeaways_label=points.label if points else "",
        takeaways=points.items if points else (),
        sections=made,
        footnotes=tail.footnotes,
        author_bio=tail.bio,
        teaser=head.dek,
        lang=lang,
        direction="rtl" if language.is_right_to_left(lang) else "ltr",
        provenance=_provenance(head, points, tail, has_body=bool(made)),
    )


def _no_hints(_block: TextBlock, _depth: int) -> str:
    return ""


def _marked(blocks: Sequence[TextBlock]) -> Iterator[tuple[str, bool]]:
    for at, block in enumerate(blocks):
        below = blocks[at + 1] if at + 1 < len(blocks) else None
        yield block.text, _is_heading(block, below)


def _is_heading(block: TextBlock, below: TextBlock | None) -> bool:
    """Return whether a block is a heading: a short line without an end mark, above longer text."""
    if below is None or block.kind is BlockKind.ITEM or block.group == below.group:
        return False
    short = block.words <= LONGEST_HEADING and len(block.text) <= LONGEST_HEADING_CHARACTERS
    if not short or block.text.endswith(_NO_HEADING_END):
        return False
    return below.kind is BlockKind.ITEM or len(below.text) > len(block.text)


def _provenance(
    head: Head, points: KeyPoints | None, tail: Tail, *, has_body: bool
) -> dict[str, str]:
    found = {
        "title": "head of the text",
        "kicker": "line above the title" if head.kicker else "",
        "authors": "byline" if head.authors else "",
        "date": "head of the text" if head.when else "",
        "topics": "tags below the title" if head.topics else "",
        "takeaways": f"author's {points.how} under “{points.label}”" if points else "",
        "sections": "text" if has_body else "",
        "footnotes": tail.notes_how if tail.footnotes else "",
        "author_bio": tail.bio_how if tail.bio else "",
        "teaser": "line below the title" if head.dek else "",
        "lang": "words of the text",
    }
    return {key: value for key, value in found.items() if value}
