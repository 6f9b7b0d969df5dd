"""Take back an edit of an issue: the operations that restore what it changed."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from newsletter.edit.fields import printed, uncorrected
from newsletter.edit.operations import (
    AcceptSuggested,
    Correct,
    CorrectableField,
    Draft,
    Operation,
    Pin,
    Place,
    PrintAs,
    Reorder,
    Revert,
    SetBlocks,
    SetText,
    TakenBack,
    TextField,
)
from newsletter.edit.recorded import ORDER, blocks_of, order_of, placement
from newsletter.errors import NotAllowed
from newsletter.model.act import Act, Edit, EditKind
from newsletter.model.issue import Block, Item, corrected
from newsletter.store.acts import NumberedAct
from subscribers.phrase import Phrase


def last_own(recorded: Sequence[NumberedAct], actor: str) -> NumberedAct | None:
    """Return the latest edit of a person that is not taken back; `recorded` has the latest first."""
    undone = {edit.before for each in recorded for edit in each.act.edits if _undoes(edit)}
    own = (each for each in recorded if str(each.act.actor) == actor and each.number not in undone)
    return next((each for each in own if each.act.edits and not is_undo(each.act)), None)


def is_undo(act: Act) -> bool:
    """Return whether an act took back another one."""
    return any(map(_undoes, act.edits))


def _undoes(edit: Edit) -> bool:
    return edit.kind is EditKind.UNDO


def undo(draft: Draft, recorded: NumberedAct) -> tuple[Operation, ...]:
    """Return the operations that take an act back.

    Raises NotAllowed if what it changed has been changed again, or cannot be restored.
    """
    act = recorded.act
    back = [operation for edit in reversed(act.edits) for operation in _back(draft, edit)]
    if ORDER in act.before:
        back += _order_before(draft, cast("list[int]", act.before[ORDER]))
    return (*back, TakenBack(recorded.number))


def _order_before(draft: Draft, order: Sequence[int]) -> Iterator[Operation]:
    known = {item.article_id for item in draft.items}
    yield Reorder(tuple(article for article in order if article in known))


def _back(draft: Draft, edit: Edit) -> Iterator[Operation]:
    match edit.kind:
        case EditKind.SET_TEXT:
            _require_same(getattr(draft, edit.name), edit)
            yield SetText(cast("TextField", edit.name), str(edit.before))
        case EditKind.SET_BLOCKS:
            _require_same(blocks_of(draft), edit)
            yield SetBlocks(tuple(Block(**values) for values in edit.before))
        case EditKind.REORDER:
            _require_same(order_of(draft), edit)
            yield from _order_before(draft, edit.before)
        case EditKind.PLACE | EditKind.PIN | EditKind.PRINT_AS | EditKind.ADD:
            yield from _placed(_item(draft, edit), edit)
        case EditKind.CORRECT | EditKind.REVERT | EditKind.ACCEPT_SUGGESTED:
            yield _text(_item(draft, edit), edit)
        case _:
            msg = Phrase("“{kind}” cannot be taken back", kind=edit.kind)
            raise NotAllowed(msg)


def _placed(item: Item, edit: Edit) -> Iterator[Operation]:
    match edit.kind:
        case EditKind.PLACE:
            _require_same(placement(item), edit)
            yield Place(item.article_id, edit.before)
        case EditKind.PIN:
            _require_same(item.pinned, edit)
            yield Pin(item.article_id, bool(edit.before))
        case EditKind.PRINT_AS:
            _require_same(item.form, edit)
            yield PrintAs(item.article_id, edit.before)
        case _:
            yield Place(item.article_id, "out")


def _text(item: Item, edit: Edit) -> Operation:
    name = cast("CorrectableField", edit.name)
    if name == "takeaways":
        _require_same(list(corrected(item).takeaways.items), edit)
        lines = tuple(edit.before)
        if lines == item.takeaways.items:
            return Revert(item.article_id, name)
        if lines == item.suggested.items:
            return AcceptSuggested(item.article_id)
        return Correct(item.article_id, name, lines)
    _require_same(printed(item, name), edit)
    if uncorrected(item, name) == edit.before:
        return Revert(item.article_id, name)
    return Correct(item.article_id, name, str(edit.before))


def _item(draft: Draft, edit: Edit) -> Item:
    found = next((item for item in draft.items if item.article_id == edit.article_id), None)
    if found is None:
        raise _changed(edit)
    return found


def _require_same(present: Any, edit: Edit) -> None:  # noqa: ANN401 - a JSON value
    if present != edit.after:
        raise _changed(edit)


def _changed(edit: Edit) -> NotAllowed:
    return NotAllowed(
        Phrase("“{name}” has been changed again since; change it there", name=edit.name)
    )
