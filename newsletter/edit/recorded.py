"""Turn staff's operations into the edits of the audit log."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from newsletter.edit.fields import printed
from newsletter.edit.operations import (
    AcceptSuggested,
    AddItem,
    Correct,
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
    TakenBack,
    TakeOver,
    applied,
)
from newsletter.model.act import Edit, EditKind
from newsletter.model.duration import spell_duration
from newsletter.model.issue import Item, corrected

ORDER = "order before"
"""The key of the printed articles before an act that took one out, in or to the top."""


def order_before(draft: Draft, operations: Sequence[Operation]) -> dict[str, object]:
    """Return what an act must keep beside its edits, to be taken back."""
    moved = any(isinstance(operation, Place | Pin) for operation in operations)
    return {ORDER: order_of(draft)} if moved else {}


def edits(draft: Draft, operations: Sequence[Operation]) -> tuple[Edit, ...]:
    """Return each operation with what it changed, as applied to `draft` one after another."""
    made = []
    for operation in operations:
        after = applied(draft, [operation])
        made.append(_edit(operation, draft, after))
        draft = after
    return tuple(made)


def _edit(operation: Operation, before: Draft, after: Draft) -> Edit:
    match operation:
        case TakenBack(number):
            return Edit(EditKind.UNDO, "act", None, number)
        case SetText() | SetTest() | SetBlocks() | Reorder():
            return _whole(operation, before, after)
        case Place() | AddItem() | Pin() | PrintAs() | TakeOver():
            return _of_item(operation, before)
        case Correct() | Revert() | AcceptSuggested():
            return _correction(operation, before, after)


def _of_item(operation: Place | AddItem | Pin | PrintAs | TakeOver, before: Draft) -> Edit:
    match operation:
        case Place(article_id, where):
            was = placement(_item(before, article_id))
            return Edit(EditKind.PLACE, "place", article_id, was, where)
        case AddItem(item):
            return Edit(EditKind.ADD, "item", item.article_id, None, item.title)
        case TakeOver(item):
            earlier = _item(before, item.article_id).revision
            return Edit(EditKind.TAKE_OVER, "revision", item.article_id, earlier, item.revision)
        case Pin(article_id, pinned):
            return Edit(
                EditKind.PIN, "pinned", article_id, _item(before, article_id).pinned, pinned
            )
        case PrintAs(article_id, form):
            return Edit(EditKind.PRINT_AS, "form", article_id, _item(before, article_id).form, form)


def _whole(operation: SetText | SetTest | SetBlocks | Reorder, before: Draft, after: Draft) -> Edit:
    match operation:
        case SetText(name, _):
            was, now = getattr(before, name), getattr(after, name)
            return Edit(EditKind.SET_TEXT, name, before=was, after=now)
        case SetTest():
            was, now = _test(before), _test(after)
            return Edit(EditKind.SET_TEST, "subject test", before=was, after=now)
        case SetBlocks():
            return Edit(EditKind.SET_BLOCKS, "blocks", None, blocks_of(before), blocks_of(after))
        case Reorder():
            return Edit(EditKind.REORDER, "order", None, order_of(before), order_of(after))


def _correction(operation: Correct | Revert | AcceptSuggested, before: Draft, after: Draft) -> Edit:
    kind, name = _corrected(operation)
    article_id = operation.article_id
    was = _printed(_item(before, article_id), name)
    return Edit(kind, name, article_id, was, _printed(_item(after, article_id), name))


def _corrected(operation: Correct | Revert | AcceptSuggested) -> tuple[EditKind, str]:
    match operation:
        case Correct(_, name, _):
            return EditKind.CORRECT, name
        case Revert(_, name):
            return EditKind.REVERT, name
        case AcceptSuggested():
            return EditKind.ACCEPT_SUGGESTED, "takeaways"


def _item(draft: Draft, article_id: int) -> Item:
    return next(item for item in draft.items if item.article_id == article_id)


def _printed(item: Item, name: str) -> str | list[str]:
    if name == "takeaways":
        return list(corrected(item).takeaways.items)
    return printed(item, name)


def placement(item: Item) -> Placement:
    """Return where an item is."""
    return "in" if item.included else item.decision or "out"


def order_of(draft: Draft) -> list[int]:
    """Return the printed articles in their order."""
    return [item.article_id for item in draft.items if item.included]


def _test(draft: Draft) -> str:
    """Return a test of two subjects in one line."""
    if draft.test is None:
        return ""
    test = draft.test
    return f"“{test.subject}”, {test.share}%, {spell_duration(test.decide_after)}"


def blocks_of(draft: Draft) -> list[dict[str, Any]]:
    """Return the blocks as JSON values."""
    return [asdict(block) for block in draft.blocks]
