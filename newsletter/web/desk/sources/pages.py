"""The sources with their health; one source: test it, collect from it now, pause it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.collect import health
from newsletter.collect.health import Tone
from newsletter.usecases import sources
from newsletter.usecases.sources import SourceRecord
from newsletter.web.desk import sentences
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source with its health."""

    href: str
    name: str
    kind: str
    health: str
    tone: Tone
    last_new: str
    next_check: str


@dataclass(frozen=True, slots=True)
class SourcesView:
    """The list of sources."""

    sources: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry of a source: its article, or why it was not taken."""

    when: str
    title: str
    href: str
    reason: str
    missing: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """What a test or a collection did with an entry."""

    verdict: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReadView:
    """The result of a test or of a collection; `is_test` if nothing was stored."""

    is_test: bool
    summary: str
    rows: tuple[ReadRow, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """Everything on the page of one source."""

    href: str
    address: str
    health: str
    tone: Tone
    is_paused: bool
    paused_by: str
    facts: tuple[tuple[str, str], ...]
    entries: tuple[EntryView, ...]
    read: ReadView | None


class SourcePages:
    """The list of sources, and the page of one."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._context = gate.context

    def index(self, visitor: Editor) -> Response:
        """List the sources with their health."""
        app, text = self._shell.app, self._shell.catalog(visitor).text
        with app.reader.connect() as connection:
            rows = health.rows(connection, app.publication.sources, app.now())
        zone = app.publication.timezone
        view = SourcesView(
            tuple(
                SourceLine(
                    f"/sources/{row.source}",
                    row.source,
                    row.kind,
                    row.health,
                    row.tone,
                    _stamp(row.last_new_at, zone),
                    _stamp(row.next_check_at, zone),
                )
                for row in rows
            )
        )
        heading = Heading("Sources", text("desk.nav.sources"), text("desk.sources.lead"))
        return self._shell.page("sources/list", heading, view, visitor)

    def show(self, visitor: Editor, name: str) -> Response:
        """Show one source: its health, its last answers, and what it showed last."""
        return self._page(visitor, name, None)

    def test(self, visitor: Editor, name: str) -> Response:
        """Read a source, and show what would be collected."""
        found = sources.test(self._context, visitor.actor, name)
        notes = " ".join(found.notes)
        rows = [ReadRow(row.verdict, row.title, row.detail) for row in found.rows]
        rows += [ReadRow("not taken", what, why) for what, why in found.skipped]
        summary = found.problem or f"{found.found} entries. {notes}"
        return self._page(visitor, name, ReadView(True, summary, tuple(rows)))

    def collect(self, visitor: Editor, name: str) -> Response:
        """Collect from a source now, and show what was stored."""
        report = sources.collect(self._context, visitor.actor, name)
        rows = [ReadRow(each.verdict, each.title, each.why) for each in report.articles]
        rows += [ReadRow("not taken", what, why) for what, why in report.skipped]
        return self._page(visitor, name, ReadView(False, report.summary, tuple(rows)))

    def pause(self, visitor: Editor, name: str, form: DeskForm) -> Response:
        """Collect nothing from a source on schedule."""
        sources.pause(self._context, visitor.actor, name, form.first("reason"))
        return RedirectResponse(f"/sources/{name}", status_code=303)

    def resume(self, visitor: Editor, name: str) -> Response:
        """Collect from a source on schedule again."""
        sources.resume(self._context, visitor.actor, name)
        return RedirectResponse("/sources", status_code=303)

    def _page(self, visitor: Visitor, name: str, read: ReadView | None) -> Response:
        record = sources.look(self._context, visitor.actor, name)
        zone = self._shell.app.publication.timezone
        view = SourceView(
            href=f"/sources/{name}",
            address=record.health.address,
            health=record.health.health,
            tone=record.health.tone,
            is_paused=record.pause is not None,
            paused_by=record.pause.actor if record.pause else "",
            facts=tuple(_facts(record, zone)),
            entries=tuple(_entries(record, zone)),
            read=read,
        )
        heading = Heading("Sources", name, record.source.kind)
        return self._shell.page("sources/source", heading, view, visitor)


def _facts(record: SourceRecord, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Yield what is known of the last answers; the keys are those of the catalog."""
    state = record.state
    yield "desk.sources.first", _stamp(state.first_collected_at, zone)
    yield "desk.sources.checked", _stamp(state.checked_at, zone)
    yield "desk.sources.success", _stamp(state.last_success_at, zone)
    yield "desk.sources.last_new", _stamp(state.last_new_at, zone)
    yield "desk.sources.next", _stamp(state.next_check_at, zone)
    yield "desk.sources.found", str(state.found)
    yield "desk.sources.failures", str(state.failures)
    if state.health:
        yield "desk.sources.problem", state.health
    if state.learnt_url:
        yield "desk.sources.moved", state.learnt_url


def _entries(record: SourceRecord, zone: tzinfo) -> Iterator[EntryView]:
    for entry in record.entries:
        yield EntryView(
            sentences.stamp(entry.first_seen_at, zone),
            entry.title or entry.key[:200],
            f"/articles/{entry.article_id}" if entry.article_id else "",
            entry.reason,
            sentences.stamp(entry.missing_since, zone) if entry.missing_since else "",
        )


def _stamp(instant: datetime | None, zone: tzinfo) -> str:
    return sentences.stamp(instant, zone) if instant else "–"


def source_routes(pages: SourcePages) -> APIRouter:
    """Return the routes of the sources."""
    router = APIRouter()
    for path, page in (("/sources", pages.index), ("/sources/{name}", pages.show)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    for path, act in (
        ("/sources/{name}/test", pages.test),
        ("/sources/{name}/collect", pages.collect),
        ("/sources/{name}/pause", pages.pause),
        ("/sources/{name}/resume", pages.resume),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router
