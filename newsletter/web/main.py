"""The two sites: public pages on `publication.url`, and the desk on loopback."""

import getpass
from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from newsletter.app import App
from newsletter.model.actor import Actor
from newsletter.web import guard
from newsletter.web.brand import stylesheet
from newsletter.web.desk.access import DeskAccess
from newsletter.web.desk.account.pages import AccountPages, account_routes
from newsletter.web.desk.approving.pages import ApprovePages, approve_routes
from newsletter.web.desk.articles.pages import ArticlePages, article_routes
from newsletter.web.desk.audit.pages import AuditPages, audit_routes
from newsletter.web.desk.editing.adding import AddPages, add_routes
from newsletter.web.desk.editing.live import LiveDesk, live_routes
from newsletter.web.desk.editing.pages import EditPages, edit_routes
from newsletter.web.desk.editing.source import BesidePages, beside_routes
from newsletter.web.desk.gate import Gate
from newsletter.web.desk.pages import Desk, desk_routes
from newsletter.web.desk.passes.pages import PassPages, pass_routes
from newsletter.web.desk.people.imports import ImportPages, import_routes
from newsletter.web.desk.people.pages import PeoplePages, people_routes
from newsletter.web.desk.people.segments import SegmentPages, segment_routes
from newsletter.web.desk.planning.pages import CalendarPages, calendar_routes
from newsletter.web.desk.previewing.pages import PreviewPages, preview_routes
from newsletter.web.desk.rules import answer_refusals, refuse_unruled
from newsletter.web.desk.shell import Shell
from newsletter.web.desk.signing_in.pages import SignInPages, sign_in_routes
from newsletter.web.desk.signing_in.passkeys import PasskeyPages, passkey_routes
from newsletter.web.desk.sources.pages import SourcePages, source_routes
from newsletter.web.desk.staff.pages import StaffPages, staff_routes
from newsletter.web.desk.workers.pages import WorkerPages, worker_routes
from newsletter.web.health import health_routes
from newsletter.web.hooks import hook_routes
from newsletter.web.public.archive import archive_routes
from newsletter.web.public.counting import counting_routes
from newsletter.web.public.reading import ReadingPages, reading_routes
from newsletter.web.public.routes import public_routes

COLORS = "web/colors.css"
"""Followed by the colors and fonts of the publication."""
PAPER = (COLORS, "web/paper.css")
PUBLIC_FILES = {
    "/paper.css": PAPER,
    "/public.css": ("web/public/public.css",),
    "/reading.css": ("web/reading/reading.css",),
    "/archive.css": (COLORS, "web/public/archive.css"),
    "/proof.js": ("web/public/proof.js",),
}
DESK_FILES = {
    "/paper.css": PAPER,
    "/desk.css": ("web/desk/desk.css",),
    "/passkey.js": ("web/desk/passkey.js",),
    "/live.js": ("web/desk/approving/live.js",),
    "/edit.js": ("web/desk/editing/edit.js",),
}


Missing = Callable[[Request], Response]
"""Answers a request for a page that does not exist."""


def public_site(app: App) -> FastAPI:
    """Build the public pages: sign-up, confirmation, preferences, unsubscribing, reading."""
    reading = ReadingPages(app)
    site = _site(app, PUBLIC_FILES, reading.missing, stylesheet(app.publication.brand))
    site.include_router(reading_routes(reading))
    site.include_router(archive_routes(app, reading.missing))
    site.include_router(counting_routes(app))
    site.include_router(public_routes(app))
    site.include_router(hook_routes(app))
    guard.protect_public(site, app)
    return site


def desk_site(
    app: App, access: DeskAccess, announce: Callable[[str], None] = lambda _link: None
) -> FastAPI:
    """Build the staff pages. `announce` shows staff the link that opens them in another browser."""
    shell = Shell(app)
    gate = Gate(app, access, shell)
    desk = Desk(shell, gate, announce)
    live = LiveDesk(shell, gate)
    site = _site(app, DESK_FILES, lambda _request: desk.missing("This page doesn't exist."))
    site.state.gate = gate
    for routes in (
        desk_routes(desk),
        edit_routes(EditPages(shell, gate, live)),
        live_routes(live),
        add_routes(AddPages(shell, gate)),
        beside_routes(BesidePages(shell, gate)),
        approve_routes(ApprovePages(shell, gate)),
        preview_routes(PreviewPages(shell, gate)),
        calendar_routes(CalendarPages(shell, gate)),
        sign_in_routes(SignInPages(shell, gate)),
        passkey_routes(PasskeyPages(shell, gate)),
        account_routes(AccountPages(shell, gate)),
        staff_routes(StaffPages(shell, gate)),
        audit_routes(AuditPages(shell, gate)),
        article_routes(ArticlePages(shell, gate)),
        source_routes(SourcePages(shell, gate)),
        pass_routes(PassPages(shell, gate)),
        worker_routes(WorkerPages(shell, gate)),
        people_routes(PeoplePages(shell, gate)),
        segment_routes(SegmentPages(shell, gate)),
        import_routes(ImportPages(shell, gate)),
        health_routes(app, gate.is_local),
    ):
        # Not include_router, which hides the routes from the check of their rules.
        site.router.routes.extend(routes.routes)
    refuse_unruled(site)
    answer_refusals(site, shell)
    guard.protect_desk(site, app)
    return site


def desk_access(app: App) -> DeskAccess:
    """Return the access to the desk of a publication, with its first one-time link."""
    person = Actor.person(getpass.getuser())
    return DeskAccess(app.settings.desk, person, app.new_id, app.now)


def _site(
    app: App, served: Mapping[str, Sequence[str]], missing: Missing, brand: str = ""
) -> FastAPI:
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    _answer_strays(site, missing)
    for address, names in served.items():
        _serve_file(site, app, address, names, brand)
    return site


def _answer_strays(site: FastAPI, missing: Missing) -> None:
    """Answer an unknown address with a page. Nothing of the request is repeated in it."""

    def stray(request: Request, error: Exception) -> Response:
        answer = missing(request)
        answer.status_code = getattr(error, "status_code", answer.status_code)
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    for failure in (404, 405, RequestValidationError):
        site.add_exception_handler(failure, stray)


def _serve_file(site: FastAPI, app: App, address: str, names: Sequence[str], brand: str) -> None:
    def content() -> Response:
        headers = {"Cache-Control": "max-age=300"}
        media_type = "text/javascript" if address.endswith(".js") else "text/css"
        more = {COLORS: brand}
        text = "".join(f"{app.templates.source(name)}{more.get(name, '')}\n" for name in names)
        return Response(text, media_type=media_type, headers=headers)

    site.add_api_route(address, content, methods=["GET", "HEAD"], response_model=None)
