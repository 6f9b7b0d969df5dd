"""What staff do to an issue, as values that the edit file, the pages and the tests share.

Applying operations to a draft returns a new draft; nothing here reads or writes. Corrections are
stored apart from what the article says: they survive a new collection of the article, can be shown
beside the original, and can be reverted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

from newsletter.edit.cleaning import (
    LONGEST,
    LONGEST_LINE,
    LONGEST_TAKEAWAY,
    clean_block,
    clean_prose,
    clean_test,
    require_printable,
)
from newsletter.errors import NotAllowed
from newsletter.model.issue import (
    CORRECTABLE,
    EXTRACTED,
    TAGS,
    Block,
    Item,
    ItemForm,
    corrected,
)
from newsletter.model.subjects import SubjectTest
from newsletter.model.text import bounded
from subscribers.phrase import Phrase

TextField = Literal["subject", "preheader", "note"]
Placement = Literal["in", "out", "later", "never"]
CorrectableField = Literal[
    "kicker",
    "title",
    "authors",
    "date",
    "topics",
    "teaser",
    "takeaways",
    "image",
    "alt",
    "caption",
    "link",
]
OUT_REASONS: Mapping[str, str] = {
    "out": Phrase("excluded by staff"),
    "later": Phrase("left for the next issue by staff"),
    "never": Phrase("never in this newsletter, by staff"),
}
INCLUDED = Phrase("included by staff")
ADDED = Phrase("added by staff")
PINNED = Phrase("pinned by staff")
LATE = "collected after the draft"
AFTER_APPROVAL = "collected after the approval"
"""How the reason of an item begins that was added to a draft later."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What staff can change in an issue; items in printed order, included items first."""

    subject: str
    preheader: str
    note: str
    blocks: tuple[Block, ...]
    items: tuple[Item, ...]
    test: SubjectTest | None = None


@dataclass(frozen=True, slots=True)
class SetText:
    """Set the subject, the preheader or the opening note; empty restores the default."""

    name: TextField
    text: str


@dataclass(frozen=True, slots=True)
class SetTest:
    """Test a second subject against the first; None ends the test."""

    test: SubjectTest | None


@dataclass(frozen=True, slots=True)
class SetBlocks:
    """Replace the extra blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Include an item, exclude it from this issue, leave it for a later one, or never print it."""

    article_id: int
    where: Placement


@dataclass(frozen=True, slots=True)
class AddItem:
    """Print an article that is not a candidate, after the printed items."""

    item: Item


@dataclass(frozen=True, slots=True)
class Pin:
    """Pin an item: it is included, before all items that are not pinned."""

    article_id: int
    pinned: bool = True


@dataclass(frozen=True, slots=True)
class PrintAs:
    """Print an item in full, or as a headline, wherever it is printed; empty takes that back."""

    article_id: int
    form: ItemForm


@dataclass(frozen=True, slots=True)
class Reorder:
    """Print these items in this order; the others follow in their present order."""

    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Correct:
    """Print this text instead of the article's own.

    Authors are as in `model.byline`, topics are separated by semicolons, a date is YYYY-MM-DD.
    `tags` are the slugs by which subscribers follow corrected topics.
    """

    article_id: int
    name: CorrectableField
    text: str | tuple[str, ...]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revert:
    """Print what the article says again."""

    article_id: int
    name: CorrectableField


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Print what a newer revision of the article says; corrections are kept."""

    item: Item

    @property
    def article_id(self) -> int:
        """Return the article that has a newer revision."""
        return self.item.article_id


@dataclass(frozen=True, slots=True)
class AcceptSuggested:
    """Print the suggested takeaways, under the heading "From the text"."""

    article_id: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Note that an act, by its number in the audit, is taken back; changes nothing itself."""

    act: int


Operation = (
    SetText
    | SetTest
    | SetBlocks
    | Place
    | AddItem
    | Pin
    | PrintAs
    | Reorder
    | Correct
    | Revert
    | AcceptSuggested
    | TakeOver
    | TakenBack
)


def applied(draft: Draft, operations: Sequence[Operation]) -> Draft:
    """Return the draft after these operations; raise NotAllowed if one does not fit it."""
    return numbered(reduce(_apply, operations, draft))


def numbered(draft: Draft) -> Draft:
    """Return the draft with its items numbered, included items first."""
    ordered = [item for item in draft.items if item.included]
    ordered += [item for item in draft.items if not item.included]
    items = tuple(replace(item, position=place) for place, item in enumerate(ordered, 1))
    return replace(draft, items=items)


def _apply(draft: Draft, operation: Operation) -> Draft:
    match operation:
        case SetText() | SetTest() | SetBlocks():
            return _with_texts(draft, operation)
        case Correct() | Revert() | AcceptSuggested():
            return _changed(draft, operation.article_id, lambda item: _corrected(item, operation))
        case TakeOver(newer):
            return _changed(draft, newer.article_id, lambda item: in_place_of(item, newer))
        case PrintAs(article_id, form):
            return _changed(draft, article_id, lambda item: replace(item, form=form))
        case _:
            return _arranged(draft, operation)


def _arranged(draft: Draft, operation: Reorder | Place | AddItem | Pin | TakenBack) -> Draft:
    match operation:
        case TakenBack():
            return draft
        case Reorder(articles):
            return _reordered(draft, articles)
        case Place(article_id, where):
            return _changed(draft, article_id, lambda item: _placed(item, where))
        case AddItem(item):
            return _with_item(draft, item)
        case Pin(article_id, pinned):
            return _pinned(draft, article_id, pinned=pinned)


def _with_texts(draft: Draft, operation: SetText | SetTest | SetBlocks) -> Draft:
    match operation:
        case SetTest(test):
            return replace(draft, test=clean_test(test) if test else None)
        case SetBlocks(blocks):
            return replace(draft, blocks=tuple(map(clean_block, blocks)))
        case SetText("subject", text):
            return replace(draft, subject=bounded(text, LONGEST["subject"]))
        case SetText("preheader", text):
            return replace(draft, preheader=bounded(text, LONGEST["preheader"]))
        case SetText(_, text):
            return replace(draft, note=clean_prose(text, "note"))


def _changed(draft: Draft, article_id: int, change: Callable[[Item], Item]) -> Draft:
    if article_id not in {item.article_id for item in draft.items}:
        raise _not_a_candidate([article_id])
    items = tuple(change(item) if item.article_id == article_id else item for item in draft.items)
    return replace(draft, items=items)


def _not_a_candidate(articles: Sequence[int]) -> NotAllowed:
    named = ", ".join(map(str, articles))
    return NotAllowed(Phrase("article {named} is not a candidate for this issue", named=named))


def _with_item(draft: Draft, item: Item) -> Draft:
    """Return the draft with an item; one that is a candidate already is included and corrected."""
    if item.article_id in {known.article_id for known in draft.items}:
        return _changed(draft, item.article_id, lambda known: _included(known, item.corrections))
    added = replace(item, included=True, reason=ADDED)
    return replace(draft, items=(*draft.items, added))


def _included(item: Item, corrections: Mapping[str, object]) -> Item:
    return replace(_placed(item, "in"), corrections={**item.corrections, **corrections})


def _placed(item: Item, where: Placement) -> Item:
    if where == "in":
        if item.included:
            return item
        return replace(item, included=True, reason=INCLUDED, decision="")
    reason = OUT_REASONS[where]
    return replace(item, included=False, pinned=False, reason=reason, decision=where)


def in_place_of(item: Item, newer: Item) -> Item:
    """Return the newer item with the place and the corrections of the present one."""
    return replace(
        newer,
        position=item.position,
        included=item.included,
        reason=item.reason,
        pinned=item.pinned,
        decision=item.decision,
        form=item.form,
        corrections=item.corrections,
    )


def _pinned(draft: Draft, article_id: int, *, pinned: bool) -> Draft:
    changed = _changed(
        draft,
        article_id,
        lambda item: replace(
            item,
            pinned=pinned,
            included=item.included or pinned,
            decision="" if pinned else item.decision,
            reason=PINNED if pinned else item.reason,
        ),
    )
    pinned_first = sorted(changed.items, key=lambda item: not (item.pinned and item.included))
    return replace(changed, items=tuple(pinned_first)) if pinned else changed


def _reordered(draft: Draft, articles: Sequence[int]) -> Draft:
    places = {article: place for place, article in enumerate(articles)}
    known = {item.article_id for item in draft.items}
    if unknown := [article for article in articles if article not in known]:
        raise _not_a_candidate(unknown)
    last = len(places)
    items = sorted(draft.items, key=lambda item: places.get(item.article_id, last))
    return replace(draft, items=tuple(items))


def _corrected(item: Item, operation: Correct | Revert | AcceptSuggested) -> Item:
    corrections = dict(item.corrections)
    match operation:
        case AcceptSuggested():
            if not item.suggested.items:
                msg = Phrase(
                    "article {article_id} has no suggested takeaways", article_id=item.article_id
                )
                raise NotAllowed(msg)
            corrections |= _takeaways_with_origin(item.suggested.items, item)
        case Revert(_, name):
            corrections.pop(name, None)
        case Correct(_, "topics", text, tags):
            corrections |= {"topics": list(topics_in(text)), TAGS: list(tags)}
        case Correct(_, name, text):
            corrections |= _correction(item, name, text)
    for name, beside in (("takeaways", EXTRACTED), ("topics", TAGS)):
        if name not in corrections:
            corrections.pop(beside, None)
    return replace(item, corrections=corrections)


def _correction(item: Item, name: str, text: str | tuple[str, ...]) -> Mapping[str, object]:
    if name not in CORRECTABLE:
        msg = Phrase(
            "the {name} of an article cannot be corrected here; correct it at its source", name=name
        )
        raise NotAllowed(msg)
    if name == "takeaways":
        given = [text] if isinstance(text, str) else list(text)
        lines = [line for raw in given if (line := bounded(raw, LONGEST_TAKEAWAY))]
        return _takeaways_with_origin(lines, item)
    joined = text if isinstance(text, str) else " ".join(text)
    line = bounded(joined, LONGEST.get(name, LONGEST_LINE))
    require_printable(item.article_id, name, line)
    return {name: line}


def topics_in(text: str | Sequence[str]) -> tuple[str, ...]:
    """Return the topics of a line in which semicolons separate them."""
    parts = text.split(";") if isinstance(text, str) else text
    return tuple(topic for part in parts if (topic := bounded(part, LONGEST_LINE)))


def _takeaways_with_origin(lines: Sequence[str], item: Item) -> Mapping[str, object]:
    """Return a list of takeaways; it keeps the origin if every line is a sentence of the text.

    One line in staff's own words makes the whole list theirs: "From the text" must be true of each
    line. The origin is stored with the lines because the article, and so its suggestions, may
    change, and these lines must never look as if their author had marked them.
    """
    extracted = [
        takeaways
        for takeaways in (corrected(item).takeaways, item.takeaways, item.suggested)
        if takeaways.origin == "extracted" and set(lines) <= set(takeaways.items)
    ]
    detail = extracted[0].detail if lines and extracted else None
    return {"takeaways": list(lines), EXTRACTED: detail}
