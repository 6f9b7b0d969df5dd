"""The edit file: an issue as a text that a person reads, changes in an editor and gives back.

What was changed becomes operations. The first lines carry the state that was exported, so that a
file made before somebody else's edit is refused and nothing of theirs is undone unseen.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from newsletter.edit.operations import (
    Correct,
    Draft,
    Operation,
    Pin,
    Place,
    Reorder,
    Revert,
    SetBlocks,
    SetText,
    TextField,
)
from newsletter.errors import NotAllowed
from newsletter.model.issue import Block, Issue, Item, corrected

_HEAD = """\
# Issue {number} of {newsletter}, for {nominal}. Change what you like, save, and close.
# Lines that begin with # say what is what and are not read.
# The order of the items is the order in which they are printed; move whole parts.
# "in" prints an item, "out" does not, "next" leaves it to the next issue; "pinned" keeps it on top.
# An emptied teaser or list prints none; remove its line, or write it as it was, to print the
# article's own again.
"""
_PART = re.compile(r"@\s*(\w+)(.*)")
_KEY = re.compile(r"([a-z ]+):\s?(.*)")
_BLOCK_KEYS: Mapping[str, str] = {
    "heading": "heading",
    "text": "text",
    "link": "url",
    "link text": "link_text",
    "image": "image",
    "image alt": "image_alt",
}
_TEXTS: tuple[TextField, ...] = ("subject", "preheader", "note")


def fingerprint(draft: Draft) -> str:
    """Return a short mark of everything that is printed.

    What is out plays no part: an article that is collected while somebody edits must not cost
    them their work.
    """
    printed = replace(draft, items=tuple(one for one in draft.items if one.included))
    return hashlib.sha256(repr(printed).encode()).hexdigest()[:16]


def write(issue: Issue, draft: Draft) -> str:
    """Return the issue as an edit file."""
    head = _HEAD.format(number=issue.number, newsletter=issue.newsletter, nominal=issue.nominal)
    lines = [head, f"@ issue {issue.id} {fingerprint(draft)}"]
    lines += [f"subject: {draft.subject}", f"preheader: {draft.preheader}"]
    lines += ["note:", _escaped(draft.note), ""]
    for item in draft.items:
        lines += [*_item_lines(item), ""]
    for block in draft.blocks:
        lines += ["@ block"]
        lines += [f"{key}: {_one_line(getattr(block, name))}" for key, name in _BLOCK_KEYS.items()]
        lines += [""]
    lines += ["# To add an extra (an event, a notice), copy these lines without the #:"]
    lines += ["# @ block", *(f"# {key}:" for key in _BLOCK_KEYS)]
    return "\n".join(lines) + "\n"


def _item_lines(item: Item) -> Iterator[str]:
    printed = corrected(item)
    where = "in" if item.included else "out"
    yield f"@ article {item.article_id} {where}{' pinned' if item.pinned else ''}"
    yield f"# {item.reason}; from {item.source or 'nowhere'}; {item.url or 'no address'}"
    yield f"title: {printed.title}"
    if "title" in item.corrections:
        yield f"# the article's own: {item.title}"
    yield f"teaser: {printed.teaser.text}"
    own = "the article's own: " if "teaser" in item.corrections else ""
    yield f"# {own}{item.teaser.text + ' ' if own else ''}({_origin(item.teaser)})"
    yield f"takeaways:{'' if printed.takeaways.items else ' none'}"
    yield from (f"- {line}" for line in printed.takeaways.items)
    if "takeaways" in item.corrections:
        yield from (f"# the article's own: {line}" for line in item.takeaways.items)
    if item.suggested.items and not printed.takeaways.items:
        yield f"# suggested, {item.suggested.detail} (remove the # to accept):"
        yield from (f"# - {line}" for line in item.suggested.items)


def _origin(text: object) -> str:
    origin, detail = getattr(text, "origin", ""), getattr(text, "detail", "")
    return ", ".join(one for one in (origin, detail) if one) or "none"


def _one_line(text: str) -> str:
    return " // ".join(text.split("\n\n"))


def _escaped(text: str) -> str:
    return "\n".join(
        f"\\{line}" if line[:1] in {"@", "#", "\\"} else line for line in text.split("\n")
    )


@dataclass(slots=True)
class _Part:
    """A part of the file as it is read: its head, its keys, and its list."""

    line: int
    kind: str
    rest: tuple[str, ...]
    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    key: str = ""


def read(text: str, draft: Draft) -> list[Operation]:
    """Return the operations that turn the draft into what the file says; raise NotAllowed."""
    parts = _parts(text)
    if not parts or parts[0].kind != "issue":
        raise _refused(1, "the line “@ issue …” is missing; export the issue again")
    if parts[0].rest[-1:] != (fingerprint(draft),):
        msg = "the issue was changed since this file was made; export it again"
        raise NotAllowed(msg)
    articles = [part for part in parts[1:] if part.kind == "article"]
    blocks = [part for part in parts[1:] if part.kind == "block"]
    return [*_texts(parts[0], draft), *_items(articles, draft), *_blocks(blocks, draft)]


def _parts(text: str) -> list[_Part]:
    parts: list[_Part] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        if head := _PART.fullmatch(line.rstrip()):
            if head[1] not in {"issue", "article", "block"}:
                raise _refused(number, f"{head[1]!r} is not one of issue, article, block")
            parts.append(_Part(number, head[1], tuple(head[2].split())))
        elif parts:
            _take(parts[-1], number, line)
        elif line.strip():
            raise _refused(number, "expected a line that begins with @ or #")
    return parts


def _take(part: _Part, number: int, line: str) -> None:
    if part.key == "note" and not _PART.fullmatch(line):
        part.texts["note"] += f"\n{line.removeprefix(chr(92))}"
    elif part.key == "takeaways" and line.startswith("-"):
        part.lists["takeaways"].append(line[1:].strip())
    elif key := _KEY.fullmatch(line.rstrip()):
        if key[1] not in _known(part.kind):
            raise _refused(number, f"{key[1]!r} is not one of {', '.join(_known(part.kind))}")
        part.key = key[1]
        part.texts[key[1]] = key[2]
        part.lists[key[1]] = []
    elif line.strip():
        raise _refused(number, "expected “name: text”; a text stands on one line")


def _known(kind: str) -> Sequence[str]:
    if kind == "issue":
        return _TEXTS
    return tuple(_BLOCK_KEYS) if kind == "block" else ("title", "teaser", "takeaways")


def _refused(line: int, says: str) -> NotAllowed:
    return NotAllowed(f"line {line}: {says}")


def _texts(part: _Part, draft: Draft) -> Iterator[Operation]:
    for name in _TEXTS:
        said = part.texts.get(name, "").strip()
        if said != getattr(draft, name):
            yield SetText(name, said)


def _items(parts: Sequence[_Part], draft: Draft) -> Iterator[Operation]:
    known = {one.article_id: one for one in draft.items}
    order: list[int] = []
    for part in parts:
        item = known.get(_number(part))
        if item is None:
            raise _refused(part.line, "this article is no candidate of the issue")
        if item.article_id in order:
            raise _refused(part.line, f"article {item.article_id} stands here twice")
        order.append(item.article_id)
        placing = list(_placing(part, item))
        yield from placing
        if item.included or item.corrections or placing:
            yield from _correcting(part, item)
    order += [one for one in known if one not in order]
    if order != list(known):
        yield Reorder(tuple(order))


def _number(part: _Part) -> int:
    if not part.rest or not part.rest[0].isdecimal():
        raise _refused(part.line, "expected “@ article NUMBER in|out|next”")
    return int(part.rest[0])


def _placing(part: _Part, item: Item) -> Iterator[Operation]:
    words = part.rest[1:] or ("in",)
    if words[0] not in {"in", "out", "next"} or words[1:] not in {(), ("pinned",)}:
        raise _refused(part.line, "expected in, out or next, and perhaps pinned")
    where: Literal["in", "out", "next"] = "in"
    if words[0] != "in":
        where = "out" if words[0] == "out" else "next"
    pinned = "pinned" in words
    if where != ("in" if item.included else "out"):
        yield Place(item.article_id, where)
    if pinned != item.pinned and where == "in":
        yield Pin(item.article_id, pinned)


def _correcting(part: _Part, item: Item) -> Iterator[Operation]:
    present = corrected(item)
    names: tuple[tuple[Literal["title", "teaser"], str, str], ...] = (
        ("title", present.title, item.title),
        ("teaser", present.teaser.text, item.teaser.text),
    )
    for name, printed, own in names:
        said = part.texts.get(name, own).strip()
        if said == printed:
            continue
        yield Revert(item.article_id, name) if said == own else Correct(item.article_id, name, said)
    said_lines = tuple(filter(None, part.lists.get("takeaways", item.takeaways.items)))
    if said_lines == present.takeaways.items:
        return
    if said_lines == item.takeaways.items:
        yield Revert(item.article_id, "takeaways")
    else:
        yield Correct(item.article_id, "takeaways", said_lines)


def _blocks(parts: Sequence[_Part], draft: Draft) -> Iterator[Operation]:
    said = []
    for part in parts:
        block = Block("", "")
        for key, value in part.texts.items():
            lines = (
                "\n\n".join(one.strip() for one in value.split(" // ")) if key == "text" else value
            )
            block = replace(block, **{_BLOCK_KEYS[key]: lines.strip()})
        if block != Block("", ""):
            said.append(block)
    if tuple(said) != draft.blocks:
        yield SetBlocks(tuple(said))
