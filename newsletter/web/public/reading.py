"""Read in the browser: one's own copy of an issue, and articles that have no page elsewhere."""

import re
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from newsletter.app import App
from newsletter.model.article import Extracted, Image
from newsletter.model.personalization import NO_RECIPIENT, fill, substitutions
from newsletter.model.text import web_address
from newsletter.render.catalog import Catalog
from newsletter.render.picture_view import picture
from newsletter.render.view import Picture
from newsletter.store.content import articles, editions, issues, pictures
from newsletter.store.sending import deliveries
from newsletter.usecases import sharing
from newsletter.web.headers import READING
from newsletter.web.public.corrected import marks
from newsletter.web.public.forms import LinkToken
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import View
from subscribers.tokens import Purpose, bare

_BODY = re.compile(r"<body\b[^>]*>")
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class ArticleView(View):
    """An article, its date as the page prints it, and its image if we have a copy."""

    article: Extracted
    published: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class MissingView(View):
    """A page that does not exist, and why."""

    explanation: str


class ReadingPages:
    """The reading pages over one opened publication."""

    def __init__(self, app: App) -> None:
        """Take the opened publication."""
        self._app = app
        self._pages = Pages(app)

    def issue(self, request: Request, delivery: str, token: LinkToken) -> Response:
        """Show the copy of an issue that a delivery brought, with its links.

        The token must be the recipient's own. No name is shown, because issues get forwarded.
        """
        claim = self._pages.claim(token, Purpose.ISSUE)
        if claim is None:
            return self.missing(request, "message.incomplete.text")
        with self._app.reader.connect() as connection:
            edition_id = deliveries.edition_of(connection, delivery, claim.subscriber_id)
            edition = editions.load(connection, edition_id) if edition_id is not None else None
        if edition is None:
            return self.missing(request, "missing.issue")
        values = {"token": token, "delivery": delivery, "name": ""}
        html = fill(edition.html, substitutions(edition.nonce, values))
        page = _BODY.sub(lambda body: body[0] + self._marks(edition.issue_id), html, count=1)
        return HTMLResponse(page, headers={"Content-Security-Policy": READING})

    def shared(self, request: Request, name: str) -> Response:
        """Show the edition that staff shared, until the link ends. Its links lead nowhere."""
        edition = sharing.shared_edition(self._app.context, bare(name))
        if edition is None:
            return self.missing(request, "missing.shared")
        html = fill(edition.html, substitutions(edition.nonce, NO_RECIPIENT))
        headers = {"Content-Security-Policy": READING, "X-Robots-Tag": "noindex"}
        return HTMLResponse(html, headers=headers)

    def _marks(self, issue_id: int) -> str:
        """Return what the copy of an issue says about the corrections that went out since."""
        with self._app.reader.connect() as connection:
            sent = [
                correction
                for correction in issues.corrections(connection, issue_id)
                if correction.frozen_at is not None
            ]
        return marks(self._app, sent)

    def article(self, request: Request, name: str) -> Response:
        """Show an article that has no page elsewhere, at its signed address.

        Manuscripts, and articles that staff left out of every issue, are not published.
        """
        article_id = self._app.articles.read(bare(name))
        if article_id is None:
            return self.missing(request, "missing.article")
        with self._app.reader.connect() as connection:
            article = articles.load_published(connection, article_id)
            image = self._image(connection, article.content.image) if article else None
        if article is None:
            return self.missing(request, "missing.article")
        if article.state == "gone" or web_address(article.content.url):
            return self.missing(request, "missing.elsewhere")
        content = article.content
        catalog = self._app.templates.catalogs.of(content.lang, self._app.publication.language)
        published = catalog.date(content.published) if content.published else ""
        return self._page("article", catalog, ArticleView(content, published, image))

    def _image(self, connection: sa.Connection, image: Image | None) -> Picture | None:
        """Return our copy of an image: the page loads nothing from other hosts."""
        known = pictures.known(connection, {image.url}) if image else {}
        if image is None or image.url not in known or not known[image.url].copy:
            return None
        return picture(image, known, self._app.publication.url)

    def picture(self, request: Request, name: str) -> Response:
        """Serve our copy of an image; its name changes with its content, so it may be kept."""
        with self._app.reader.connect() as connection:
            copy = pictures.copied(connection, name)
        if copy is None:
            return self.missing(request)
        headers = {"Cache-Control": FOREVER, "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(copy.content, media_type=copy.media_type, headers=headers)

    def missing(self, request: Request, key: str = "missing.page") -> Response:
        """Answer 404 with a sentence and a link to the home page."""
        catalog = self._pages.catalog(request)
        answer = self._page("missing", catalog, MissingView(catalog.text(key)))
        answer.status_code = 404
        return answer

    def _page(self, name: str, catalog: Catalog, view: View) -> HTMLResponse:
        content = self._app.templates.page(
            f"reading/{name}",
            publication=self._app.publication,
            language=catalog.language,
            text=catalog.text,
            view=view,
        )
        return HTMLResponse(content)


def reading_routes(reading: ReadingPages) -> APIRouter:
    """Return the routes on which issues and articles are read."""
    router = APIRouter()
    for path, page in (
        ("/read/{delivery}/{token:path}", reading.issue),
        ("/shared/{name:path}", reading.shared),
        ("/articles/{name:path}", reading.article),
        ("/images/{name}", reading.picture),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
