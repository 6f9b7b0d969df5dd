"""Reading in the browser: one's own copy of an issue, and articles that have no page elsewhere."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from newsletter.app import App
from newsletter.errors import NotFound
from newsletter.model.personalization import fill, substitutions
from newsletter.model.text import web_address
from newsletter.store.content import articles, editions
from newsletter.store.sending import deliveries
from subscribers.tokens import Purpose

LARGEST_ID = 31
"""Bits of the largest number that a database takes for an article's."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:"


class Reading:
    """The reading pages over one opened publication."""

    def __init__(self, app: App) -> None:
        """Take the opened publication."""
        self._app = app

    def issue(self, delivery: str, token: str) -> Response:
        """Show the copy of an issue that this delivery brought, links and all.

        The token must be the recipient's own; a name is never shown, since issues get forwarded.
        """
        claim = self._app.signer.read(token)
        if claim is None or claim.purpose is not Purpose.ISSUE:
            return self.missing("This link is not complete. Open it from the mail once more.")
        with self._app.reader.connect() as connection:
            edition_id = deliveries.edition_of(connection, delivery, claim.subscriber_id)
            edition = editions.load(connection, edition_id) if edition_id is not None else None
        if edition is None:
            return self.missing("This issue is no longer kept here.")
        values = {"token": token, "delivery": delivery, "name": ""}
        html = fill(edition.html, substitutions(edition.nonce, values))
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})

    def article(self, article_id: int) -> Response:
        """Show an article that was collected from a file and so has no page of its own."""
        if article_id.bit_length() > LARGEST_ID:
            return self.missing("There is no such article.")
        try:
            with self._app.reader.connect() as connection:
                article = articles.load(connection, article_id)
        except NotFound:
            return self.missing("There is no such article.")
        if article.state == "gone" or web_address(article.content.url):
            return self.missing("This article is read on its own page.")
        content = article.content
        words = self._app.templates.words.of(content.lang or self._app.publication.language)
        published = words.date(content.published) if content.published else ""
        return self._page("article", article=content, published=published)

    def missing(self, says: str) -> Response:
        """Answer 404 with a sentence and a way back."""
        answer = self._page("missing", says=says)
        answer.status_code = 404
        return answer

    def _page(self, name: str, **values: object) -> HTMLResponse:
        publication = self._app.publication
        return HTMLResponse(
            self._app.templates.page(
                f"reading/{name}", publication=publication, language=publication.language, **values
            )
        )


def reading_routes(reading: Reading) -> APIRouter:
    """Return the routes on which mail and articles are read."""
    router = APIRouter()
    for path, page in (
        ("/read/{delivery}/{token}", reading.issue),
        ("/articles/{article_id}", reading.article),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
