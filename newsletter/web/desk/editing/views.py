"""What the page "Edit" shows: a form for the texts of the issue, and a card for each item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.edit.fields import TextConflict, texts_of
from newsletter.edit.operations import Draft
from newsletter.model import prose
from newsletter.model.issue import Issue, Item, ItemForm, corrected
from newsletter.model.prose import Prose
from newsletter.render.catalog import Catalog
from newsletter.render.inbox import InboxRow
from newsletter.web.desk.editing.blocks import NEW, BlockCard, UnsavedBlock, block_cards, new_block

NAMES = {
    "subject": "desk.edit.subject",
    "preheader": "desk.edit.preheader",
    "note": "desk.edit.note",
    "kicker": "desk.edit.kicker",
    "title": "desk.edit.headline",
    "authors": "desk.edit.byline",
    "date": "desk.edit.date",
    "topics": "desk.edit.topics",
    "teaser": "desk.edit.teaser",
    "takeaways": "desk.edit.takeaways",
    "link": "desk.edit.link",
    "image": "desk.edit.image",
    "alt": "desk.edit.alt",
    "caption": "desk.edit.caption",
}
ROWS = {"note": 5, "teaser": 4, "takeaways": 5}
"""Texts of several lines, with the height of their field."""
OF_IMAGE = {"alt", "caption"}


@dataclass(frozen=True, slots=True)
class TextField:
    """A text in a form; `before` is what is stored, `theirs` a conflicting text if there is one.

    `printed` is the text of a note as it is printed.
    """

    name: str
    label: str
    value: str
    before: str
    rows: int
    theirs: str | None
    revertible: bool
    printed: tuple[Prose, ...] = ()


@dataclass(frozen=True, slots=True)
class EditCard:
    """An item, or the issue itself (then `article_id` is None); `problem` is about this card."""

    article_id: int | None
    title: str
    position: int
    lang: str
    fields: tuple[TextField, ...]
    included: bool = True
    pinned: bool = False
    form: ItemForm = ""
    suggested: tuple[str, ...] = ()
    problem: str = ""
    blocks: tuple[BlockCard, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoView:
    """The last edit of the visitor, by its number in the audit, and what it is about."""

    act: int
    label: str


@dataclass(frozen=True, slots=True)
class Present:
    """What is true of an issue at this moment.

    `inbox` is how inboxes show it, `undo` what the visitor can take back, and `others` who else
    edits it. `mark` changes with what it prints.
    """

    mark: str
    inbox: tuple[InboxRow, ...] = ()
    undo: UndoView | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditView:
    """The cards of an issue: its texts, the printed items with the blocks after each, the candidates.

    `blocks` are those after all items, and `new` is the form for another one.
    """

    path: str
    texts: EditCard
    items: tuple[EditCard, ...]
    candidates: tuple[EditCard, ...]
    blocks: tuple[BlockCard, ...]
    new: BlockCard
    present: Present


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What an editor entered and is not saved, in the card of `article_id`; `problem` says why.

    Without a problem, they asked to see it as it would be printed.
    """

    article_id: int | None
    entered: Mapping[str, str]
    conflicts: Sequence[TextConflict]
    problem: str


def edit_view(
    issue: Issue,
    draft: Draft,
    catalog: Catalog,
    unsaved: Unsaved | UnsavedBlock | None,
    present: Present,
) -> EditView:
    """Return the page; what is not saved stays in its fields."""
    texts = unsaved if isinstance(unsaved, Unsaved) else None
    block = unsaved if isinstance(unsaved, UnsavedBlock) else None
    if block and block.place >= len(draft.blocks):
        block = replace(block, place=NEW)
    places = _places(draft)
    blocks = block_cards(draft.blocks, places, block)
    cards = tuple(
        item_card(draft, item, catalog, texts if _is_about(texts, item.article_id) else None)
        for item in draft.items
    )
    own = texts if _is_about(texts, None) else None
    printed = tuple(card for card in cards if card.included)
    return EditView(
        path=f"/issues/{issue.id}",
        texts=EditCard(
            None,
            "",
            0,
            "",
            _fields(texts_of(draft), catalog, own, ()),
            problem=own.problem if own else "",
        ),
        items=tuple(
            replace(card, blocks=tuple(each for each in blocks if each.after == card.position))
            for card in printed
        ),
        candidates=tuple(card for card in cards if not card.included),
        blocks=tuple(each for each in blocks if not 0 < each.after <= len(printed)),
        new=new_block(places, block),
        present=present,
    )


def _places(draft: Draft) -> tuple[tuple[int, str], ...]:
    """Return the printed items after which a block can be put, by their numbers."""
    return tuple((item.position, corrected(item).title) for item in draft.items if item.included)


def _is_about(unsaved: Unsaved | None, article_id: int | None) -> bool:
    return unsaved is not None and unsaved.article_id == article_id


def item_card(
    draft: Draft, item: Item, catalog: Catalog, unsaved: Unsaved | None = None
) -> EditCard:
    """Return the card of an item."""
    shown = corrected(item)
    texts = {
        name: text
        for name, text in texts_of(draft, item).items()
        if shown.image is not None or name not in OF_IMAGE
    }
    return EditCard(
        item.article_id,
        shown.title,
        item.position,
        item.lang,
        _fields(texts, catalog, unsaved, tuple(item.corrections)),
        included=item.included,
        pinned=item.pinned,
        form=item.form,
        suggested=() if shown.takeaways.items else item.suggested.items,
        problem=unsaved.problem if unsaved else "",
    )


def _fields(
    texts: Mapping[str, str], catalog: Catalog, unsaved: Unsaved | None, changed: Sequence[str]
) -> tuple[TextField, ...]:
    entered = unsaved.entered if unsaved else {}
    theirs = {text.name: text.theirs for text in unsaved.conflicts} if unsaved else {}
    return tuple(
        TextField(
            name=name,
            label=catalog.text(NAMES[name]),
            value=entered.get(name, text),
            before=text,
            rows=ROWS.get(name, 1),
            theirs=theirs.get(name),
            revertible=name in changed,
            printed=prose.parse(entered.get(name, text)) if name == "note" else (),
        )
        for name, text in texts.items()
    )
