"""What the page "Edit" shows: a form for the texts of the issue, and a card for each item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.edit.fields import texts_of
from newsletter.edit.operations import Draft
from newsletter.model.issue import Issue, Item, corrected
from newsletter.render.catalog import Catalog
from newsletter.usecases.editing import TextConflict

NAMES = {
    "subject": "desk.edit.subject",
    "preheader": "desk.edit.preheader",
    "note": "desk.edit.note",
    "kicker": "desk.edit.kicker",
    "title": "desk.edit.headline",
    "authors": "desk.edit.byline",
    "teaser": "desk.edit.teaser",
    "takeaways": "desk.edit.takeaways",
    "link": "desk.edit.link",
    "alt": "desk.edit.alt",
    "caption": "desk.edit.caption",
}
ROWS = {"note": 5, "teaser": 4, "takeaways": 5}
"""Texts of several lines, with the height of their field."""
OF_IMAGE = {"alt", "caption"}


@dataclass(frozen=True, slots=True)
class TextField:
    """A text in a form; `before` is what is stored, `theirs` a conflicting text if there is one."""

    name: str
    label: str
    value: str
    before: str
    rows: int
    theirs: str | None
    revertible: bool


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
    suggested: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class EditView:
    """The cards of an issue: its texts, the printed items, the candidates."""

    path: str
    texts: EditCard
    items: tuple[EditCard, ...]
    candidates: tuple[EditCard, ...]


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What an editor entered and could not be saved, with the reason, in the card of `article_id`."""

    article_id: int | None
    entered: Mapping[str, str]
    conflicts: Sequence[TextConflict]
    problem: str


def edit_view(issue: Issue, draft: Draft, catalog: Catalog, unsaved: Unsaved | None) -> EditView:
    """Return the page; what could not be saved stays in its fields."""
    cards = tuple(
        _card(draft, item, catalog, unsaved if _is_about(unsaved, item.article_id) else None)
        for item in draft.items
    )
    own = unsaved if _is_about(unsaved, None) else None
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
        items=tuple(card for card in cards if card.included),
        candidates=tuple(card for card in cards if not card.included),
    )


def _is_about(unsaved: Unsaved | None, article_id: int | None) -> bool:
    return unsaved is not None and unsaved.article_id == article_id


def _card(draft: Draft, item: Item, catalog: Catalog, unsaved: Unsaved | None) -> EditCard:
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
        )
        for name, text in texts.items()
    )
