"""Approve an issue, watch it go out, and decide about it: each a form that calls one use case."""

from dataclasses import replace
from typing import cast, get_args

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.subjects import Arm
from newsletter.send.context import SendingContext
from newsletter.send.decisions import Decision
from newsletter.usecases import estimating, sending
from newsletter.web.desk import issue_views
from newsletter.web.desk.approving.findings import CheckResult, check_result
from newsletter.web.desk.approving.progress import progress
from newsletter.web.desk.approving.stream import EventStreams
from newsletter.web.desk.approving.views import ApproveView, approve_view
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Approver, Editor, Gate, RecentApprover
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from newsletter.web.headers import LIVE
from subscribers.phrase import Phrase

TAB = "Approve"


class ApprovePages:
    """The page "Approve" of an issue, and its forms."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context
        self._streams = EventStreams(shell.app.stop.is_set)

    def show(self, visitor: Editor, issue_id: int) -> Response:
        """Show what will happen, and what may be done."""
        return self._page(visitor, issue_id)

    def progress(self, visitor: Editor, issue_id: int) -> Response:
        """Show how far the issue is, again and again."""
        self._fragment(visitor, issue_id)  # raises NotFound before the stream begins
        return self._streams.answer(lambda: self._fragment(visitor, issue_id))

    def _fragment(self, visitor: Visitor, issue_id: int) -> tuple[str, bool]:
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            found = progress(connection, self._sending(), catalog, issue_id)
        html = self._shell.fragment("approving/progress", visitor, progress=found)
        return html, found.moves

    def render(self, visitor: Editor, issue_id: int) -> Response:
        """Render the issue, so that it can be looked at and approved."""
        from newsletter.usecases import reviewing  # noqa: PLC0415 - loads all of rendering

        reviewing.render(self._context, visitor.actor, issue_id)
        return _back(issue_id)

    def check(self, visitor: Editor, issue_id: int) -> Response:
        """Run the checks and count who is left out."""
        from newsletter.usecases import reviewing  # noqa: PLC0415 - as above

        checked = reviewing.check(self._context, visitor.actor, issue_id)
        estimate = estimating.audience(self._context, visitor.actor, issue_id)
        catalog = self._shell.catalog(visitor)
        result = check_result(issue_id, checked.findings, catalog, estimate.excluded)
        return self._page(visitor, issue_id, checked=result)

    def waive(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Accept exactly what a check found, with a reason, and show what is left."""
        from newsletter.usecases import waiving  # noqa: PLC0415 - as above

        done = waiving.waive_warning(
            self._context, visitor.actor, issue_id, form.first("mark"), reason=form.first("reason")
        )
        result = check_result(issue_id, done.findings, self._shell.catalog(visitor))
        return self._page(visitor, issue_id, checked=result)

    def approve(self, visitor: RecentApprover, issue_id: int, form: DeskForm) -> Response:
        """Approve exactly the content that the form was shown for."""
        from newsletter.usecases import reviewing  # noqa: PLC0415 - as above

        text = self._shell.catalog(visitor).text
        view = self._view(visitor, issue_id)
        typed = form.first("recipients").replace(",", "").replace(" ", "")
        if view.outlook.typed and typed != str(view.outlook.recipients):
            problem = text("desk.approve.wrong_number")
            return self._page(visitor, issue_id, problem=problem, status=409)
        shown = form.first("hash")
        result = reviewing.approve(self._context, visitor.actor, issue_id, expected_hash=shown)
        match result:
            case reviewing.ContentChanged():
                problem = text("desk.approve.changed")
                return self._page(visitor, issue_id, problem=problem, status=409)
            case reviewing.NotApproved(findings=findings):
                found = check_result(issue_id, findings, self._shell.catalog(visitor))
                problem = text("desk.approve.blocked")
                return self._page(visitor, issue_id, checked=found, problem=problem, status=409)
            case _:
                return _back(issue_id)

    def request_changes(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Return the issue to its editors, which voids its approval."""
        from newsletter.usecases import reviewing  # noqa: PLC0415 - as above

        comment = form.first("comment")
        reviewing.request_changes(self._context, visitor.actor, issue_id, comment=comment)
        return _back(issue_id)

    def pause(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Stop the issue."""
        reason = form.first("reason")
        sending.pause(self._context, visitor.actor, issue_id, reason=reason)
        return _back(issue_id)

    def resume(self, visitor: Approver, issue_id: int) -> Response:
        """Let the issue continue; the next pass sends it."""
        sending.resume(self._context, visitor.actor, issue_id)
        return _back(issue_id)

    def cancel(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Cancel what has not been submitted, after a person has ticked that they mean it."""
        if form.first("sure") != "yes":
            msg = Phrase("tick the box to cancel: it cannot be taken back")
            raise NotAllowed(msg)
        sending.cancel(self._context, visitor.actor, issue_id, reason=form.first("reason"))
        return _back(issue_id)

    def move(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Give the rest to another provider."""
        sending.move(self._context, visitor.actor, issue_id, form.first("provider"))
        return _back(issue_id)

    def choose_subject(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Give the rest one of two subjects."""
        winner = form.first("winner")
        if winner not in {Arm.A, Arm.B}:
            msg = Phrase("choose one of the two subjects")
            raise NotAllowed(msg)
        sending.choose_subject(self._context, visitor.actor, issue_id, Arm(winner))
        return _back(issue_id)

    def resolve(self, visitor: Approver, issue_id: int, form: DeskForm) -> Response:
        """Decide about a batch whose outcome is in doubt."""
        decision = form.first("decision")
        if decision not in get_args(Decision):
            msg = Phrase("choose what became of the batch")
            raise NotAllowed(msg)
        batch = form.first("batch")
        sending.resolve(self._context, visitor.actor, issue_id, batch, cast("Decision", decision))
        return _back(issue_id)

    def _view(self, visitor: Visitor, issue_id: int) -> ApproveView:
        catalog = self._shell.catalog(visitor)
        above = self._app.settings.confirm_above
        with self._app.reader.connect() as connection:
            return approve_view(connection, self._sending(), catalog, issue_id, above)

    def _sending(self) -> SendingContext:
        return SendingContext(self._app.publication, self._app.senders, self._app.now())

    def _page(
        self,
        visitor: Visitor,
        issue_id: int,
        *,
        checked: CheckResult | None = None,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        view = replace(self._view(visitor, issue_id), checked=checked, problem=problem)
        catalog = self._shell.catalog(visitor)
        with self._app.reader.connect() as connection:
            head = issue_views.head(connection, self._sending(), issue_id, catalog)
        heading = Heading("Issues", head.title, "", TAB, head.tabs)
        answer = self._shell.page("approving/page", heading, view, visitor, status=status)
        if view.progress.moves:
            answer.headers["Content-Security-Policy"] = LIVE
        return answer


def _back(issue_id: int) -> Response:
    return RedirectResponse(f"/issues/{issue_id}/approve", status_code=303)


def approve_routes(pages: ApprovePages) -> APIRouter:
    """Return the routes of the page "Approve" and its forms."""
    router = APIRouter()
    path = "/issues/{issue_id}"
    router.add_api_route(
        f"{path}/approve", pages.show, methods=["GET", "HEAD"], response_model=None
    )
    router.add_api_route(f"{path}/progress", pages.progress, methods=["GET"], response_model=None)
    for name, act in (
        ("approve", pages.approve),
        ("render", pages.render),
        ("check", pages.check),
        ("waive", pages.waive),
        ("request-changes", pages.request_changes),
        ("pause", pages.pause),
        ("resume", pages.resume),
        ("cancel", pages.cancel),
        ("move", pages.move),
        ("choose-subject", pages.choose_subject),
        ("resolve", pages.resolve),
    ):
        router.add_api_route(f"{path}/{name}", act, methods=["POST"], response_model=None)
    return router
