"""The staff pages. They are read-only, except that a one-time link opens them."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from newsletter.app import App
from newsletter.errors import NotFound
from newsletter.send.context import SendingContext
from newsletter.web.desk import issue_views, lists, outbox, today
from newsletter.web.desk.access import OPEN, DeskAccess, enter
from newsletter.web.desk.choices import Control, controls, settle
from newsletter.web.desk.frames import frame
from newsletter.web.desk.history import HistoryView, history

CLOSED = (
    "Open the desk with the one-time link that “newsletter serve” prints when it starts, and again"
    " when a link has been used."
)
EMAIL = {
    "show": ("Show", ("HTML", "text", "headers")),
    "width": ("Width", ("600", "375", "320")),
    "light": ("Light", ("light", "dark")),
    "images": ("Images", ("on", "off")),
}
PREVIEW = EMAIL | {"show": ("Show", ("HTML", "text"))}


@dataclass(frozen=True, slots=True)
class Heading:
    """What is at the top of every page; `here` is the entry of the menu that the page is under."""

    here: str
    title: str
    lead: str = ""
    tab: str = ""
    tabs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """An email in a frame: the controls, and what they are set to."""

    controls: tuple[Control, ...]
    show: str
    width: str
    frame: str


@dataclass(frozen=True, slots=True)
class MissingPage:
    """A page that does not exist."""

    explanation: str


@dataclass(frozen=True, slots=True)
class IssuesView:
    """The list of issues."""

    issues: tuple[lists.IssueRow, ...]


@dataclass(frozen=True, slots=True)
class ArticlesView:
    """The list of articles."""

    articles: tuple[lists.ArticleRow, ...]


@dataclass(frozen=True, slots=True)
class SourcesView:
    """The list of sources."""

    sources: tuple[lists.SourceRow, ...]


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """An edition as its readers will see it."""

    edition: issue_views.PreviewView
    sender: str
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class EmailPage:
    """An email of the outbox."""

    email: outbox.StoredEmail
    viewer: Viewer


class Desk:
    """The pages over one opened publication."""

    def __init__(
        self, app: App, access: DeskAccess, announce: Callable[[str], None] = lambda _link: None
    ) -> None:
        """Take the opened publication; `announce` shows staff the link for the next browser."""
        self._app = app
        self._access = access
        self._announce = announce

    def missing(self, explanation: str) -> HTMLResponse:
        """Answer 404 with a sentence and a link back."""
        view = MissingPage(explanation)
        answer = self._page("missing", Heading("", "Page not found"), view)
        answer.status_code = 404
        return answer

    def closed(self) -> Response:
        """Answer a request without a session."""
        answer = self._page("closed", Heading("", "The desk is closed"), MissingPage(CLOSED))
        answer.status_code = 403
        return answer

    def entrance(self, code: str) -> Response:
        """Show the button that opens the desk. A GET opens nothing: browsers prefetch links."""
        if not self._access.offers(code):
            return self.closed()
        return self._page("entrance", Heading("", "Open the desk"), MissingPage(""))

    def enter(self, code: str) -> Response:
        """Open the desk for this browser, which uses the link up."""
        answer = enter(self._access, code)
        if answer is None:
            return self.closed()
        self._announce(self._access.link)
        return answer

    def today(self) -> Response:
        """Show what goes out next, what needs a person, and how the sources are."""
        with self._app.reader.connect() as connection:
            view = today.today_view(connection, self._context())
        return self._page("today", Heading("Today", view.title, view.lead), view)

    def issues(self) -> Response:
        """List the issues, newest first."""
        with self._app.reader.connect() as connection:
            rows = lists.issue_rows(connection, self._app.publication)
        lead = "Newest first. “Submitted” means that the provider accepted the emails."
        return self._page("issues", Heading("Issues", "Issues", lead), IssuesView(rows))

    def content(self, issue_id: int) -> Response:
        """Show what is in an issue and what is not, with the reason for each."""
        return self._issue(issue_id, "Content", issue_views.content)

    def audience(self, issue_id: int) -> Response:
        """Show who gets an issue, who is left out, and why."""
        catalog = self._app.templates.catalogs.of("en")

        def view(connection: sa.Connection, issue: int) -> issue_views.AudienceView:
            return issue_views.audience(connection, issue, catalog)

        return self._issue(issue_id, "Audience", view)

    def history(self, issue_id: int) -> Response:
        """Show who did what with an issue, and when."""
        publication = self._app.publication

        def view(connection: sa.Connection, issue: int) -> HistoryView:
            return history(connection, publication, issue)

        return self._issue(issue_id, "History", view)

    def preview(self, request: Request, issue_id: int, edition: int = 1) -> Response:
        """Show one edition as readers will see it, in the width, light and form asked for."""
        asked = settle(request.query_params, PREVIEW)
        path = f"/issues/{issue_id}/preview"
        present = {**asked, "edition": str(edition)}
        viewer = _viewer(path, present, PREVIEW, f"{path}/{edition}/body")
        sender = self._app.publication.sender.name or self._app.publication.name

        def view(connection: sa.Connection, issue: int) -> PreviewPage:
            shown = issue_views.preview(connection, issue, edition)
            return PreviewPage(shown, sender, viewer)

        return self._issue(issue_id, "Preview", view)

    def preview_body(self, request: Request, issue_id: int, edition: int) -> Response:
        """Return the HTML of an edition for its frame. Its links to our pages lead nowhere."""
        asked = settle(request.query_params, PREVIEW)
        try:
            with self._app.reader.connect() as connection:
                html = issue_views.html(connection, issue_id, edition)
        except NotFound as error:
            return self.missing(str(error))
        return frame(html, light=asked["light"], images=asked["images"])

    def articles(self) -> Response:
        """List the articles collected last."""
        with self._app.reader.connect() as connection:
            rows = lists.article_rows(connection)
        lead = "The articles collected last, and where their takeaways come from."
        return self._page("articles", Heading("Articles", "Articles", lead), ArticlesView(rows))

    def sources(self) -> Response:
        """List the sources with their health."""
        with self._app.reader.connect() as connection:
            rows = lists.source_rows(connection, self._app.publication, self._app.now())
        lead = "Where articles are collected from, and whether the sources answer."
        return self._page("sources", Heading("Sources", "Sources", lead), SourcesView(rows))

    def outbox(self, after: str = "") -> Response:
        """List the emails that the outbox provider wrote."""
        folder = self._app.settings.outbox
        lead = f"Emails that were written to the folder {folder.name} instead of being sent."
        return self._page("outbox", Heading("Outbox", "Outbox", lead), outbox.page(folder, after))

    def email(self, request: Request, name: str) -> Response:
        """Show one email of the outbox."""
        found = outbox.read(self._app.settings.outbox, name)
        if found is None:
            return self.missing("The outbox has no such email.")
        asked = settle(request.query_params, EMAIL)
        path = f"/outbox/{name}"
        lead = "As its reader gets it. Its links work: they lead to this publication's pages."
        heading = Heading("Outbox", found.subject or "(no subject)", lead)
        view = EmailPage(found, _viewer(path, asked, EMAIL, f"{path}/body"))
        return self._page("email", heading, view)

    def email_body(self, request: Request, name: str) -> Response:
        """Return an email's HTML part for its frame."""
        found = outbox.read(self._app.settings.outbox, name)
        if found is None:
            return self.missing("The outbox has no such email.")
        asked = settle(request.query_params, EMAIL)
        return frame(found.html, light=asked["light"], images=asked["images"])

    def _context(self) -> SendingContext:
        return SendingContext(self._app.publication, self._app.senders, self._app.now())

    def _issue(
        self, issue_id: int, tab: str, view: Callable[[sa.Connection, int], object]
    ) -> Response:
        try:
            with self._app.reader.connect() as connection:
                head = issue_views.head(connection, self._context(), issue_id)
                shown = view(connection, issue_id)
        except NotFound as error:
            return self.missing(str(error))
        heading = Heading("Issues", head.title, head.lead, tab, head.tabs)
        return self._page(tab.lower(), heading, shown)

    def _page(self, name: str, heading: Heading, view: object) -> HTMLResponse:
        publication = self._app.publication.name
        return HTMLResponse(
            self._app.templates.page(
                f"desk/{name}", publication=publication, page=heading, view=view
            )
        )


def _viewer(
    path: str,
    present: dict[str, str],
    offered: dict[str, tuple[str, tuple[str, ...]]],
    body: str,
) -> Viewer:
    return Viewer(
        controls=controls(path, present, offered),
        show=present["show"],
        width=present["width"],
        frame=f"{body}?light={present['light']}&images={present['images']}",
    )


def desk_routes(desk: Desk) -> APIRouter:
    """Return the routes of the staff pages."""
    router = APIRouter()
    for path, page in (
        ("/", desk.today),
        ("/issues", desk.issues),
        ("/issues/{issue_id}", desk.content),
        ("/issues/{issue_id}/audience", desk.audience),
        ("/issues/{issue_id}/history", desk.history),
        ("/issues/{issue_id}/preview", desk.preview),
        ("/issues/{issue_id}/preview/{edition}/body", desk.preview_body),
        ("/articles", desk.articles),
        ("/sources", desk.sources),
        ("/outbox", desk.outbox),
        ("/outbox/{name}", desk.email),
        ("/outbox/{name}/body", desk.email_body),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    entrance = OPEN + "{code}"
    router.add_api_route(entrance, desk.entrance, methods=["GET", "HEAD"], response_model=None)
    router.add_api_route(entrance, desk.enter, methods=["POST"], response_model=None)
    return router
