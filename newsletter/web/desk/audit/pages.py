"""The audit: who did what and when, with filters."""

from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from newsletter.model.act import ActKind
from newsletter.render.catalog import Catalog
from newsletter.store.acts import PAGE, ActFilter, NumberedAct
from newsletter.usecases import auditing
from newsletter.web.desk.forms import number
from newsletter.web.desk.gate import Approver, Gate
from newsletter.web.desk.history import ActRow, act_row
from newsletter.web.desk.shell import Heading, Shell


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An act, and the page of its issue if it has one."""

    act: ActRow
    issue_id: int | None


@dataclass(frozen=True, slots=True)
class AuditView:
    """A page of acts; `older` is the address of the next one."""

    acts: tuple[AuditRow, ...]
    who: str
    kind: str
    issue: str
    kinds: tuple[str, ...]
    older: str


class AuditPages:
    """The list of acts."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate

    def show(self, request: Request, visitor: Approver) -> Response:
        """List acts, latest first."""
        asked = {
            name: request.query_params.get(name, "")[:200] for name in ("who", "kind", "issue")
        }
        kinds = tuple(kind.value for kind in ActKind if kind is not ActKind.OTHER)
        kind = asked["kind"] if asked["kind"] in kinds else ""
        wanted = ActFilter(asked["who"].replace("\x00", ""), kind, number(asked["issue"]))
        before = number(request.query_params.get("before", ""))
        found = auditing.audit(self._gate.context, visitor.actor, wanted, before=before)
        zone, catalog = self._shell.app.publication.timezone, self._shell.catalog(visitor)
        view = AuditView(
            acts=tuple(_row(numbered, zone, catalog) for numbered in found),
            who=wanted.who,
            kind=kind,
            issue=asked["issue"],
            kinds=kinds,
            older=_older(asked, found),
        )
        text = catalog.text
        heading = Heading("Audit", text("desk.nav.audit"), text("desk.audit.lead"))
        return self._shell.page("audit/page", heading, view, visitor)


def _row(numbered: NumberedAct, zone: tzinfo, catalog: Catalog) -> AuditRow:
    return AuditRow(act_row(numbered.act, zone, catalog), numbered.act.issue_id)


def _older(asked: dict[str, str], found: list[NumberedAct]) -> str:
    if len(found) < PAGE:
        return ""
    return f"/audit?{urlencode({**asked, 'before': found[-1].number})}"


def audit_routes(pages: AuditPages) -> APIRouter:
    """Return the route of the audit."""
    router = APIRouter()
    router.add_api_route("/audit", pages.show, methods=["GET", "HEAD"], response_model=None)
    return router
