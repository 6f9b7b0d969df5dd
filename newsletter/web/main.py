"""The two sites: public pages on `publication.url`, and the desk on loopback."""

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.responses import Response

from newsletter.app import App
from newsletter.web import guard
from newsletter.web.desk.pages import desk_routes
from newsletter.web.public import public_routes
from newsletter.web.reading import reading_routes

PUBLIC_STYLES = {
    "/paper.css": "web/paper.css",
    "/public.css": "web/public/public.css",
    "/reading.css": "web/reading/reading.css",
}
DESK_STYLES = {"/paper.css": "web/paper.css", "/desk.css": "web/desk/desk.css"}


def public_site(app: App) -> FastAPI:
    """Build the public pages: sign-up, confirmation, preferences, leaving, reading."""
    site = _site(app, PUBLIC_STYLES)
    site.include_router(reading_routes(app))
    site.include_router(public_routes(app))
    guard.protect_public(site, app)
    return site


def desk_site(app: App) -> FastAPI:
    """Build the staff pages; they answer GET and HEAD only."""
    site = _site(app, DESK_STYLES)
    site.include_router(desk_routes(app))
    guard.protect_desk(site, app)
    return site


def _site(app: App, styles: Mapping[str, str]) -> FastAPI:
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for address, name in styles.items():
        _serve_style(site, app, address, name)
    return site


def _serve_style(site: FastAPI, app: App, address: str, name: str) -> None:
    def style() -> Response:
        headers = {"Cache-Control": "max-age=300"}
        return Response(app.templates.source(name), media_type="text/css", headers=headers)

    site.add_api_route(address, style, methods=["GET", "HEAD"], response_model=None)
