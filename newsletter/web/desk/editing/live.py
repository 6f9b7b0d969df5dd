"""What the script of the page "Edit" asks for: the email as it is now, the order, undo, others."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from newsletter.edit.fields import TextConflict, texts_of
from newsletter.edit.operations import Draft
from newsletter.edit.run import load_draft
from newsletter.edit.sheet import fingerprint
from newsletter.errors import NewsletterError, NotAllowed
from newsletter.render.inbox import InboxRow, rows
from newsletter.usecases import editing, live, presence, undoing
from newsletter.usecases.editing import Edited
from newsletter.web.desk import issue_views
from newsletter.web.desk.editing.views import NAMES, Present, UndoView
from newsletter.web.desk.forms import DeskForm, number
from newsletter.web.desk.frames import frame
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Shell
from newsletter.web.desk.visitor import Visitor
from subscribers.phrase import Phrase

JSON = "application/json"
"""What the script accepts; a form without scripts gets a page."""
MOST_ITEMS = 500


def is_scripted(request: Request) -> bool:
    """Return whether the script of the page asks, and not a form."""
    return request.headers.get("accept") == JSON


Scripted = Annotated[bool, Depends(is_scripted)]
"""Whether an answer is for the script."""


class LiveDesk:
    """Answers about the present draft of an issue, for the page and for its script."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context

    def present(self, visitor: Visitor, issue_id: int, draft: Draft) -> Present:
        """Return what is true of an issue at this moment."""
        return Present(
            fingerprint(draft),
            self.inbox(visitor, issue_id),
            self.undo_view(visitor, issue_id),
            self.others(visitor, issue_id),
        )

    def inbox(self, visitor: Visitor, issue_id: int) -> tuple[InboxRow, ...]:
        """Return how inboxes show the issue; empty if it cannot be rendered."""
        try:
            email = live.email(self._context, visitor.actor, issue_id)
        except NewsletterError:
            return ()
        with self._app.reader.connect() as connection:
            sender = issue_views.sender(connection, self._app.publication, issue_id)
        return tuple(rows(sender, email.subject, email.preheader))

    def undo_view(self, visitor: Visitor, issue_id: int) -> UndoView | None:
        """Return what the visitor can take back."""
        last = undoing.last_edit(self._context, visitor.actor, issue_id)
        if last is None:
            return None
        edit = last.act.edits[0]
        catalog = self._shell.catalog(visitor)
        known = NAMES.get(edit.name)
        return UndoView(
            last.number, catalog.text(known) if known else catalog.phrase(edit.kind.value)
        )

    def others(self, visitor: Visitor, issue_id: int) -> tuple[str, ...]:
        """Return who else has the page open, and note that this visitor has."""
        return presence.note(self._context, visitor.actor, issue_id)

    def saved(
        self, visitor: Visitor, issue_id: int, edited: Edited, texts: Mapping[str, str]
    ) -> Response:
        """Answer a script whose texts are saved: what is stored now, and what follows from it.

        `before` is the mark of what the edit found. If the script knows another one, someone else
        has changed the issue in between.
        """
        undo = self.undo_view(visitor, issue_id)
        return JSONResponse(
            {
                "texts": dict(texts),
                "before": edited.before,
                "mark": edited.after,
                "undo": {"act": undo.act, "label": undo.label} if undo else None,
                "inbox": [
                    [row.client, row.sender, row.subject, row.preview]
                    for row in self.inbox(visitor, issue_id)
                ],
            }
        )

    def unsaved(self, problem: str, conflicts: tuple[TextConflict, ...] = ()) -> Response:
        """Answer a script whose texts are not saved, with the reason and the other editor's."""
        theirs = {text.name: text.theirs for text in conflicts}
        return JSONResponse({"problem": problem, "theirs": theirs}, status_code=409)

    def texts(self, issue_id: int, article_id: int | None) -> dict[str, str]:
        """Return the stored texts of the issue, or of an item."""
        with self._app.reader.connect() as connection:
            _issue, draft = load_draft(connection, issue_id)
        found = (item for item in draft.items if item.article_id == article_id)
        return texts_of(draft, next(found, None))

    def email(self, visitor: Editor, issue_id: int) -> Response:
        """Return the present email for its frame; nothing is stored."""
        return frame(live.email(self._context, visitor.actor, issue_id).html)

    def here(self, visitor: Editor, issue_id: int) -> Response:
        """Return who else is here, and the mark of the present content."""
        with self._app.reader.connect() as connection:
            _issue, draft = load_draft(connection, issue_id)
        others = self.others(visitor, issue_id)
        return JSONResponse({"others": list(others), "mark": fingerprint(draft)})

    def reorder(self, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Print the items in another order than the one that the script knows."""
        order, was = _articles(form.first("order")), _articles(form.first("was"))
        try:
            edited = editing.reorder(self._context, visitor.actor, issue_id, order, was)
        except NotAllowed as error:
            return self.unsaved(self._shell.catalog(visitor).error(error))
        return self.saved(visitor, issue_id, edited, {})

    def undo(self, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Take back the visitor's last edit."""
        act = number(form.first("act"))
        if act is None:
            msg = Phrase("choose what to take back")
            raise NotAllowed(msg)
        undoing.undo_edit(self._context, visitor.actor, issue_id, act)
        return RedirectResponse(f"/issues/{issue_id}/edit", status_code=303)


def _articles(text: str) -> list[int]:
    """Read an order of articles; raise NotAllowed."""
    found = [*map(number, text.split(",")[:MOST_ITEMS])]
    if None in found:
        msg = Phrase("the order is a list of article numbers")
        raise NotAllowed(msg)
    return [article for article in found if article is not None]


def live_routes(desk: LiveDesk) -> APIRouter:
    """Return the routes of the script, and of undo."""
    router = APIRouter()
    path, look = "/issues/{issue_id}/edit", ["GET", "HEAD"]
    router.add_api_route(f"{path}/email", desk.email, methods=look, response_model=None)
    router.add_api_route(f"{path}/here", desk.here, methods=look, response_model=None)
    router.add_api_route(f"{path}/order", desk.reorder, methods=["POST"], response_model=None)
    router.add_api_route(f"{path}/undo", desk.undo, methods=["POST"], response_model=None)
    return router
