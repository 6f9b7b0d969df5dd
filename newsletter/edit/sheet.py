"""The edit file: an issue as text that staff change in an editor.

Changes become operations. The file contains the fingerprint of the draft it was made from: a file
that is older than another person's edit is refused, so that it cannot silently undo that edit.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from newsletter.edit import fields
from newsletter.edit.operations import (
    LATE,
    Correct,
    CorrectableField,
    Draft,
    Operation,
    Pin,
    Place,
    Placement,
    PrintAs,
    Reorder,
    Revert,
    SetBlocks,
    SetTest,
    SetText,
    TextField,
)
from newsletter.edit.recorded import placement
from newsletter.errors import NotAllowed
from newsletter.model.duration import spell_duration
from newsletter.model.issue import Block, Issue, Item, ItemForm, corrected
from newsletter.model.subjects import SubjectTest, read_test
from subscribers.phrase import Phrase

_HEAD = """\
# Issue {number} of {newsletter}, due {nominal}. Edit this file, save it, and close the editor.
# Lines that begin with # are comments and are not read.
# Items are printed in the order in which they are here. To reorder them, move whole parts.
# "in" prints an item, "out" does not, "later" leaves it for the next issue, and "never" keeps it out of
# this newsletter. "pinned" keeps it on top of every edition. "full" prints it in full in every edition
# that it is in, and "headline" as a headline.
# "after: 2" prints a block after the second item, and "sponsor: yes" labels it as an advertisement.
# The note and the text of a block may contain **bold**, *italic*, [links](https://…), lists, and
# images: ![description](https://…).
# With a "subject b", half of the share gets each subject first. The rest gets the one that you choose,
# or the first one when the time is over.
# "by" is "Name (role); Name", topics are separated by semicolons, and a date is YYYY-MM-DD.
# An empty line or list prints nothing there. To print the article's own again, delete the line or
# restore its text.
"""
_PART = re.compile(r"@\s*(\w+)(.*)")
_KEY = re.compile(r"([a-z ]+):\s?(.*)")
_BLOCK_KEYS: Mapping[str, str] = {
    "heading": "heading",
    "after": "after",
    "sponsor": "sponsor",
    "link": "url",
    "link text": "link_text",
    "image": "image",
    "image alt": "image_alt",
    "text": "text",
}
_ITEM_KEYS: Mapping[str, CorrectableField] = {
    "kicker": "kicker",
    "title": "title",
    "by": "authors",
    "date": "date",
    "topics": "topics",
    "teaser": "teaser",
    "image": "image",
    "image alt": "alt",
    "caption": "caption",
    "link text": "link",
    "takeaways": "takeaways",
}
_PROSE_KEYS = ("note", "text")
LONGEST_PLACE = 4
"""Digits of the number of an item."""
PLACEMENTS: tuple[Placement, ...] = ("in", "out", "later", "never")
FORMS: tuple[ItemForm, ...] = ("full", "headline")
_TEXTS: tuple[TextField, ...] = ("subject", "preheader", "note")
_TEST_KEYS = ("subject b", "share", "decide after")


def fingerprint(draft: Draft) -> str:
    """Return a short hash of everything that is printed.

    Excluded and late items do not count, and neither do positions: an article that is collected
    while someone edits must not make their file invalid.
    """
    seen = (
        item
        for item in draft.items
        if item.included and (_is_arranged(item) or not item.reason.startswith(LATE))
    )
    printed = replace(draft, items=tuple(replace(item, position=0) for item in seen))
    return hashlib.sha256(repr(printed).encode()).hexdigest()[:16]


def _is_arranged(item: Item) -> bool:
    """Return whether staff have done something to an item."""
    return bool(item.pinned or item.form or item.corrections)


def write(issue: Issue, draft: Draft) -> str:
    """Return the issue as an edit file."""
    head = _HEAD.format(number=issue.id, newsletter=issue.newsletter, nominal=issue.nominal)
    lines = [head, f"@ issue {issue.id} {fingerprint(draft)}"]
    lines += [f"subject: {draft.subject}", *_test_lines(draft), f"preheader: {draft.preheader}"]
    lines += ["note:", _escaped(draft.note), ""]
    for item in draft.items:
        lines += [*_item_lines(item), ""]
    for block in draft.blocks:
        lines += ["@ block", *_block_lines(block), ""]
    lines += ["# To add a block (an event, a notice), copy these lines without the #:"]
    lines += ["# @ block", *(f"# {key}:" for key in _BLOCK_KEYS)]
    return "\n".join(lines) + "\n"


def _test_lines(draft: Draft) -> Iterator[str]:
    test = draft.test or SubjectTest("")
    yield f"subject b: {test.subject}"
    yield f"share: {test.share}%"
    yield f"decide after: {spell_duration(test.decide_after)}"


def _item_lines(item: Item) -> Iterator[str]:
    printed = corrected(item)
    marks = ("pinned" if item.pinned else "", item.form)
    yield " ".join(filter(None, (f"@ article {item.article_id} {placement(item)}", *marks)))
    yield f"# {item.reason}; from {item.source or 'no source'}; {item.url or 'no address'}"
    for key, name in _ITEM_KEYS.items():
        if name != "takeaways":
            yield from _field_lines(item, key, name)
    yield f"takeaways:{'' if printed.takeaways.items else ' none'}"
    yield from (f"- {line}" for line in printed.takeaways.items)
    if "takeaways" in item.corrections:
        yield from (f"# the article's own: {line}" for line in item.takeaways.items)
    if item.suggested.items and not printed.takeaways.items:
        yield f"# suggested, {item.suggested.detail} (remove the # to accept):"
        yield from (f"# - {line}" for line in item.suggested.items)


def _field_lines(item: Item, key: str, name: CorrectableField) -> Iterator[str]:
    """Yield a field as it is printed; below it, as comments, what else could be there."""
    shown = fields.printed(item, name)
    yield f"{key}: {shown}"
    if name == "teaser":
        yield f"# ({_origin(corrected(item).teaser)})"
        for text in (item.teaser, *item.alternatives):
            if text.text and text.text != shown:
                yield f"# or ({_origin(text)}): {text.text}"
    elif name in item.corrections:
        yield f"# the article's own: {fields.uncorrected(item, name)}"


def _origin(text: object) -> str:
    origin, detail = getattr(text, "origin", ""), getattr(text, "detail", "")
    return ", ".join(part for part in (origin, detail) if part) or "none"


def _block_lines(block: Block) -> Iterator[str]:
    for key, name in _BLOCK_KEYS.items():
        value = _written(getattr(block, name))
        yield f"{key}:\n{_escaped(value)}" if key in _PROSE_KEYS else f"{key}: {value}"


def _written(value: str | int | bool) -> str:
    """Return a value of a block as it is in the file; a block is after item 0 if it is last."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "") if isinstance(value, int) else value


def _escaped(text: str) -> str:
    """Put a backslash before lines of a text that would be read as something else."""
    return "\n".join(f"\\{line}" if _ambiguous(line) else line for line in text.split("\n"))


def _ambiguous(line: str) -> bool:
    key = _KEY.fullmatch(line)
    return line[:1] in {"@", "#", "\\"} or (
        key is not None and key[1] in {*_BLOCK_KEYS, *_known("issue")}
    )


@dataclass(slots=True)
class _Part:
    """A part of the file: its head, its texts by key, and its lists by key."""

    line: int
    kind: str
    rest: tuple[str, ...]
    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    key: str = ""


def read(text: str, draft: Draft) -> list[Operation]:
    """Return the operations that turn the draft into the file; raise NotAllowed with the line."""
    parts = _parts(text)
    if not parts or parts[0].kind != "issue":
        raise _refused(1, "the line “@ issue …” is missing; start again from a new file")
    if parts[0].rest[-1:] != (fingerprint(draft),):
        msg = Phrase("the issue has changed since this file was made; start again from a new file")
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
    key = _KEY.fullmatch(line.rstrip())
    if part.key in _PROSE_KEYS and not (key and key[1] in _known(part.kind)):
        part.texts[part.key] += f"\n{line.removeprefix(chr(92))}"
    elif part.key == "takeaways" and line.startswith("-"):
        part.lists["takeaways"].append(line[1:].strip())
    elif key:
        if key[1] not in _known(part.kind):
            raise _refused(number, f"{key[1]!r} is not one of {', '.join(_known(part.kind))}")
        part.key = key[1]
        part.texts[key[1]] = key[2]
        part.lists[key[1]] = []
    elif line.strip():
        raise _refused(number, "expected “name: text” on one line")


def _known(kind: str) -> Sequence[str]:
    if kind == "issue":
        return (*_TEXTS, *_TEST_KEYS)
    return tuple(_BLOCK_KEYS) if kind == "block" else tuple(_ITEM_KEYS)


def _refused(line: int, problem: str) -> NotAllowed:
    return NotAllowed(Phrase("line {line}: {problem}", line=line, problem=problem))


def _texts(part: _Part, draft: Draft) -> Iterator[Operation]:
    for name in _TEXTS:
        text = part.texts.get(name, "").strip()
        if text != getattr(draft, name):
            yield SetText(name, text)
    test = _read_test(part)
    if test != draft.test:
        yield SetTest(test)


def _read_test(part: _Part) -> SubjectTest | None:
    """Return the test of two subjects; without a second subject, there is none."""
    subject, share, after = (part.texts.get(key, "").strip() for key in _TEST_KEYS)
    if not subject:
        return None
    try:
        return read_test(subject, share, after)
    except ValueError as error:
        raise _refused(part.line, str(error)) from error


def _items(parts: Sequence[_Part], draft: Draft) -> Iterator[Operation]:
    known = {item.article_id: item for item in draft.items}
    order: list[int] = []
    for part in parts:
        item = known.get(_number(part))
        if item is None:
            raise _refused(part.line, "this article is not a candidate for the issue")
        if item.article_id in order:
            raise _refused(part.line, f"article {item.article_id} is in the file twice")
        order.append(item.article_id)
        placing = list(_placing(part, item))
        yield from placing
        if item.included or item.corrections or placing:
            yield from _correcting(part, item)
    order += [article_id for article_id in known if article_id not in order]
    if order != list(known):
        yield Reorder(tuple(order))


def _number(part: _Part) -> int:
    if not part.rest or not part.rest[0].isdecimal():
        raise _refused(part.line, "expected “@ article NUMBER in|out|later|never”")
    return int(part.rest[0])


def _placing(part: _Part, item: Item) -> Iterator[Operation]:
    words = part.rest[1:] or ("in",)
    where = next((known for known in PLACEMENTS if known == words[0]), None)
    forms = [form for form in FORMS if form in words[1:]]
    pinned = "pinned" in words[1:]
    if where is None or len(forms) > 1 or len(words) > 1 + pinned + len(forms):
        problem = "expected in, out, later or never; pinned may follow, and full or headline"
        raise _refused(part.line, problem)
    if where != placement(item):
        yield Place(item.article_id, where)
    if pinned != item.pinned and where == "in":
        yield Pin(item.article_id, pinned)
    form: ItemForm = forms[0] if forms else ""
    if form != item.form:
        yield PrintAs(item.article_id, form)


def _correcting(part: _Part, item: Item) -> Iterator[Operation]:
    for key, name in _ITEM_KEYS.items():
        if name == "takeaways":
            continue
        own = fields.uncorrected(item, name)
        text = part.texts.get(key, own).strip()
        if text == fields.printed(item, name):
            continue
        yield Revert(item.article_id, name) if text == own else Correct(item.article_id, name, text)
    present = corrected(item)
    lines = tuple(filter(None, part.lists.get("takeaways", item.takeaways.items)))
    if lines == present.takeaways.items:
        return
    if lines == item.takeaways.items:
        yield Revert(item.article_id, "takeaways")
    else:
        yield Correct(item.article_id, "takeaways", lines)


def _blocks(parts: Sequence[_Part], draft: Draft) -> Iterator[Operation]:
    empty = Block("", "")
    blocks = []
    for part in parts:
        values = {_BLOCK_KEYS[key]: _block_value(part, key) for key in part.texts}
        block = replace(empty, **values)
        if block != empty:
            blocks.append(block)
    if tuple(blocks) != draft.blocks:
        yield SetBlocks(tuple(blocks))


def _block_value(part: _Part, key: str) -> Any:  # noqa: ANN401 - the field decides its type
    text = part.texts[key].strip()
    if key == "sponsor":
        if text not in {"", "yes", "no"}:
            raise _refused(part.line, "expected “sponsor: yes” or “sponsor: no”")
        return text == "yes"
    if key == "after":
        if text and not (text.isdecimal() and len(text) <= LONGEST_PLACE):
            raise _refused(part.line, "expected “after: NUMBER”, the number of an item")
        return int(text or 0)
    return text
