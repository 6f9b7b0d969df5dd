"""The recorded passes: when each ran, how serious its result is, what it did, and what waited."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from newsletter.collect.health import Tone
from newsletter.model.pass_report import Figures, Level, PassLine, PassReport
from newsletter.model.webhook import without_addresses
from newsletter.render.catalog import Catalog
from newsletter.usecases import pass_reports
from newsletter.web.desk import sentences
from newsletter.web.desk.forms import number
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell

SHOWN = 50
TONES: dict[Level, Tone] = {Level.OK: "good", Level.WAITS: "warn", Level.FAILED: "bad"}
NAMES = {
    Level.OK: "desk.passes.ok",
    Level.WAITS: "desk.passes.waits",
    Level.FAILED: "desk.passes.failed",
}


@dataclass(frozen=True, slots=True)
class LineView:
    """What a pass did in one of its stages; `href` is the page of the issue that waits, if any."""

    stage: str
    message: str
    tone: Tone
    href: str


@dataclass(frozen=True, slots=True)
class PassView:
    """A recorded pass, or a part of one; `waiting` is what waited at its end."""

    when: str
    part: str
    level: str
    tone: Tone
    lines: tuple[LineView, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassesView:
    """A page of passes, the latest first; `older` is the address of the next page."""

    passes: tuple[PassView, ...]
    troubled: bool
    older: str


class PassPages:
    """The list of recorded passes."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._context = gate.context

    def show(self, request: Request, visitor: Editor) -> Response:
        """List passes, or only those in which something failed or waits."""
        troubled = request.query_params.get("problems") == "1"
        before = number(request.query_params.get("before", ""))
        found = pass_reports.history(
            self._context, limit=SHOWN + 1, troubled=troubled, before=before
        )
        catalog, zone = self._shell.catalog(visitor), self._shell.app.publication.timezone
        view = PassesView(
            passes=tuple(_pass(report, catalog, zone) for report in found[:SHOWN]),
            troubled=troubled,
            older=_older(found, troubled=troubled),
        )
        heading = Heading("Today", catalog.text("desk.passes.title"), self._lead(catalog, zone))
        return self._shell.page("passes/list", heading, view, visitor)

    def _lead(self, catalog: Catalog, zone: tzinfo) -> str:
        success = pass_reports.last_success(self._context)
        if not success:
            return catalog.text("desk.passes.never")
        when = sentences.stamp(datetime.fromtimestamp(success, UTC), zone)
        return catalog.text("desk.passes.lead", when=when)


def _older(found: Sequence[PassReport], *, troubled: bool) -> str:
    if len(found) <= SHOWN:
        return ""
    only = "problems=1&" if troubled else ""
    return f"/passes?{only}before={found[SHOWN - 1].number}"


def _pass(report: PassReport, catalog: Catalog, zone: tzinfo) -> PassView:
    seconds = (report.ended_at - report.began_at).total_seconds()
    return PassView(
        when=sentences.stamp(report.began_at, zone),
        part=f"{report.part}, {seconds:.0f} s",
        level=catalog.text(NAMES[report.level]),
        tone=TONES[report.level],
        lines=tuple(map(_line, report.lines)),
        waiting=tuple(_waiting(report.figures, catalog)),
    )


def _line(line: PassLine) -> LineView:
    """Hide the addresses of subscribers, whose data only admins see."""
    issue_id = (line.step or {}).get("issue_id")
    href = f"/issues/{issue_id}/approve" if issue_id else ""
    return LineView(line.stage, without_addresses(line.message), TONES[line.level], href)


def _waiting(figures: Figures, catalog: Catalog) -> Iterator[str]:
    for key, waiting in (
        ("desk.passes.approvals", figures.waiting),
        ("desk.passes.batches", sum(figures.batches.values())),
        ("desk.passes.unknown", figures.unknown),
        ("desk.passes.sources", figures.sources_failing),
    ):
        if waiting:
            yield catalog.count(key, waiting)


def pass_routes(pages: PassPages) -> APIRouter:
    """Return the route of the passes."""
    router = APIRouter()
    router.add_api_route("/passes", pages.show, methods=["GET", "HEAD"], response_model=None)
    return router
