"""The routes of the pages for subscribers.

GET and HEAD change nothing. A token is verified before the database is asked. What was typed into
a form is never shown again.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from newsletter.app import App
from newsletter.web.public.choosing import Choosing
from newsletter.web.public.forms import Form, read_form
from newsletter.web.public.joining import Joining
from newsletter.web.public.pages import Pages
from newsletter.web.public.rights import Rights
from newsletter.web.public.unsubscribing import Leaving

Filled = Annotated[Form, Depends(read_form)]
LOOK = ["GET", "HEAD"]


def public_routes(app: App) -> APIRouter:
    """Return the routes on which people sign up, choose, leave and take what is theirs."""
    pages = Pages(app)
    router = APIRouter()
    _joining(router, Joining(pages))
    _leaving(router, Leaving(pages))
    _choosing(router, Choosing(pages))
    _rights(router, Rights(pages))

    @router.api_route("/robots.txt", methods=LOOK)
    def robots() -> Response:
        """Keep crawlers away from pages that belong to one person."""
        private = ("confirm", "leave", "preferences", "manage", "read")
        lines = ["User-agent: *", *(f"Disallow: /{page}/" for page in private)]
        return PlainTextResponse("\n".join(lines) + "\n")

    return router


def _joining(router: APIRouter, joining: Joining) -> None:
    router.add_api_route("/", joining.form, methods=LOOK, response_model=None)
    router.add_api_route("/embed", joining.embedded, methods=LOOK, response_model=None)
    router.add_api_route("/signed-up", joining.thanks, methods=LOOK, response_model=None)
    router.add_api_route("/confirm/{token}", joining.asked, methods=LOOK, response_model=None)
    router.add_api_route("/confirm/{token}", joining.confirm, methods=["POST"], response_model=None)

    @router.post("/sign-up", response_model=None)
    def submit(request: Request, form: Filled) -> Response:
        return joining.submit(request, form)


def _leaving(router: APIRouter, leaving: Leaving) -> None:
    router.add_api_route("/leave/{token}", leaving.page, methods=LOOK, response_model=None)

    @router.post("/leave/{token}", response_model=None)
    def leave(request: Request, token: str, form: Filled) -> Response:
        return leaving.leave(request, token, form)


def _choosing(router: APIRouter, choosing: Choosing) -> None:
    path = "/preferences/{token}"
    router.add_api_route(path, choosing.page, methods=LOOK, response_model=None)
    router.add_api_route(f"{path}/data", choosing.mail_link, methods=["POST"], response_model=None)

    @router.post(path, response_model=None)
    def save(request: Request, token: str, form: Filled) -> Response:
        return choosing.save(request, token, form)


def _rights(router: APIRouter, rights: Rights) -> None:
    router.add_api_route("/manage/{token}", rights.page, methods=LOOK, response_model=None)

    @router.post("/manage/{token}", response_model=None)
    def act(request: Request, token: str, form: Filled) -> Response:
        return rights.act(request, token, form)
