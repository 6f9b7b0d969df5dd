"""An item beside the article that it is made from, and what has changed there since."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.edit.comparison import Change, changes
from newsletter.edit.fields import ITEM_TEXTS, texts_of, uncorrected
from newsletter.edit.operations import Draft
from newsletter.edit.run import load_draft
from newsletter.edit.used import MarkedSection, marked
from newsletter.errors import NotFound
from newsletter.model.article import Article, Extracted
from newsletter.model.issue import Issue, Item
from newsletter.render.catalog import Catalog
from newsletter.send.context import SendingContext
from newsletter.store.content import articles
from newsletter.usecases import editing
from newsletter.web.desk import issue_views, sentences
from newsletter.web.desk.editing.pages import TAB
from newsletter.web.desk.editing.views import NAMES, EditCard, item_card
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class Correction:
    """A text as it was collected, beside the one that staff made of it."""

    name: str
    label: str
    collected: str
    corrected: str


@dataclass(frozen=True, slots=True)
class BesideView:
    """An item with its article. `pending` says that the item is made from an older revision."""

    path: str
    card: EditCard
    editable: bool
    url: str
    lang: str
    direction: str
    collected: str
    origins: tuple[tuple[str, str], ...]
    sections: tuple[MarkedSection, ...]
    corrections: tuple[Correction, ...]
    changes: tuple[Change, ...]
    pending: bool


class BesidePages:
    """The page "Source" of an item."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context

    def show(self, visitor: Editor, issue_id: int, article_id: int) -> Response:
        """Show an item beside its article."""
        context = SendingContext(self._app.publication, self._app.senders, self._app.now())
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            head = issue_views.head(connection, context, issue_id, catalog)
            issue, draft = load_draft(connection, issue_id)
            view = self._view(connection, issue, draft, article_id, catalog)
        heading = Heading("Issues", head.title, catalog.text("desk.source.lead"), TAB, head.tabs)
        return self._shell.page("editing/source", heading, view, visitor)

    def take_over(
        self, visitor: Editor, issue_id: int, article_id: int, _form: DeskForm
    ) -> Response:
        """Print the newest revision of the article."""
        editing.take_over(self._context, visitor.actor, issue_id, article_id)
        address = f"/issues/{issue_id}/items/{article_id}"
        return RedirectResponse(address, status_code=303)

    def _view(
        self,
        connection: sa.Connection,
        issue: Issue,
        draft: Draft,
        article_id: int,
        catalog: Catalog,
    ) -> BesideView:
        item = next((item for item in draft.items if item.article_id == article_id), None)
        if item is None:
            msg = Phrase(
                "article {article_id} is not a candidate for this issue", article_id=article_id
            )
            raise NotFound(msg)
        article = articles.load(connection, article_id)
        earlier = _earlier(connection, issue, item, article)
        content = article.content
        return BesideView(
            path=f"/issues/{issue.id}",
            card=item_card(draft, item, catalog),
            editable=issue.editable,
            url=content.url,
            lang=content.lang,
            direction=content.direction,
            collected=sentences.stamp(article.first_seen_at, self._app.publication.timezone),
            origins=tuple(content.provenance.items()),
            sections=marked(content, item),
            corrections=_corrections(draft, item, catalog),
            changes=changes(earlier, content) if earlier else (),
            pending=item.revision != article.revision,
        )


def _earlier(
    connection: sa.Connection, issue: Issue, item: Item, article: Article
) -> Extracted | None:
    """Return the revision that the item is made from, or that was current at the draft."""
    kept = articles.revisions(connection, article.id)
    own = [content for number, _, content in kept if number == item.revision]
    since = [content for _, until, content in kept if until > issue.drafted_at]
    return next(iter([*own, *since]), None)


def _corrections(draft: Draft, item: Item, catalog: Catalog) -> tuple[Correction, ...]:
    collected: Mapping[str, str] = {
        name: "\n".join(item.takeaways.items) if name == "takeaways" else uncorrected(item, name)
        for name in ITEM_TEXTS
    }
    shown = texts_of(draft, item)
    return tuple(
        Correction(name, catalog.text(NAMES[name]), collected[name], shown[name])
        for name in ITEM_TEXTS
        if name in item.corrections
    )


def beside_routes(pages: BesidePages) -> APIRouter:
    """Return the routes of the page "Source"."""
    router = APIRouter()
    path = "/issues/{issue_id}/items/{article_id}"
    router.add_api_route(path, pages.show, methods=["GET", "HEAD"], response_model=None)
    take = f"{path}/take-over"
    router.add_api_route(take, pages.take_over, methods=["POST"], response_model=None)
    return router
