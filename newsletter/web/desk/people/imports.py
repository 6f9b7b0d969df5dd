"""Import a list at the desk: upload, choose columns, look at the changes, apply, undo."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import APIRouter, Path
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.maintenance.uploads import FOLDER, Upload, Uploads
from newsletter.usecases import importing, people
from newsletter.usecases.importing import ListSample
from newsletter.web.desk import sentences
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Admin, AdminWithFile, Gate
from newsletter.web.desk.people.views import TABS
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from subscribers.errors import ImportRefused
from subscribers.phrase import Phrase
from subscribers.roster.change_set import Example
from subscribers.roster.columns import FIELDS
from subscribers.roster.latest import latest, waiting

PATH = "/people/imports"
LOOK_AGAIN = 3
"""Seconds after which the page loads again while an import is applied."""


@dataclass(frozen=True, slots=True)
class PastImport:
    """An import, and whether it can be undone; `state` is its word in the database."""

    number: int
    file: str
    state: str
    started: str
    by: str
    result: str
    undo: bool


@dataclass(frozen=True, slots=True)
class ImportsView:
    """The form of the upload, the lists that wait, and the latest imports."""

    waiting: tuple[Upload, ...]
    imports: tuple[PastImport, ...]
    is_applying: bool


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column of the list: what is recognized, and what was chosen instead."""

    name: str
    meaning: str
    chosen: str


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """The columns of a list with its first rows, and where its subscribers go."""

    href: str
    upload: Upload
    columns: tuple[ColumnChoice, ...]
    rows: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...]
    newsletters: tuple[tuple[str, str, bool], ...]
    problem: str


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What a list would change: (outcome, number, examples), and what it does not do.

    `seen` is the seal of the choices.
    """

    href: str
    seen: str
    outcomes: tuple[tuple[str, int, tuple[Example, ...]], ...]
    withheld: tuple[tuple[str, int], ...]
    layout: tuple[str, ...]


class ImportPages:
    """The pages of imports."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._context = gate.context
        self._uploads = Uploads(shell.app.settings.root / FOLDER, shell.app.new_id)

    def show(self, visitor: Admin) -> Response:
        """Show the form, what waits, and the latest imports."""
        zone = self._shell.app.publication.timezone
        with self._context.reader.begin() as connection:
            rows = tuple(
                PastImport(
                    found.id,
                    found.file,
                    found.state,
                    sentences.stamp(found.started_at, zone),
                    found.actor,
                    ", ".join(f"{number:,} {what}" for what, number in found.counts.items()),
                    undo=found.state in {"applied", "applying"},
                )
                for found in latest(connection)
            )
            is_applying = bool(waiting(connection, 1))
        view = ImportsView(tuple(self._uploads.every()), rows, is_applying)
        answer = self._page("imports", visitor, view)
        if is_applying:
            answer.headers["Refresh"] = str(LOOK_AGAIN)
        return answer

    def upload(self, sent: AdminWithFile) -> Response:
        """Store a list, and go on to its columns."""
        if sent.stream is None or not sent.name:
            msg = Phrase("choose a file first")
            raise NotAllowed(msg)
        upload = importing.receive(sent.visitor.actor, self._uploads, sent.name, sent.stream)
        return RedirectResponse(f"{PATH}/{upload.id}", status_code=303)

    def columns(self, visitor: Admin, upload_id: str) -> Response:
        """Show the columns of a list with its first rows."""
        return self._columns(visitor, importing.sample(visitor.actor, self._uploads, upload_id))

    def _columns(self, visitor: Visitor, sample: ListSample, problem: str = "") -> Response:
        upload = sample.upload
        chosen = upload.columns
        newsletters = self._shell.app.publication.newsletters
        view = ColumnsView(
            f"{PATH}/{upload.id}",
            upload,
            tuple(
                ColumnChoice(header, sample.meanings.get(header, ""), chosen.get(header, ""))
                for header in sample.headers
            ),
            tuple(
                tuple(row.get(header, "")[:200] for header in sample.headers) for row in sample.rows
            ),
            FIELDS,
            tuple((each.key, each.title, each.key in upload.newsletters) for each in newsletters),
            problem or sample.problem,
        )
        return self._page("columns", visitor, view, upload.name)

    def review(self, visitor: Admin, upload_id: str, form: DeskForm) -> Response:
        """Store what was chosen, and show what the list would change. Nothing is applied."""
        sample = importing.sample(visitor.actor, self._uploads, upload_id)
        known = {each.key for each in self._shell.app.publication.newsletters}
        upload = replace(
            sample.upload,
            columns=_chosen(sample, form.fields),
            newsletters=tuple(sorted(known & form.all("newsletter"))),
            attest=form.first("attest"),
            encoding=form.first("encoding"),
            words=form.first("words"),
        )
        chosen = importing.choose(self._context, visitor.actor, self._uploads, upload)
        try:
            review = importing.review(self._context, visitor.actor, self._uploads, chosen)
        except ImportRefused as error:
            again = importing.sample(visitor.actor, self._uploads, upload_id)
            return self._columns(visitor, again, again.problem or error.args[0])
        found = review.changes
        view = ChangesView(
            f"{PATH}/{upload_id}",
            review.upload.seal,
            tuple(
                (outcome, number, tuple(found.examples.get(outcome, ())))
                for outcome, number in found.counts.most_common()
            ),
            tuple(found.withheld.most_common()),
            tuple(found.listing.layout.lines()),
        )
        return self._page("changes", visitor, view, upload.name)

    def apply(self, visitor: Admin, upload_id: str, form: DeskForm) -> Response:
        """Let a list be applied as reviewed. The list of imports shows how far it is."""
        seen = form.first("seen")
        importing.approve(self._context, visitor.actor, self._uploads, upload_id, seen)
        return RedirectResponse(PATH, status_code=303)

    def discard(self, visitor: Admin, upload_id: str) -> Response:
        """Delete a list without applying it."""
        importing.discard(self._context, visitor.actor, self._uploads, upload_id)
        return RedirectResponse(PATH, status_code=303)

    def undo(self, visitor: Admin, number: int = Path(ge=1, lt=1 << 31)) -> Response:
        """Take back what an import changed; one that is being applied stops."""
        people.undo_import(self._context, visitor.actor, number, lambda _done: None)
        return RedirectResponse(PATH, status_code=303)

    def _page(self, name: str, visitor: Visitor, view: object, title: str = "") -> Response:
        text = self._shell.catalog(visitor).text
        lead = "" if title else text("desk.imports.lead")
        heading = Heading("People", title or text("desk.imports.title"), lead, PATH, TABS)
        return self._shell.page(f"people/{name}", heading, view, visitor)


def _chosen(sample: ListSample, fields: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the choices of a form by header; the form numbers the columns."""
    found = {}
    for number, header in enumerate(sample.headers):
        field = fields.get(f"column.{number}", ("",))[0]
        if field in {*FIELDS, importing.IGNORE}:
            found[header] = field
    return found


def import_routes(pages: ImportPages) -> APIRouter:
    """Return the routes of imports."""
    router = APIRouter()
    one = f"{PATH}/{{upload_id}}"
    for path, page in ((PATH, pages.show), (one, pages.columns)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    for path, act in (
        (PATH, pages.upload),
        (f"{PATH}/undo/{{number}}", pages.undo),
        (one, pages.review),
        (f"{one}/apply", pages.apply),
        (f"{one}/discard", pages.discard),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router
