"""The staff pages. They only show: every route answers GET and changes nothing."""

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from newsletter.app import App
from newsletter.errors import NotFound
from newsletter.send.context import SendingContext
from newsletter.web.desk import issue_views, outbox, today
from newsletter.web.desk.choices import controls, settle
from newsletter.web.desk.frames import frame

MAIL = {
    "show": ("Show", ("HTML", "text", "headers")),
    "width": ("Width", ("600", "375", "320")),
    "light": ("Light", ("light", "dark")),
    "images": ("Images", ("on", "off")),
}
PREVIEW = MAIL | {"show": ("Show", ("HTML", "text"))}


class Desk:
    """The pages over one opened publication."""

    def __init__(self, app: App) -> None:
        """Take the opened publication."""
        self._app = app

    def page(self, name: str, **values: Any) -> HTMLResponse:  # noqa: ANN401 - template values
        """Render a desk page."""
        publication = self._app.publication.name
        html = self._app.templates.page(f"desk/{name}", publication=publication, **values)
        return HTMLResponse(html)

    def _around(self) -> SendingContext:
        return SendingContext(self._app.publication, self._app.senders, self._app.now())

    def missing(self, says: str) -> HTMLResponse:
        """Answer 404 with a sentence and a way back."""
        answer = self.page("missing", here="", title="Page not found", lead="", says=says)
        answer.status_code = 404
        return answer

    def today(self) -> Response:
        """Show what leaves next, what needs a person, and how the sources are."""
        with self._app.reader.connect() as connection:
            view = today.view(connection, self._around())
        return self.page("today", here="Today", **view)

    def issues(self) -> Response:
        """List the issues, newest first."""
        with self._app.reader.connect() as connection:
            rows = today.issue_rows(connection, self._app.publication)
        lead = "Newest first. Submitted means that the provider accepted the mail."
        return self.page("issues", here="Issues", title="Issues", lead=lead, issues=rows)

    def content(self, issue_id: int) -> Response:
        """Show what is in an issue and what is not, with the reason for each."""
        return self._issue(issue_id, "Content", "content", issue_views.content)

    def audience(self, issue_id: int) -> Response:
        """Show who gets an issue, who is left out, and why."""
        return self._issue(issue_id, "Audience", "audience", issue_views.audience)

    def history(self, issue_id: int) -> Response:
        """Show who did what with an issue, and when."""
        publication = self._app.publication

        def view(connection: sa.Connection, issue: int) -> dict[str, Any]:
            return issue_views.history(connection, publication, issue)

        return self._issue(issue_id, "History", "history", view)

    def _issue(self, issue_id: int, tab: str, name: str, view: issue_views.View) -> Response:
        try:
            with self._app.reader.connect() as connection:
                head = issue_views.head(connection, self._around(), issue_id)
                values = view(connection, issue_id)
        except NotFound as error:
            return self.missing(str(error))
        return self.page(name, here="Issues", tab=tab, **head, **values)

    def preview(self, request: Request, issue_id: int, edition: int = 1) -> Response:
        """Show one edition as it will be read, in the asked width, light and form."""
        asked = settle(request.query_params, PREVIEW)
        try:
            with self._app.reader.connect() as connection:
                head = issue_views.head(connection, self._around(), issue_id)
                values = issue_views.preview(connection, issue_id, edition)
        except NotFound as error:
            return self.missing(str(error))
        path = f"/issues/{issue_id}/preview"
        return self.page(
            "preview",
            here="Issues",
            tab="Preview",
            controls=controls(path, {**asked, "edition": str(edition)}, PREVIEW),
            sender=self._app.publication.sender.name or self._app.publication.name,
            show=asked["show"],
            width=asked["width"],
            frame=f"{path}/{edition}/body?light={asked['light']}&images={asked['images']}",
            **head,
            **values,
        )

    def preview_body(self, request: Request, issue_id: int, edition: int) -> Response:
        """Return the bytes of an edition for its frame, with inert links to our pages."""
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
            rows = today.article_rows(connection)
        lead = "What was collected last, and where its takeaways come from."
        return self.page("articles", here="Articles", title="Articles", lead=lead, articles=rows)

    def sources(self) -> Response:
        """List the sources with their health in words."""
        with self._app.reader.connect() as connection:
            rows = today.source_rows(connection, self._app.publication, self._app.now())
        lead = "Where articles are collected from, and whether they answer."
        return self.page("sources", here="Sources", title="Sources", lead=lead, sources=rows)

    def outbox(self, after: str = "") -> Response:
        """List the mail that the outbox provider wrote."""
        folder = self._app.settings.outbox
        found = outbox.page(folder, after)
        return self.page(
            "outbox",
            here="Outbox",
            title="Outbox",
            lead=f"Mail that was submitted to the folder {folder.name} instead of leaving the house.",
            mails=found.mails,
            following=found.following,
        )

    def mail(self, request: Request, name: str) -> Response:
        """Show one mail of the outbox."""
        found = outbox.read(self._app.settings.outbox, name)
        if found is None:
            return self.missing("There is no such mail in the outbox.")
        asked = settle(request.query_params, MAIL)
        return self.page(
            "mail",
            here="Outbox",
            title=found.subject or "(no subject)",
            lead="As its reader gets it. Its links work: they lead to this publication's pages.",
            mail=found,
            controls=controls(f"/outbox/{name}", asked, MAIL),
            show=asked["show"],
            width=asked["width"],
            frame=f"/outbox/{name}/body?light={asked['light']}&images={asked['images']}",
        )

    def mail_body(self, request: Request, name: str) -> Response:
        """Return a mail's HTML part for its frame."""
        found = outbox.read(self._app.settings.outbox, name)
        if found is None:
            return self.missing("There is no such mail in the outbox.")
        asked = settle(request.query_params, MAIL)
        return frame(found.html, light=asked["light"], images=asked["images"])


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
        ("/outbox/{name}", desk.mail),
        ("/outbox/{name}/body", desk.mail_body),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
