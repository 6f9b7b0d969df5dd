"""Add an article that no source lists: by its address, shown before it is added, or by hand."""

from dataclasses import dataclass, fields

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model import byline
from newsletter.model.article import Extracted
from newsletter.send.context import SendingContext
from newsletter.usecases import adding
from newsletter.usecases.adding import ArticleAdded, FoundArticle, TypedArticle
from newsletter.web.desk import issue_views
from newsletter.web.desk.editing.pages import TAB
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor

SHOWN_PARAGRAPHS = 3
NOTHING = TypedArticle("")


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article as it was read, to be accepted; `origins` says where each text came from."""

    address: str
    seal: str
    lang: str
    title: str
    about: tuple[str, ...]
    teaser: str
    takeaways: tuple[str, ...]
    paragraphs: tuple[str, ...]
    words: int
    image: str
    origins: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AddView:
    """The two forms with what was entered; `problem` is about the one for an address."""

    path: str
    address: str = ""
    problem: str = ""
    found: ReadArticle | None = None
    typed: TypedArticle = NOTHING
    typed_problem: str = ""


class AddPages:
    """The page "Add an article" of an issue."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context

    def show(self, visitor: Editor, issue_id: int) -> Response:
        """Show the two forms."""
        return self._page(visitor, issue_id, AddView(_path(issue_id)))

    def read(self, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Read the article at an address and show it; add it once it was shown."""
        address, seal = form.first("address"), form.first("seal")
        view = AddView(_path(issue_id), address)
        try:
            found = adding.look(self._context, visitor.actor, issue_id, address)
            if found.seal == seal:
                return _back(adding.accept(self._context, visitor.actor, issue_id, found))
        except NotAllowed as error:
            problem = AddView(view.path, address, problem=self._shell.catalog(visitor).error(error))
            return self._page(visitor, issue_id, problem, status=409)
        changed = self._shell.catalog(visitor).text("desk.add.changed") if seal else ""
        shown = AddView(view.path, address, changed, _read_article(found))
        return self._page(visitor, issue_id, shown)

    def add_typed(self, visitor: Editor, issue_id: int, form: DeskForm) -> Response:
        """Add an article that was typed."""
        typed = TypedArticle(*(form.first(field.name) for field in fields(TypedArticle)))
        try:
            return _back(adding.add_typed(self._context, visitor.actor, issue_id, typed))
        except NotAllowed as error:
            problem = AddView(
                _path(issue_id),
                typed=typed,
                typed_problem=self._shell.catalog(visitor).error(error),
            )
            return self._page(visitor, issue_id, problem, status=409)

    def _page(
        self, visitor: Visitor, issue_id: int, view: AddView, *, status: int = 200
    ) -> Response:
        context = SendingContext(self._app.publication, self._app.senders, self._app.now())
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            head = issue_views.head(connection, context, issue_id, catalog)
        lead = catalog.text("desk.add.lead")
        heading = Heading("Issues", head.title, lead, TAB, head.tabs)
        return self._shell.page("editing/add", heading, view, visitor, status=status)


def _path(issue_id: int) -> str:
    return f"/issues/{issue_id}"


def _back(added: ArticleAdded) -> Response:
    address = f"{_path(added.issue_id)}/edit#article-{added.article_id}"
    return RedirectResponse(address, status_code=303)


def _read_article(found: FoundArticle) -> ReadArticle:
    content = found.content
    paragraphs = [line for section in content.sections for line in section.paragraphs]
    return ReadArticle(
        found.address,
        found.seal,
        content.lang,
        content.title,
        tuple(filter(None, _about(content))),
        content.teaser,
        content.takeaways,
        tuple(paragraphs[:SHOWN_PARAGRAPHS]),
        content.words,
        content.image.url if content.image else "",
        tuple(content.provenance.items()),
    )


def _about(content: Extracted) -> tuple[str, ...]:
    day = content.published.isoformat() if content.published else ""
    return (byline.written(content.authors), day, "; ".join(content.topics), content.url)


def add_routes(pages: AddPages) -> APIRouter:
    """Return the routes of the page "Add an article"."""
    router = APIRouter()
    path = "/issues/{issue_id}/add"
    router.add_api_route(path, pages.show, methods=["GET", "HEAD"], response_model=None)
    router.add_api_route(path, pages.read, methods=["POST"], response_model=None)
    router.add_api_route(f"{path}/typed", pages.add_typed, methods=["POST"], response_model=None)
    return router
