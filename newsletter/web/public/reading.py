"""Read in the browser: one's own copy of an issue, and articles that have no page elsewhere."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from newsletter.app import App
from newsletter.model.article import Extracted
from newsletter.model.personalization import fill, substitutions
from newsletter.model.text import web_address
from newsletter.render.catalog import Catalog
from newsletter.store.content import articles, editions
from newsletter.store.sending import deliveries
from newsletter.web.headers import READING
from newsletter.web.public.forms import TRAILING, LinkToken
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import View
from subscribers.tokens import Purpose


@dataclass(frozen=True, slots=True)
class ArticleView(View):
    """An article, and its date as the page prints it."""

    article: Extracted
    published: str


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
        return HTMLResponse(html, headers={"Content-Security-Policy": READING})

    def article(self, request: Request, name: str) -> Response:
        """Show an article that has no page elsewhere, at its signed address.

        Manuscripts, and articles that staff left out of every issue, are not published.
        """
        article_id = self._app.articles.read(name.rstrip(TRAILING))
        if article_id is None:
            return self.missing(request, "missing.article")
        with self._app.reader.connect() as connection:
            article = articles.load_published(connection, article_id)
        if article is None:
            return self.missing(request, "missing.article")
        if article.state == "gone" or web_address(article.content.url):
            return self.missing(request, "missing.elsewhere")
        content = article.content
        catalog = self._app.templates.catalogs.of(content.lang, self._app.publication.language)
        published = catalog.date(content.published) if content.published else ""
        return self._page("article", catalog, ArticleView(content, published))

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
        ("/articles/{name:path}", reading.article),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
