"""Read the lines around a title: kicker, byline, positions, date and topics."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from newsletter.collect.extracting.labels import has_tail, names_takeaways
from newsletter.collect.text.blocks import BlockKind, TextBlock, tidy
from newsletter.collect.text.bylines import (
    has_prefix,
    is_label,
    is_name,
    is_position,
    is_signature,
    read_byline,
    with_positions,
)
from newsletter.collect.text.dates import When, date_within, is_dated, read_date
from newsletter.model.article import Author

HintsOf = Callable[[TextBlock, int], str]

_TAGS_LINE = re.compile(
    r"^(?:topics?|tags?|keywords?|themen|schlagwörter|sujets|temas|argomenti|주제|태그|키워드|タグ|标签|標籤)\s*[:：]\s*",
    re.IGNORECASE,
)
_HASHTAGS = re.compile(r"^(?:#[^\s#][^#]*)+$")
_KICKER = re.compile(
    r"kicker|eyebrow|overline|over-?title|roofline|dachzeile|top-?line|supertitle|pre-?title|rubric\b|rubrik|section-?label|article-?label|hed-?kicker|strap-?line|over-?line|category-?label|card-?label|post-?label|surtitre|antet[ií]tulo|occhiello|chapeau-?label|label-?title|content-?label|article-?(?:category|section|topic)",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"by-?line|\bauthors?\b|author-?name|article-?author|post-?author|\bautor(?:en|in|es)?\b|contributor|writer",
    re.IGNORECASE,
)
_POSITION = re.compile(
    r"affil|position|job-?title|author-?(?:title|role|org)|\brole\b|organi[sz]ation", re.IGNORECASE
)
_DATE = re.compile(r"date|time|publish|posted|datum|meta", re.IGNORECASE)
_TAGS = re.compile(
    r"\btags?\b|topics?\b|keywords?\b|tag-?list|post-?tags|article-?tags|schlagw", re.IGNORECASE
)
LONG_PARAGRAPH, HEAD_SPAN, BEFORE, AFTER, NEAR = 24, 14, 4, 14, 5
LONGEST_KICKER, LONGEST_TITLE = 10, 45
WORDS_OF_KICKER, MOST_FURTHER = 6, 6


@dataclass(frozen=True, slots=True)
class Head:
    """What was found around the title, and the blocks it used."""

    title: str = ""
    kicker: str = ""
    authors: tuple[Author, ...] = ()
    when: When | None = None
    when_certain: bool = True
    topics: tuple[str, ...] = ()
    dek: str = ""
    used: frozenset[int] = frozenset()
    end: int = 0


def text_head(blocks: Sequence[TextBlock]) -> Head:
    """Read the head of a plain text: the lines up to the first real paragraph."""
    span = _span(blocks)
    roles = [_role(block) for block in blocks[:span]]
    first_marked = next((at for at, role in enumerate(roles) if role), -1)
    titles = _title_lines(blocks, span, first_marked)
    if not titles:
        return Head()
    kicker, title, dek = _title_parts([blocks[at].text for at in titles])
    rest = range(titles[-1] + 1, span)
    authors, author_lines = _authors_below(blocks, roles, rest)
    dated = next((at for at in rest if roles[at] == "date"), -1)
    tagged = [at for at in rest if roles[at] == "tags"]
    used = {*titles, *author_lines, *tagged} | ({dated} if dated >= 0 else set())
    return Head(
        title=title,
        kicker=kicker,
        authors=authors,
        when=_first_date(blocks, [dated] if dated >= 0 else author_lines),
        topics=_topics(blocks[at].text for at in tagged),
        dek=dek,
        used=frozenset(used),
        end=max(used) + 1,
    )


def _first_date(blocks: Sequence[TextBlock], places: Sequence[int]) -> When | None:
    found = (_stated(blocks[at]) or date_within(blocks[at].text) for at in places)
    return next((when for when in found if when), None)


def _stated(block: TextBlock) -> When | None:
    """Return the date that a block, or one of its lines, consists of."""
    texts = (block.text, *block.lines)
    return next((when for text in texts if (when := read_date(text))), None)


def _span(blocks: Sequence[TextBlock]) -> int:
    """Return the latest possible end of the head."""
    for at, block in enumerate(blocks[:HEAD_SPAN]):
        if at and _is_label(block):
            return at
        sentence = block.text[-1:] in '.!?。”"' and block.words > LONG_PARAGRAPH
        if sentence or block.words > LONGEST_TITLE:
            return at
    return min(len(blocks), HEAD_SPAN)


def _is_label(block: TextBlock) -> bool:
    """Return whether a block labels takeaways. With a tail it is more likely a title."""
    return bool(names_takeaways(block.text)) and not has_tail(block.text)


def _role(block: TextBlock) -> str:
    text = block.text
    if is_dated(text):
        return "date"
    if _TAGS_LINE.match(text) or _HASHTAGS.match(text):
        return "tags"
    return "byline" if has_prefix(text) and block.kind is BlockKind.PARAGRAPH else ""


def _title_lines(blocks: Sequence[TextBlock], span: int, first_marked: int) -> list[int]:
    if span == 0:
        return [0] if blocks and blocks[0].words <= LONGEST_TITLE else []
    if first_marked > 0:
        lines = list(range(first_marked))
        if len(lines) > 1 and not blocks[first_marked].text.startswith("#"):
            return _without_author(blocks, lines, first_marked)
        return lines
    same_run = [at for at in range(span) if blocks[at].group == blocks[0].group]
    return same_run[:3]


def _without_author(blocks: Sequence[TextBlock], lines: list[int], marked: int) -> list[int]:
    """Leave a bare name and a position above the date to the byline."""
    kept = list(lines)
    while len(kept) > 1 and not has_prefix(blocks[marked].text):
        last, above = blocks[kept[-1]], blocks[kept[-2]]
        named = len(last.text) <= 30 and _bare_name(last.text) and last.words < above.words  # noqa: PLR2004
        placed = is_position(last.text) and len(kept) > 2  # noqa: PLR2004
        if last.group != blocks[marked].group or not (named or placed):
            break
        kept.pop()
    return kept if len(kept) < len(lines) and _bare_name(blocks[kept[-1] + 1].text) else lines


def _bare_name(text: str) -> bool:
    words = text.split()
    if not text.isascii() and len(text) <= 12 and len(words) <= 4:  # noqa: PLR2004 - 정구연 강원대 교수
        return True
    return 2 <= len(words) <= 4 and is_name(text) and all(word[0].isupper() for word in words)  # noqa: PLR2004


def _title_parts(lines: Sequence[str]) -> tuple[str, str, str]:
    """Split the lines into kicker, title and dek by their lengths."""
    if len(lines) == 1:
        return "", lines[0], ""
    first, second = lines[0], lines[1]
    short = len(first.split()) <= WORDS_OF_KICKER and len(first) < len(second)
    if short and not _is_sentence_below(first, second):
        return first, second, " ".join(lines[2:])
    return "", first, " ".join(lines[1:])


def _is_sentence_below(title: str, below: str) -> bool:
    """Return whether the second line is a sentence below a title, judged by capital letters."""
    words = below.split()
    return len(words) > 12 and _capitals(title.split()) >= 0.5 and _capitals(words) < 0.25  # noqa: PLR2004


def _capitals(words: Sequence[str]) -> float:
    return sum(word[:1].isupper() for word in words) / max(1, len(words))


def _authors_below(
    blocks: Sequence[TextBlock], roles: Sequence[str], rest: range
) -> tuple[tuple[Author, ...], list[int]]:
    at = next((at for at in rest if roles[at] == "byline"), -1)
    if at < 0:
        plain = [at for at in rest if not roles[at] and blocks[at].kind is BlockKind.PARAGRAPH]
        at = plain[0] if plain and _bare_name(blocks[plain[0]].text) else -1
    if at < 0:
        return (), []
    authors = read_byline(blocks[at].text)
    lines = [at]
    for below in rest:
        text = blocks[below].text
        near = below == lines[-1] + 1 and blocks[below].group == blocks[at].group
        if (
            near
            and not roles[below]
            and blocks[below].kind is BlockKind.PARAGRAPH
            and len(lines) <= len(authors) + 1
            and text[-1:] not in ".!?"
        ):
            lines.append(below)
    return with_positions(authors, [blocks[line].text for line in lines[1:]]), lines


def _topics(texts: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for text in texts:
        line = _TAGS_LINE.sub("", text)
        parts = re.split(r"\s*#", line) if "#" in line else re.split(r"\s*[,;|、，]\s*", line)
        found.extend(tidy(part).strip(" ,;") for part in parts)
    return tuple(dict.fromkeys(part for part in found if part))


def page_head(blocks: Sequence[TextBlock], title_at: int, hints_of: HintsOf, site: str) -> Head:
    """Read the head of a page around its title, by class names and by form."""
    before = range(max(0, title_at - BEFORE), title_at)
    after = _after(blocks, title_at)
    kicker = _page_kicker(blocks, before, title_at, hints_of)
    authors, author_lines = _page_authors(blocks, [*after, *before], hints_of, site)
    dated, certain = _page_date(blocks, [*after, *before], title_at, hints_of)
    tagged = [at for at in after if _is_tag(blocks[at], hints_of)]
    used = {title_at, *author_lines, *tagged}
    used |= {at for at in (kicker, dated) if at >= 0}
    return Head(
        title=blocks[title_at].text,
        kicker=blocks[kicker].text if kicker >= 0 else "",
        authors=authors,
        when=_first_date(blocks, [dated]) if dated >= 0 else None,
        when_certain=certain,
        topics=_topics([blocks[at].text for at in tagged]),
        used=frozenset(used),
        end=max(used) + 1,
    )


def _after(blocks: Sequence[TextBlock], title_at: int) -> range:
    for at in range(title_at + 1, min(len(blocks), title_at + 1 + AFTER)):
        block = blocks[at]
        if _is_label(block) or (block.words > 2 * LONG_PARAGRAPH and block.linked < 0.5):  # noqa: PLR2004
            return range(title_at + 1, at)
    return range(title_at + 1, min(len(blocks), title_at + 1 + AFTER))


def _page_kicker(
    blocks: Sequence[TextBlock], before: range, title_at: int, hints_of: HintsOf
) -> int:
    for at in (*reversed(before), title_at + 1):
        if at >= len(blocks):
            continue
        block = blocks[at]
        short = 0 < block.words <= LONGEST_KICKER and block.level in {0, 2, 3, 4, 5, 6}
        if short and block.kind is not BlockKind.ITEM and _KICKER.search(hints_of(block, 2)):
            return at
    return -1


def _page_authors(
    blocks: Sequence[TextBlock], places: Sequence[int], hints_of: HintsOf, site: str
) -> tuple[tuple[Author, ...], list[int]]:
    for at in places:
        block = blocks[at]
        if (
            block.kind is BlockKind.HEADING
            or block.words > 2 * LONG_PARAGRAPH
            or is_dated(block.text)
            or block.away
            or (block.zone in {"aside", "footer"} and not has_prefix(block.text))
        ):
            continue
        labeled = at > 0 and is_label(blocks[at - 1].text)
        hinted = has_prefix(block.text) or _BYLINE.search(hints_of(block, 2))
        if not (labeled or hinted or is_signature(block.text)):
            continue
        authors = tuple(
            author for author in read_byline(_line(block), site) if is_name(author.name, site)
        )
        if authors:
            lines = _positions_below(blocks, at, len(authors), hints_of)
            found = with_positions(authors, [blocks[line].text for line in lines])
            more, others = _further_authors(blocks, at + len(lines) + 1, hints_of, site)
            return (*found, *more), [at, *lines, *others]
    return (), []


def _further_authors(
    blocks: Sequence[TextBlock], start: int, hints_of: HintsOf, site: str
) -> tuple[tuple[Author, ...], list[int]]:
    """Read the blocks directly below a byline that name one more author with a role each."""
    found: list[Author] = []
    used: list[int] = []
    for at in range(start, min(len(blocks), start + MOST_FURTHER)):
        block = blocks[at]
        people = read_byline(_line(block), site) if block.lines else ()
        if len(people) != 1 or not people[0].role or not _BYLINE.search(hints_of(block, 2)):
            break
        found.extend(people)
        used.append(at)
    return tuple(found), used


def _line(block: TextBlock) -> str:
    """Return a byline on one line: on the page, name and role may be on two."""
    lines = [line for line in block.lines if not is_dated(line)]
    return ", ".join(lines) if len(block.lines) > 1 else block.text


def _positions_below(
    blocks: Sequence[TextBlock], at: int, most: int, hints_of: HintsOf
) -> list[int]:
    found: list[int] = []
    for below in range(at + 1, min(len(blocks), at + 1 + max(most, 2))):
        block = blocks[below]
        hinted = bool(_POSITION.search(hints_of(block, 1))) and block.words <= LONG_PARAGRAPH
        named = len(block.lines) > 1 and is_name(block.lines[0])
        if (
            named
            or is_dated(block.text)
            or block.kind is BlockKind.HEADING
            or not (hinted or is_position(block.text))
        ):
            break
        found.append(below)
    return found


def _page_date(
    blocks: Sequence[TextBlock], places: Sequence[int], title_at: int, hints_of: HintsOf
) -> tuple[int, bool]:
    """Return the block with the date, or -1, and whether its place makes the date certain.

    A date with a date's class, or directly below the title, is stated. Any other may belong to
    the masthead or to another article.
    """
    usable = [at for at in places if not blocks[at].away]
    dated = [at for at in usable if _stated(blocks[at])]
    hinted = [at for at in dated if _DATE.search(hints_of(blocks[at], 2))]
    within = [] if dated else [at for at in usable if date_within(blocks[at].text)]
    at = (hinted or dated or within or [-1])[0]
    return at, at in hinted or title_at < at <= title_at + NEAR


def _is_tag(block: TextBlock, hints_of: HintsOf) -> bool:
    if block.words > 8 or block.kind is BlockKind.HEADING:  # noqa: PLR2004 - a topic is short
        return False
    if _HASHTAGS.match(block.text):
        return True
    return block.kind is BlockKind.ITEM and bool(_TAGS.search(hints_of(block, 2)))
