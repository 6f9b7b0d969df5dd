"""Search articles, look at one, and decide what becomes of it."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.row_number import LARGEST_ID
from newsletter.store.content.browsing import ArticleFilter
from newsletter.usecases import articles
from newsletter.web.desk.articles.views import STATES, ArticlesView, article_row, article_view
from newsletter.web.desk.forms import DeskForm, number
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.public.forms import clean
from subscribers.phrase import Phrase

DONE = {
    "hidden": "desk.articles.done.hidden",
    "shown": "desk.articles.done.shown",
    "duplicate": "desk.articles.done.duplicate",
    "revised": "desk.articles.done.revised",
    "unchanged": "desk.articles.done.unchanged",
}
"""What `?done=` confirms after a redirect."""
MOST_WORDS = 10

ArticleId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class ArticlePages:
    """The list of articles, and the page of one."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._context = gate.context

    def search(self, request: Request, visitor: Editor) -> Response:
        """List the articles collected last, or those with words in the title."""
        asked = {
            name: clean(request.query_params.get(name, "")) for name in ("text", "source", "state")
        }
        before = number(request.query_params.get("before", ""))
        words = tuple(asked["text"].split()[:MOST_WORDS])
        wanted = ArticleFilter(words, asked["source"], asked["state"])
        found = articles.find(self._context, visitor.actor, wanted, before)
        catalog = self._shell.catalog(visitor)
        view = ArticlesView(
            **asked,
            sources=tuple(source.key for source in self._shell.app.publication.sources),
            states=tuple((state, catalog.text(key)) for state, key in STATES.items()),
            articles=tuple(article_row(each, catalog) for each in found.articles),
            more=f"/articles?{urlencode({**asked, 'before': found.before})}"
            if found.before
            else "",
        )
        text = catalog.text
        heading = Heading("Articles", text("desk.nav.articles"), text("desk.articles.lead"))
        return self._shell.page("articles/search", heading, view, visitor)

    def show(self, request: Request, visitor: Editor, article_id: ArticleId) -> Response:
        """Show one article: where each field came from, its revisions, and where it was used."""
        record = articles.look(self._context, visitor.actor, article_id)
        catalog = self._shell.catalog(visitor)
        done = DONE.get(request.query_params.get("done", ""))
        notice = catalog.text(done) if done else ""
        view = article_view(record, self._shell.app.publication, catalog, notice)
        heading = Heading("Articles", record.article.content.title, record.article.source)
        return self._shell.page("articles/article", heading, view, visitor)

    def hide(self, visitor: Editor, article_id: ArticleId) -> Response:
        """Offer an article to no new issue."""
        articles.hide(self._context, visitor.actor, article_id)
        return _done(article_id, "hidden")

    def unhide(self, visitor: Editor, article_id: ArticleId) -> Response:
        """Offer an article to new issues again."""
        articles.show(self._context, visitor.actor, article_id)
        return _done(article_id, "shown")

    def duplicate(self, visitor: Editor, article_id: ArticleId, form: DeskForm) -> Response:
        """Say which article this one repeats."""
        kept = number(form.first("kept"))
        if kept is None:
            msg = Phrase("enter the number of the article that is kept")
            raise NotAllowed(msg)
        articles.same_as(self._context, visitor.actor, article_id, kept)
        return _done(article_id, "duplicate")

    def read_again(self, visitor: Editor, article_id: ArticleId) -> Response:
        """Read an article again from its source."""
        revision = articles.read_again(self._context, visitor.actor, article_id)
        return _done(article_id, "revised" if revision else "unchanged")


def _done(article_id: int, outcome: str) -> Response:
    return RedirectResponse(f"/articles/{article_id}?done={outcome}", status_code=303)


def article_routes(pages: ArticlePages) -> APIRouter:
    """Return the routes of the articles."""
    router = APIRouter()
    one = "/articles/{article_id:int}"
    for path, page in (("/articles", pages.search), (one, pages.show)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    acts: dict[str, Callable[..., Response]] = {
        "hide": pages.hide,
        "show": pages.unhide,
        "duplicate": pages.duplicate,
        "read": pages.read_again,
    }
    for name, act in acts.items():
        router.add_api_route(f"{one}/{name}", act, methods=["POST"], response_model=None)
    return router
