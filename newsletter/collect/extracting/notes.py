"""Find the footnotes, the author's biography and the end of the article."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsletter.collect.extracting.labels import names_biography, names_notes, names_stop
from newsletter.collect.text.blocks import BlockKind, TextBlock
from newsletter.model.article import Author, Footnote

HintsOf = Callable[[TextBlock, int], str]

_NUMBERED = re.compile(r"^(?:\[(\d{1,3})\]|\((\d{1,3})\)|(\d{1,3})[.)])\s*(?=\S)")
_BRACKETED = re.compile(r"^\[(\d{1,3})\]\s*(?=\S)")
_BACK = re.compile(r"\s*[↩↑⤴^]\ufe0e?\s*$|^[↑^]\s*")
_URL = re.compile(r"https?://[^\s<>\"”’)\]，。、]+(?:\([^\s()]*\)[^\s<>\"”’)\]]*)?")
_NOTE_HINT = re.compile(r"foot-?note|endnote|\bfn\b|\breferences?\b|easy-footnote", re.IGNORECASE)
_BIO_HINT = re.compile(
    r"\b(?:author|writer|contributor|autor|speaker)?-?_?(?:bio|biography|about-?author|author-?(?:box|info|description|profile|details))\b|\babout-the-author\b",
    re.IGNORECASE,
)
_TITLES = re.compile(
    r"^(?:The author,?\s+)?(?:(?:Dr|Prof|Professor|Mr|Ms|Mrs|Amb|Ambassador|Gen|Lt|Col|Sir|Dame)\.?\s+){0,3}"
)
_IS = re.compile(
    r"\s*(?:\([^)]{1,60}\)\s*)?,?\s*(?:(?:is|was|serves|works|covers|writes|teaches|holds|has been|directs|leads"
    r"|currently|joined|reports|studies|specializes|ist|arbeitet|lehrt|est|travaille|es|trabaja|è|é)\b"
    r"|은|는|이|가|さん|氏|は|是|現任|现任)"
)
SHORTEST_BIO = 8


@dataclass(frozen=True, slots=True)
class Tail:
    """What was found after the body, the blocks it used, and the `end` of the article."""

    footnotes: tuple[Footnote, ...] = ()
    bio: str = ""
    used: frozenset[int] = frozenset()
    end: int = 0
    notes_how: str = ""
    bio_how: str = ""


def read_tail(
    blocks: Sequence[TextBlock],
    start: int,
    authors: Sequence[Author],
    hints_of: HintsOf,
    links_of: Callable[[TextBlock], Sequence[str]] = lambda _block: (),
) -> Tail:
    """Read what follows the body, among the blocks from `start` on."""
    end = _stop(blocks, start)
    footnotes, used, how = _footnotes(blocks, start, end, hints_of, links_of)
    bio, bio_used, bio_how = _biography(blocks, start, authors, hints_of)
    return Tail(footnotes, bio, frozenset(used | bio_used), end, how, bio_how)


def _stop(blocks: Sequence[TextBlock], start: int) -> int:
    """Return the index where related content begins and the article has ended."""
    total = sum(block.words for block in blocks[start:])
    passed = 0
    for at in range(start, len(blocks)):
        block = blocks[at]
        passed += block.words
        if block.kind is not BlockKind.ITEM and names_stop(block.text) and passed > total / 2:
            return at
    return len(blocks)


def _footnotes(
    blocks: Sequence[TextBlock],
    start: int,
    end: int,
    hints_of: HintsOf,
    links_of: Callable[[TextBlock], Sequence[str]],
) -> tuple[tuple[Footnote, ...], set[int], str]:
    text = "\n".join(block.text for block in blocks[start:end])
    if "[1]" not in text and not any(names_notes(block.text) for block in blocks[start:end]):
        return (), set(), ""
    label = next((at for at in range(end - 1, start, -1) if names_notes(blocks[at].text)), -1)
    first = label + 1 if label >= 0 else _first_note(blocks, start, end, text)
    if first < 0:
        return (), set(), ""
    run = _note_run(blocks, first, end, labelled=label >= 0, hints_of=hints_of)
    if not run:
        return (), set(), ""
    notes = tuple(_note(n, raw, links_of(blocks[places[0]])) for n, raw, places in run)
    used = {place for _, _, places in run for place in places} | ({label} if label >= 0 else set())
    return notes, used, "label" if label >= 0 else "numbered lines"


def _first_note(blocks: Sequence[TextBlock], start: int, end: int, text: str) -> int:
    """Return the line "[1] …" that belongs to a mark in the text before it."""
    for at in range(end - 1, start, -1):
        found = _BRACKETED.match(blocks[at].text)
        if found and found.group(1) == "1":
            marked = any("[1]" in block.text for block in blocks[start:at])
            return at if marked or "[2]" in text else -1
    return -1


def _note_run(
    blocks: Sequence[TextBlock], first: int, end: int, *, labelled: bool, hints_of: HintsOf
) -> list[tuple[int, str, list[int]]]:
    """Collect notes 1, 2, 3 … from `first`. Items of an unnumbered list are numbered in order."""
    run: list[tuple[int, str, list[int]]] = []
    for at in range(first, end):
        block = blocks[at]
        found = (_NUMBERED if labelled or run else _BRACKETED).match(block.text)
        number = int(next(filter(None, found.groups()))) if found else 0
        expected = run[-1][0] + 1 if run else 1
        if found and number == expected:
            run.append((number, block.text[found.end() :], [at]))
        elif block.kind is BlockKind.ITEM and (labelled or _NOTE_HINT.search(hints_of(block, 3))):
            if run and block.item and block.item == blocks[run[-1][2][-1]].item:
                run[-1] = (run[-1][0], f"{run[-1][1]} {block.text}", [*run[-1][2], at])
            else:
                run.append((expected, block.text, [at]))
        elif found and 0 < number - expected <= 2:  # noqa: PLR2004 - allow a missing note
            run.append((number, block.text[found.end() :], [at]))
        else:
            break
    return run


def _note(n: int, raw: str, links: Sequence[str]) -> Footnote:
    text = _BACK.sub("", raw).strip()
    urls = _URL.findall(text)
    outside = [link for link in links if link.startswith(("http://", "https://"))]
    url = urls[-1].rstrip(".,;:") if urls else (outside[-1] if outside else "")
    return Footnote(n, text, url)


def _biography(
    blocks: Sequence[TextBlock], start: int, authors: Sequence[Author], hints_of: HintsOf
) -> tuple[str, set[int], str]:
    """Find the biography: by the author's name, under a label, or in a box with such a class."""
    names = [author.name for author in authors]
    middle = start + (len(blocks) - start) // 3
    long = [
        at
        for at in range(max(start, 1), len(blocks))
        if blocks[at].kind is not BlockKind.HEADING and blocks[at].words >= SHORTEST_BIO
    ]
    if named := _named(blocks, long, names, middle, hints_of):
        return "\n\n".join(blocks[at].text for at in named), set(named), "author's name"
    for at in long:
        block = blocks[at]
        if block.linked > 0.5:  # noqa: PLR2004
            continue
        if (
            at >= middle
            and block.kind is BlockKind.PARAGRAPH
            and names_biography(blocks[at - 1].text)
        ):
            return block.text, {at - 1, at}, "label"
        if _mentions(block, names) and _hinted(block, hints_of):
            return block.text, {at}, "box"
    return "", set(), ""


def _mentions(block: TextBlock, names: Sequence[str]) -> bool:
    return any(name.split()[-1] in block.text for name in names)


def _named(
    blocks: Sequence[TextBlock],
    long: Sequence[int],
    names: Sequence[str],
    middle: int,
    hints_of: HintsOf,
) -> list[int]:
    """Return blocks that start with an author's name and describe them, one per author."""
    near = [at for at in long if _mentions(blocks[at], names)]
    if not near:
        return []
    found: dict[str, int] = {}
    for at in near:
        block = blocks[at]
        if _is_about(block.text, names) and (at >= middle or _hinted(block, hints_of)):
            found.setdefault(block.text, at)
    return list(found.values())[: len(names)]


def _hinted(block: TextBlock, hints_of: HintsOf) -> bool:
    return bool(_BIO_HINT.search(hints_of(block, 3)))


def _is_about(text: str, names: Sequence[str]) -> bool:
    """Return whether a text starts with an author's name and describes that person."""
    start = _TITLES.match(text)
    rest = text[start.end() :] if start else text
    return any(bool(_IS.match(rest, at)) for name in names if (at := _after_name(rest, name)) > 0)


def _after_name(text: str, name: str) -> int:
    """Return the end of a name at the start of `text`; a middle name may be included."""
    if text.startswith(name):
        return len(name)
    first, _, last = name.partition(" ")
    last = last.rpartition(" ")[2]
    if not last or not text.startswith(f"{first} "):
        return 0
    at = text.find(f" {last}", len(first), len(first) + 24)
    return at + 1 + len(last) if at >= 0 else 0
