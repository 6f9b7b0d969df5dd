"""What staff do to an issue, as values: the edit file, the pages and the tests use the same.

Each operation is applied to a draft and gives a draft; nothing here reads or writes. Corrections
are kept apart from what the article says, so that they survive a new collection of it, can be
shown beside the original, and can be taken back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

from newsletter.errors import NotAllowed
from newsletter.model.issue import CORRECTABLE, EXTRACTED, Block, Item, corrected
from newsletter.model.text import bounded, printable

TextField = Literal["subject", "preheader", "note"]
LONGEST = {"subject": 160, "preheader": 200, "title": 300, "teaser": 1000}
LONGEST_NOTE, LONGEST_TAKEAWAY = 5000, 600
NEXT = "moved to the next issue by staff"
EXCLUDED = "excluded by staff"
INCLUDED = "put in by staff"


@dataclass(frozen=True, slots=True)
class Draft:
    """What staff can change of an issue; items in printed order, those in first."""

    subject: str
    preheader: str
    note: str
    blocks: tuple[Block, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class SetText:
    """Set the subject, the preheader or the opening note; empty means: as it comes."""

    name: TextField
    text: str


@dataclass(frozen=True, slots=True)
class SetBlocks:
    """Replace the extra blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Put an item in, take it out, or leave it to the next issue."""

    article_id: int
    where: Literal["in", "out", "next"]


@dataclass(frozen=True, slots=True)
class Pin:
    """Pin an item: it stays in, before all that are not pinned."""

    article_id: int
    pinned: bool = True


@dataclass(frozen=True, slots=True)
class Reorder:
    """Print the items in this order; those not named follow in theirs."""

    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Correct:
    """Print this headline, teaser or list of takeaways instead of the article's own."""

    article_id: int
    name: Literal["title", "teaser", "takeaways"]
    text: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revert:
    """Print again what the article says."""

    article_id: int
    name: Literal["title", "teaser", "takeaways"]


@dataclass(frozen=True, slots=True)
class AcceptSuggested:
    """Print the suggested takeaways, under the heading that says they are from the text."""

    article_id: int


Operation = SetText | SetBlocks | Place | Pin | Reorder | Correct | Revert | AcceptSuggested


def applied(draft: Draft, operations: Sequence[Operation]) -> Draft:
    """Return the draft after these operations; raise NotAllowed when one does not fit it."""
    return numbered(reduce(_apply, operations, draft))


def numbered(draft: Draft) -> Draft:
    """Give the items the positions of their order, those in first."""
    ordered = [one for one in draft.items if one.included]
    ordered += [one for one in draft.items if not one.included]
    items = tuple(replace(one, position=place) for place, one in enumerate(ordered, 1))
    return replace(draft, items=items)


def _apply(draft: Draft, operation: Operation) -> Draft:
    match operation:
        case SetText() | SetBlocks():
            return _retold(draft, operation)
        case Reorder(articles):
            return _ordered(draft, articles)
        case Place(article_id, where):
            return _changed(draft, article_id, lambda one: _placed(one, where))
        case Pin(article_id, pinned):
            return _pinned(draft, article_id, pinned=pinned)
        case Correct() | Revert() | AcceptSuggested():
            return _changed(draft, operation.article_id, lambda one: _corrected(one, operation))


def _retold(draft: Draft, operation: SetText | SetBlocks) -> Draft:
    match operation:
        case SetBlocks(blocks):
            return replace(draft, blocks=tuple(map(_block, blocks)))
        case SetText("subject", text):
            return replace(draft, subject=_line("subject", text))
        case SetText("preheader", text):
            return replace(draft, preheader=_line("preheader", text))
        case SetText(_, text):
            return replace(draft, note=_line("note", text))


def _line(name: str, text: str) -> str:
    if name == "note":
        kept = "\n\n".join(filter(None, map(printable, text.replace("\r\n", "\n").split("\n\n"))))
        return kept[:LONGEST_NOTE]
    return bounded(text, LONGEST[name])


def _block(block: Block) -> Block:
    text = "\n\n".join(filter(None, map(printable, block.text.split("\n\n"))))
    return replace(block, heading=bounded(block.heading, 300), text=text[:LONGEST_NOTE])


def _changed(draft: Draft, article_id: int, change: Callable[[Item], Item]) -> Draft:
    if article_id not in {one.article_id for one in draft.items}:
        msg = f"article {article_id} is no candidate of this issue"
        raise NotAllowed(msg)
    items = tuple(change(one) if one.article_id == article_id else one for one in draft.items)
    return replace(draft, items=items)


def _placed(item: Item, where: Literal["in", "out", "next"]) -> Item:
    if where == "in":
        return item if item.included else replace(item, included=True, reason=INCLUDED)
    reason = NEXT if where == "next" else EXCLUDED
    return replace(item, included=False, pinned=False, reason=reason)


def _pinned(draft: Draft, article_id: int, *, pinned: bool) -> Draft:
    changed = _changed(
        draft,
        article_id,
        lambda one: replace(
            one,
            pinned=pinned,
            included=one.included or pinned,
            reason="pinned by staff" if pinned else one.reason,
        ),
    )
    first = sorted(changed.items, key=lambda one: not (one.pinned and one.included))
    return replace(changed, items=tuple(first)) if pinned else changed


def _ordered(draft: Draft, articles: Sequence[int]) -> Draft:
    places = {article: place for place, article in enumerate(articles)}
    known = {one.article_id for one in draft.items}
    if unknown := [str(one) for one in articles if one not in known]:
        msg = f"article {', '.join(unknown)} is no candidate of this issue"
        raise NotAllowed(msg)
    last = len(places)
    items = sorted(draft.items, key=lambda one: places.get(one.article_id, last))
    return replace(draft, items=tuple(items))


def _corrected(item: Item, operation: Correct | Revert | AcceptSuggested) -> Item:
    made = dict(item.corrections)
    match operation:
        case AcceptSuggested():
            if not item.suggested.items:
                msg = f"article {item.article_id} has no suggested takeaways"
                raise NotAllowed(msg)
            made |= _of_the_text(item.suggested.items, item)
        case Revert(_, name):
            made.pop(name, None)
        case Correct(_, name, text):
            made |= _correction(item, name, text)
    if "takeaways" not in made:
        made.pop(EXTRACTED, None)
    return replace(item, corrections=made)


def _correction(item: Item, name: str, text: str | tuple[str, ...]) -> Mapping[str, object]:
    if name not in CORRECTABLE:
        msg = f"the {name} of an article cannot be corrected here; change it at its source"
        raise NotAllowed(msg)
    if name == "takeaways":
        lines = [text] if isinstance(text, str) else list(text)
        kept = [line for one in lines if (line := bounded(one, LONGEST_TAKEAWAY))]
        return _of_the_text(kept, item)
    line = bounded(text if isinstance(text, str) else " ".join(text), LONGEST[name])
    if name == "title" and not line:
        msg = f"article {item.article_id} needs a headline; revert it to print the article's own"
        raise NotAllowed(msg)
    return {name: line}


def _of_the_text(lines: Sequence[str], item: Item) -> Mapping[str, object]:
    """Return a list of takeaways, with its origin if every line is a sentence of the text.

    The origin is kept with the lines: the article may change, and they must not turn into takeaways
    that somebody marked.
    """
    extracted = [
        one
        for one in (corrected(item).takeaways, item.takeaways, item.suggested)
        if one.origin == "extracted" and set(lines) <= set(one.items)
    ]
    detail = extracted[0].detail if lines and extracted else None
    return {"takeaways": list(lines), EXTRACTED: detail}
