"""The routes of the pages for subscribers.

GET and HEAD change nothing. A token is verified before the database is asked. Of what was typed
into a form, only the sign-up form shows the address again, to the person who mistyped it.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from newsletter.app import App
from newsletter.web.origin import seen
from newsletter.web.public.following import WhyPages
from newsletter.web.public.forms import Form, LinkToken, read_form
from newsletter.web.public.keeping import KeepPages
from newsletter.web.public.pages import Pages
from newsletter.web.public.preferences import PreferencePages
from newsletter.web.public.rights import DataPages
from newsletter.web.public.signing_up import SignUpPages
from newsletter.web.public.unsubscribing import UnsubscribePages

Submitted = Annotated[Form, Depends(read_form)]
LOOK = ["GET", "HEAD"]
UNSUBSCRIBE = ("/unsubscribe/{token:path}", "/leave/{token:path}")
"""The second path is in emails that earlier versions sent, and must work forever."""
PRIVATE = (
    "confirm",
    "unsubscribe",
    "leave",
    "preferences",
    "manage",
    "read",
    "why",
    "keep",
    "c",
    "o",
)


def public_routes(app: App) -> APIRouter:
    """Return the routes on which people sign up, choose, unsubscribe and manage their data."""
    pages = Pages(app)
    router = APIRouter()
    _sign_up(router, SignUpPages(pages))
    _unsubscribe(router, UnsubscribePages(pages))
    _preferences(router, PreferencePages(pages))
    _why(router, WhyPages(pages))
    _keep(router, KeepPages(pages))
    _rights(router, DataPages(pages))

    @router.api_route("/robots.txt", methods=LOOK)
    def robots() -> Response:
        """Keep crawlers away from pages that belong to one person."""
        lines = ["User-agent: *", *(f"Disallow: /{page}/" for page in PRIVATE)]
        return PlainTextResponse("\n".join(lines) + "\n")

    @router.get("/client-address")
    def client_address(request: Request) -> Response:
        """Show clients which address of theirs arrives here; `newsletter doctor` asks."""
        return JSONResponse(seen(request, app.settings.trusted_proxies))

    return router


def _sign_up(router: APIRouter, pages: SignUpPages) -> None:
    for path in ("/", "/sign-up"):  # the second is where a browser is after a mistake
        router.add_api_route(path, pages.form, methods=LOOK, response_model=None)
    router.add_api_route("/embed", pages.embedded, methods=LOOK, response_model=None)
    router.add_api_route("/embed/form", pages.snippet, methods=LOOK, response_model=None)
    router.add_api_route("/signed-up", pages.thanks, methods=LOOK, response_model=None)
    router.add_api_route(
        "/confirm/{token:path}", pages.requested, methods=LOOK, response_model=None
    )
    router.add_api_route(
        "/confirm/{token:path}", pages.confirm, methods=["POST"], response_model=None
    )

    @router.post("/sign-up", response_model=None)
    def submit(request: Request, form: Submitted) -> Response:
        return pages.submit(request, form)


def _unsubscribe(router: APIRouter, pages: UnsubscribePages) -> None:
    def unsubscribe(request: Request, token: LinkToken, form: Submitted) -> Response:
        return pages.unsubscribe(request, token, form)

    for path in UNSUBSCRIBE:
        router.add_api_route(path, pages.page, methods=LOOK, response_model=None)
        router.add_api_route(path, unsubscribe, methods=["POST"], response_model=None)


def _preferences(router: APIRouter, pages: PreferencePages) -> None:
    path = "/preferences/{token:path}"
    data = "/preferences/{token}/data"
    router.add_api_route(path, pages.page, methods=LOOK, response_model=None)
    router.add_api_route(data, pages.send_data_link, methods=["POST"], response_model=None)

    @router.post(path, response_model=None)
    def save(request: Request, token: LinkToken, form: Submitted) -> Response:
        return pages.save(request, token, form)


def _keep(router: APIRouter, pages: KeepPages) -> None:
    path = "/keep/{token:path}"
    router.add_api_route(path, pages.page, methods=LOOK, response_model=None)
    router.add_api_route(path, pages.keep, methods=["POST"], response_model=None)


def _why(router: APIRouter, pages: WhyPages) -> None:
    path = "/why/{article}/{token:path}"
    router.add_api_route(path, pages.page, methods=LOOK, response_model=None)

    @router.post(path, response_model=None)
    def choose(request: Request, article: str, token: LinkToken, form: Submitted) -> Response:
        return pages.choose(request, article, token, form)


def _rights(router: APIRouter, pages: DataPages) -> None:
    router.add_api_route("/manage/{token:path}", pages.page, methods=LOOK, response_model=None)

    @router.post("/manage/{token:path}", response_model=None)
    def act(request: Request, token: LinkToken, form: Submitted) -> Response:
        return pages.act(request, token, form)
