"""The staff pages that only show something, and the one-time link that opens the desk."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response

from newsletter.errors import NotFound
from newsletter.send.context import SendingContext
from newsletter.usecases import signing_in
from newsletter.web.desk import issue_views, lists, outbox, reports, today
from newsletter.web.desk.access import OPEN, enter
from newsletter.web.desk.choices import Control, controls, settle
from newsletter.web.desk.frames import frame
from newsletter.web.desk.gate import Admin, Editor, Explanation, Gate
from newsletter.web.desk.history import HistoryView, history
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from subscribers.phrase import Phrase

EMAIL = {
    "show": ("Show", ("HTML", "text", "headers")),
    "width": ("Width", ("600", "375", "320")),
    "light": ("Light", ("light", "dark")),
    "images": ("Images", ("on", "off")),
}


TRANSLATED = frozenset({"Content", "Audience", "History"})
"""The tabs whose texts come from the catalog; the others are in English, or choose a language."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """An email in a frame: the controls, and what they are set to."""

    controls: tuple[Control, ...]
    show: str
    width: str
    frame: str


@dataclass(frozen=True, slots=True)
class IssuesView:
    """The list of issues, and the newsletters with their titles."""

    issues: tuple[lists.IssueRow, ...]
    newsletters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EmailPage:
    """An email of the outbox."""

    email: outbox.StoredEmail
    viewer: Viewer


class Desk:
    """The pages over one opened publication."""

    def __init__(
        self, shell: Shell, gate: Gate, announce: Callable[[str], None] = lambda _link: None
    ) -> None:
        """Take the frame and the gate; `announce` shows staff the link for the next browser."""
        self._app = shell.app
        self._shell = shell
        self._gate = gate
        self._announce = announce

    def missing(self, explanation: str, visitor: Visitor | None = None) -> Response:
        """Answer 404 with a sentence and a link back."""
        catalog = self._shell.catalog(visitor)
        heading = Heading("", catalog.text("desk.missing.title"))
        view = Explanation(catalog.phrase(explanation))
        return self._shell.page("explanation", heading, view, visitor, status=404)

    def entrance(self, request: Request, code: str) -> Response:
        """Show the button that opens the desk. A GET opens nothing: browsers prefetch links."""
        if not self._opens(request) or not self._gate.access.offers(code):
            return self._gate.closed()
        heading = Heading("", self._shell.catalog(None).text("desk.entrance.title"))
        return self._shell.page("entrance", heading, Explanation(""), None)

    def enter(self, request: Request, code: str) -> Response:
        """Open the desk for this browser, which uses the link up."""
        self._gate.require_same_origin(request)
        answer = enter(self._gate.access, code) if self._opens(request) else None
        if answer is None:
            return self._gate.closed()
        self._announce(self._gate.access.link)
        return answer

    def _opens(self, request: Request) -> bool:
        """Return whether the link that `serve` prints opens the desk at all."""
        return self._gate.is_local(request) and not signing_in.staffed(self._gate.context)

    def today(self, visitor: Editor) -> Response:
        """Show what goes out next, what needs a person, and how the sources are."""
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            view = today.today_view(connection, self._context(), catalog)
        heading = Heading("Today", view.title, view.lead)
        return self._shell.page("today", heading, view, visitor)

    def issues(self, visitor: Editor) -> Response:
        """List the issues, newest first."""
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            rows = lists.issue_rows(connection, self._app.publication, catalog)
        text = catalog.text
        known = tuple((each.key, each.title) for each in self._app.publication.newsletters)
        view = IssuesView(rows, known)
        heading = Heading("Issues", text("desk.nav.issues"), text("desk.list.lead"))
        return self._shell.page("issues", heading, view, visitor)

    def content(self, visitor: Editor, issue_id: int) -> Response:
        """Show what is in an issue and what is not, with the reason for each."""
        catalog = self._shell.catalog(visitor)

        def view(connection: sa.Connection, issue: int) -> issue_views.ContentView:
            return issue_views.content(connection, issue, catalog)

        return self._issue(visitor, issue_id, "Content", view)

    def audience(self, visitor: Editor, issue_id: int) -> Response:
        """Show who gets an issue, who is left out, and why."""
        catalog = self._shell.catalog(visitor)

        def view(connection: sa.Connection, issue: int) -> issue_views.AudienceView:
            return issue_views.audience(connection, issue, catalog)

        return self._issue(visitor, issue_id, "Audience", view)

    def history(self, visitor: Editor, issue_id: int) -> Response:
        """Show who did what with an issue, and when."""
        publication, catalog = self._app.publication, self._shell.catalog(visitor)

        def view(connection: sa.Connection, issue: int) -> HistoryView:
            return history(connection, publication, issue, catalog)

        return self._issue(visitor, issue_id, "History", view)

    def report(self, request: Request, visitor: Editor, issue_id: int) -> Response:
        """Show what became of an issue: where its recipients are, and what they did."""
        asked = request.query_params

        def view(connection: sa.Connection, issue: int) -> reports.ReportPage:
            return reports.page(connection, self._app, asked, issue)

        return self._issue(visitor, issue_id, "Report", view)

    def report_body(
        self, request: Request, visitor: Editor, issue_id: int, edition: int
    ) -> Response:
        """Return the HTML of an edition for its frame, with the clicks beside the links."""
        catalogs = self._app.templates.catalogs
        catalog = catalogs.of(request.query_params.get("language", ""))
        try:
            with self._app.reader.connect() as connection:
                html = reports.body(connection, issue_id, edition, catalog)
        except NotFound as error:
            return self.missing(error.args[0], visitor)
        return frame(html, images="off")

    def newsletter_report(self, request: Request, visitor: Editor, key: str) -> Response:
        """Show how the list of a newsletter grew and shrank, and what its readers want."""
        try:
            with self._app.reader.connect() as connection:
                title, view = reports.newsletter_page(
                    connection, self._app, request.query_params, key
                )
        except NotFound as error:
            return self.missing(error.args[0], visitor)
        lead = "How the list grows and shrinks, and what its readers choose."
        return self._page("newsletter", Heading("Issues", title, lead), view, visitor)

    def outbox(self, visitor: Admin, after: str = "") -> Response:
        """List the emails that the outbox provider wrote."""
        folder = self._app.settings.outbox
        text = self._shell.catalog(visitor).text
        lead = text("desk.outbox.lead", folder=folder.name)
        heading = Heading("Outbox", text("desk.nav.outbox"), lead)
        return self._shell.page("outbox", heading, outbox.page(folder, after), visitor)

    def email(self, request: Request, visitor: Admin, name: str) -> Response:
        """Show one email of the outbox."""
        found = outbox.read(self._app.settings.outbox, name)
        if found is None:
            return self.missing(Phrase("The outbox has no such email."), visitor)
        asked = settle(request.query_params, EMAIL)
        path = f"/outbox/{name}"
        lead = "As its reader gets it. Its links work: they lead to this publication's pages."
        heading = Heading("Outbox", found.subject or "(no subject)", lead)
        view = EmailPage(found, _viewer(path, asked, EMAIL, f"{path}/body"))
        return self._page("email", heading, view, visitor)

    def email_body(self, request: Request, visitor: Admin, name: str) -> Response:
        """Return an email's HTML part for its frame."""
        found = outbox.read(self._app.settings.outbox, name)
        if found is None:
            return self.missing(Phrase("The outbox has no such email."), visitor)
        asked = settle(request.query_params, EMAIL)
        return frame(found.html, light=asked["light"], images=asked["images"])

    def _context(self) -> SendingContext:
        return SendingContext(self._app.publication, self._app.senders, self._app.now())

    def _issue(
        self,
        visitor: Visitor,
        issue_id: int,
        tab: str,
        view: Callable[[sa.Connection, int], object],
    ) -> Response:
        catalog = self._shell.catalog(visitor)
        try:
            with self._app.reader.connect() as connection:
                head = issue_views.head(connection, self._context(), issue_id, catalog)
                shown = view(connection, issue_id)
        except NotFound as error:
            return self.missing(error.args[0], visitor)
        heading = Heading(
            "Issues",
            head.title,
            head.lead.text,
            tab,
            head.tabs,
            lead_language=catalog.language,
            lead_english=head.lead.english,
        )
        if tab in TRANSLATED:
            return self._shell.page(tab.lower(), heading, shown, visitor)
        return self._page(tab.lower(), heading, shown, visitor)

    def _page(self, name: str, heading: Heading, view: object, visitor: Visitor) -> Response:
        """Render one of the pages that have English texts only."""
        return self._shell.page(name, replace(heading, language="en"), view, visitor)


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
        ("/issues/{issue_id}/report", desk.report),
        ("/issues/{issue_id}/report/{edition}/body", desk.report_body),
        ("/newsletters/{key}/report", desk.newsletter_report),
        ("/outbox", desk.outbox),
        ("/outbox/{name}", desk.email),
        ("/outbox/{name}/body", desk.email_body),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    entrance = OPEN + "{code}"
    router.add_api_route(entrance, desk.entrance, methods=["GET", "HEAD"], response_model=None)
    router.add_api_route(entrance, desk.enter, methods=["POST"], response_model=None)
    return router
