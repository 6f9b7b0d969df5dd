"""The preview of an issue, and its forms: test send and share."""

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from newsletter.model.text import printable
from newsletter.send.context import SendingContext
from newsletter.usecases import proofs, sharing
from newsletter.usecases.proofs import Reader
from newsletter.web.desk import issue_views, sentences
from newsletter.web.desk.choices import settle
from newsletter.web.desk.forms import DeskForm, number
from newsletter.web.desk.frames import frame
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.previewing import views
from newsletter.web.desk.previewing.views import OFFERED, PreviewPage
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from subscribers import searching
from subscribers.model import Subscriber
from subscribers.segment import Everyone

TAB = "Preview"
FOUND = 8
"""Subscribers that a search lists."""
SHORTEST_QUERY = 2


@dataclass(frozen=True, slots=True)
class FormDone:
    """What the last form did: a test send as a reader, or a new link."""

    seen_as: str = ""
    outcome: tuple[str, ...] = ()
    link: str = ""


NOTHING_DONE = FormDone()


@dataclass(frozen=True, slots=True)
class UnrenderedIssue:
    """An issue that was changed since it was last rendered: there is no email to show."""

    issue_id: int


class PreviewPages:
    """The page "Preview" of an issue."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context

    def show(self, request: Request, visitor: Editor, issue_id: int, edition: int = 1) -> Response:
        """Show an edition as a reader sees it, in the width, light and form asked for."""
        return self._page(request, visitor, issue_id, edition)

    def render(self, visitor: Editor, issue_id: int) -> Response:
        """Render an issue that has been changed, and show it."""
        from newsletter.usecases import reviewing  # noqa: PLC0415 - loads all of rendering

        reviewing.render(self._context, visitor.actor, issue_id)
        return RedirectResponse(f"/issues/{issue_id}/preview", status_code=303)

    def body(self, request: Request, visitor: Editor, issue_id: int, edition: int) -> Response:
        """Return the HTML of an edition for its frame. Its links to our pages lead nowhere."""
        asked = settle(request.query_params, OFFERED)
        reader = self._reader(visitor, issue_id, request.query_params.get("as", ""))
        with self._app.reader.connect() as connection:
            found = issue_views.stored(connection, issue_id, edition)
        html = sentences.filled(found.nonce, found.html, reader.name if reader else "")
        return frame(html, light=asked["light"], images=asked["images"], styles=asked["styles"])

    def test(self, request: Request, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Email editions to one address: marked, with links that lead nowhere, and never counted."""
        done = proofs.send_test(
            self._context,
            visitor.actor,
            issue_id,
            form.first("address"),
            subscriber=form.first("as"),
        )
        outcome = views.outcomes(done, self._shell.catalog(visitor))
        shown = FormDone(form.first("as"), outcome)
        return self._page(request, visitor, issue_id, done[0].edition.seq, shown)

    def share(self, request: Request, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Show a link with which anyone may look at an edition for a week."""
        seq = number(form.first("edition")) or 1
        link = sharing.share(self._context, visitor.actor, issue_id, seq)
        return self._page(request, visitor, issue_id, seq, FormDone(link=link))

    def _reader(self, visitor: Visitor, issue_id: int, seen_as: str) -> Reader | None:
        if not seen_as:
            return None
        return proofs.seen_by(self._context, visitor.actor, issue_id, seen_as)

    def _found(self, query: str) -> list[Subscriber]:
        if len(query) < SHORTEST_QUERY:
            return []
        with self._app.reader.connect() as connection:
            return list(searching.search(connection, query, Everyone(), size=FOUND).people)

    def _page(
        self,
        request: Request,
        visitor: Visitor,
        issue_id: int,
        seq: int,
        done: FormDone = NOTHING_DONE,
    ) -> Response:
        catalog = self._shell.catalog(visitor)
        seen_as = done.seen_as or request.query_params.get("as", "")
        reader = self._reader(visitor, issue_id, seen_as)
        seq = reader.edition if reader and reader.edition else seq
        settled = settle(request.query_params, OFFERED)
        query = " ".join(printable(request.query_params.get("find", "")).split())
        sending = SendingContext(self._app.publication, self._app.senders, self._app.now())
        with self._app.reader.connect() as connection:
            head = issue_views.head(connection, sending, issue_id, self._shell.catalog(visitor))
            heading = Heading("Issues", head.title, "", TAB, head.tabs)
            if issue_views.waits_for_rendering(connection, issue_id):
                waiting = UnrenderedIssue(issue_id)
                return self._shell.page("previewing/unrendered", heading, waiting, visitor)
            view = views.preview_page(
                connection,
                self._app.publication,
                views.AskedPreview(issue_id, seq, seen_as, reader, settled, query),
                self._found(query),
                catalog,
            )
        view = replace(view, outcome=done.outcome, link=done.link)
        view = self._in_form(view, visitor, issue_id, seq, reader)
        return self._shell.page("previewing/page", heading, view, visitor)

    def _in_form(
        self, view: PreviewPage, visitor: Visitor, issue_id: int, seq: int, reader: Reader | None
    ) -> PreviewPage:
        """Add what only some forms of the preview show."""
        if view.show == "order":
            from newsletter.render.spoken import spoken  # noqa: PLC0415 - loads lxml

            with self._app.reader.connect() as connection:
                html = issue_views.html(connection, issue_id, seq)
            return replace(view, lines=views.said(spoken(html), self._shell.catalog(visitor)))
        if view.show in {"headers", "source"}:
            seen = reader or Reader(proofs.SAMPLE_ADDRESS)
            _, email = proofs.stored_email(self._context, visitor.actor, issue_id, seq, seen)
            text = email.decode("ascii", "replace").replace("\r\n", "\n")
            raw = text.partition("\n\n")[0] if view.show == "headers" else text
            return replace(view, raw=raw)
        return view


def preview_routes(pages: PreviewPages) -> APIRouter:
    """Return the routes of the preview and its forms."""
    router = APIRouter()
    path, look = "/issues/{issue_id}", ["GET", "HEAD"]
    router.add_api_route(f"{path}/preview", pages.show, methods=look, response_model=None)
    router.add_api_route(f"{path}/preview", pages.render, methods=["POST"], response_model=None)
    body = f"{path}/preview/{{edition}}/body"
    router.add_api_route(body, pages.body, methods=look, response_model=None)
    router.add_api_route(f"{path}/test", pages.test, methods=["POST"], response_model=None)
    router.add_api_route(f"{path}/share", pages.share, methods=["POST"], response_model=None)
    return router
