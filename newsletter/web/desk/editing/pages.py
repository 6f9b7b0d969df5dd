"""Edit an issue with forms that work without scripts; what cannot be saved stays on the page."""

from collections.abc import Mapping, Sequence
from typing import cast

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.edit.blocks import BlockConflict
from newsletter.edit.operations import (
    AcceptSuggested,
    CorrectableField,
    Operation,
    Pin,
    Place,
    Placement,
    PrintAs,
    Revert,
)
from newsletter.edit.run import load_draft
from newsletter.errors import NotAllowed
from newsletter.model.issue import Block, ItemForm
from newsletter.send.context import SendingContext
from newsletter.usecases import blocks, editing
from newsletter.usecases.editing import EditConflict, TextChange
from newsletter.web.desk import issue_views
from newsletter.web.desk.editing.blocks import NEW, UnsavedBlock, read_block
from newsletter.web.desk.editing.live import LiveDesk, Scripted
from newsletter.web.desk.editing.views import NAMES, Unsaved, edit_view
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from newsletter.web.headers import LIVE
from newsletter.web.public.forms import Form
from subscribers.phrase import Phrase

TAB = "Edit"
STEPS = {"up": -1, "down": 1}
EMPTY = Form({})
NOTHING = Block("", "")
PLACES = ("in", "out", "later", "never")
FORMS: dict[str, ItemForm] = {"full": "full", "headline": "headline", "either": ""}


class EditPages:
    """The page "Edit" of an issue, and its forms."""

    def __init__(self, shell: Shell, gate: Gate, live: LiveDesk) -> None:
        """Take the frame, the gate, and what answers about the present draft."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context
        self._live = live

    def show(self, visitor: Editor, issue_id: int) -> Response:
        """Show the texts of the issue and a card for each item."""
        return self._page(visitor, issue_id)

    def save(self, visitor: Editor, issue_id: int, form: DeskForm, scripted: Scripted) -> Response:
        """Save subject, preheader and note."""
        return self._saved(visitor, issue_id, None, form, scripted=scripted)

    def save_item(
        self,
        visitor: Editor,
        issue_id: int,
        article_id: int,
        form: DeskForm,
        scripted: Scripted,
    ) -> Response:
        """Save the texts of an item."""
        return self._saved(visitor, issue_id, article_id, form, scripted=scripted)

    def place(self, visitor: Editor, issue_id: int, article_id: int, form: DeskForm) -> Response:
        """Move an item, pin it, choose its form, or print its suggested takeaways."""
        act = form.first("act")
        if act in STEPS:
            editing.shift(self._context, visitor.actor, issue_id, article_id, STEPS[act])
        else:
            self._change(visitor, issue_id, _placed(article_id, act))
        return _back(issue_id, article_id)

    def revert(self, visitor: Editor, issue_id: int, article_id: int, form: DeskForm) -> Response:
        """Print what the article says again."""
        name = form.first("name")
        if name not in NAMES:
            msg = Phrase("choose the text to revert")
            raise NotAllowed(msg)
        self._change(visitor, issue_id, Revert(article_id, cast("CorrectableField", name)))
        return _back(issue_id, article_id, form)

    def add_block(self, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Add a block: a text, a link, an image, an advertisement."""
        return self.save_block(visitor, issue_id, NEW, form, scripted=False)

    def save_block(
        self, visitor: Editor, issue_id: int, place: int, form: DeskForm, scripted: Scripted
    ) -> Response:
        """Save or remove a block, or show it as it would be printed."""
        wanted = read_block(form, place)
        entered = wanted.after or wanted.before or NOTHING
        if form.first("act") == "preview":
            return self._page(visitor, issue_id, UnsavedBlock(place, entered))
        try:
            result = blocks.save_block(self._context, visitor.actor, issue_id, wanted)
        except NotAllowed as error:
            problem = self._shell.catalog(visitor).error(error)
            unsaved = UnsavedBlock(place, entered, (), problem)
            return self._unsaved(visitor, issue_id, unsaved, scripted=scripted)
        if isinstance(result, BlockConflict):
            text = self._shell.catalog(visitor).text
            name = "desk.edit.removed" if result.removed else "desk.edit.conflict"
            place = NEW if result.removed else place
            unsaved = UnsavedBlock(place, entered, result.texts, text(name))
            return self._unsaved(visitor, issue_id, unsaved, scripted=scripted)
        if scripted:
            return self._live.saved(visitor, issue_id, result, {})
        return RedirectResponse(f"/issues/{issue_id}/edit#blocks", status_code=303)

    def _change(self, visitor: Visitor, issue_id: int, operation: Operation) -> None:
        editing.change(self._context, visitor.actor, issue_id, [operation])

    def _saved(
        self,
        visitor: Visitor,
        issue_id: int,
        article_id: int | None,
        form: Form,
        *,
        scripted: bool,
    ) -> Response:
        changes = _changes(form)
        if form.first("act") == "preview":
            shown = Unsaved(article_id, _entered(changes), (), "")
            return self._page(visitor, issue_id, shown)
        try:
            result = editing.save_texts(
                self._context, visitor.actor, issue_id, changes, article_id=article_id
            )
        except NotAllowed as error:
            problem = self._shell.catalog(visitor).error(error)
            unsaved = Unsaved(article_id, _entered(changes), (), problem)
            return self._unsaved(visitor, issue_id, unsaved, scripted=scripted)
        if isinstance(result, EditConflict):
            problem = self._shell.catalog(visitor).text("desk.edit.conflict")
            unsaved = Unsaved(article_id, _entered(changes), result.texts, problem)
            return self._unsaved(visitor, issue_id, unsaved, scripted=scripted)
        if scripted:
            texts = self._live.texts(issue_id, article_id)
            return self._live.saved(visitor, issue_id, result, texts)
        return _back(issue_id, article_id, form)

    def _unsaved(
        self,
        visitor: Visitor,
        issue_id: int,
        unsaved: Unsaved | UnsavedBlock,
        *,
        scripted: bool,
    ) -> Response:
        if scripted:
            return self._live.unsaved(unsaved.problem, tuple(unsaved.conflicts))
        return self._page(visitor, issue_id, unsaved, status=409)

    def _page(
        self,
        visitor: Visitor,
        issue_id: int,
        unsaved: Unsaved | UnsavedBlock | None = None,
        *,
        status: int = 200,
    ) -> Response:
        context = SendingContext(self._app.publication, self._app.senders, self._app.now())
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            head = issue_views.head(connection, context, issue_id, catalog)
            issue, draft = load_draft(connection, issue_id)
        lead = catalog.text("desk.edit.lead" if issue.editable else "desk.edit.closed")
        heading = Heading("Issues", head.title, lead, TAB, head.tabs)
        present = self._live.present(visitor, issue_id, draft)
        view = edit_view(issue, draft, catalog, unsaved, present)
        name = "editing/page" if issue.editable or unsaved else "editing/closed"
        page = self._shell.page(name, heading, view, visitor, status=status)
        page.headers["Content-Security-Policy"] = LIVE
        return page


def _changes(form: Form) -> Sequence[TextChange]:
    """Return the texts that a form contains, each with what its page showed before."""
    return [
        TextChange(name, form.first(f"before.{name}"), form.first(name))
        for name in NAMES
        if name in form.fields
    ]


def _entered(changes: Sequence[TextChange]) -> Mapping[str, str]:
    return {text.name: text.after for text in changes}


def _placed(article_id: int, act: str) -> Operation:
    match act:
        case "pin" | "unpin":
            return Pin(article_id, pinned=act == "pin")
        case "accept":
            return AcceptSuggested(article_id)
        case _ if act in FORMS:
            return PrintAs(article_id, FORMS[act])
        case _ if act in PLACES:
            return Place(article_id, cast("Placement", act))
        case _:
            msg = Phrase("choose what to do with the item")
            raise NotAllowed(msg)


def _back(issue_id: int, article_id: int | None, form: Form = EMPTY) -> Response:
    """Return to the page that has the form: the cards, or an item beside its source."""
    if article_id is not None and form.first("page") == "source":
        return RedirectResponse(f"/issues/{issue_id}/items/{article_id}", status_code=303)
    card = f"#article-{article_id}" if article_id is not None else ""
    return RedirectResponse(f"/issues/{issue_id}/edit{card}", status_code=303)


def edit_routes(pages: EditPages) -> APIRouter:
    """Return the routes of the page "Edit" and its forms."""
    router = APIRouter()
    path = "/issues/{issue_id}/edit"
    item = "/issues/{issue_id}/items/{article_id}"
    router.add_api_route(path, pages.show, methods=["GET", "HEAD"], response_model=None)
    block = "/issues/{issue_id}/blocks"
    for address, act in (
        (path, pages.save),
        (block, pages.add_block),
        (f"{block}/{{place}}", pages.save_block),
        (item, pages.save_item),
        (f"{item}/place", pages.place),
        (f"{item}/revert", pages.revert),
    ):
        router.add_api_route(address, act, methods=["POST"], response_model=None)
    return router
