"""The calendar: look at the coming slots, skip one, draft early, or pause a newsletter."""

from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.actor import MACHINE
from newsletter.model.calendar_feed import CalendarFeed
from newsletter.model.days_off import Pause
from newsletter.store.content import pauses
from newsletter.usecases import drafting, planning
from newsletter.usecases.drafting import Drafted, NotDrafted, Skipped
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Approver, Editor, Gate
from newsletter.web.desk.planning.views import SHOWN, calendar_view, pause_view
from newsletter.web.desk.shell import Heading, Shell
from subscribers.phrase import Phrase

PATH = "/calendar"
FEED = "/calendar-feed/"


class CalendarPages:
    """The calendar, and its forms."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._app = shell.app
        self._shell = shell
        self._context = gate.context
        self._feed = CalendarFeed(shell.app.settings.secret_keys)

    def feed(self, name: str) -> Response:
        """Answer the calendar programs of staff, which know the address."""
        if not self._feed.is_genuine(name):
            return Response(status_code=404)
        now = self._app.now()
        planned = planning.coming(self._context, MACHINE, now - SHOWN, now + SHOWN)
        slots = ((each.newsletter, each.slot) for each in planned)
        content = planning.calendar_file(self._app.publication.name, slots, now)
        return Response(content, media_type="text/calendar")

    def show(self, visitor: Editor) -> Response:
        """Show the coming slots of all newsletters."""
        catalog, now = self._shell.catalog(visitor), self._app.now()
        planned = planning.coming(self._context, visitor.actor, now, now + SHOWN)
        with self._app.reader.connect() as connection:
            paused = [
                (newsletter, pauses.present(connection, newsletter.key))
                for newsletter in self._app.publication.newsletters
            ]
        address = f"{self._app.settings.desk_origin}{FEED}{self._feed.name}.ics"
        publication = self._app.publication
        view = calendar_view(planned, publication, paused, catalog, now)
        view = replace(view, feed=address)
        lead = catalog.text("desk.calendar.lead")
        heading = Heading("Calendar", catalog.text("desk.nav.calendar"), lead)
        return self._shell.page("planning/calendar", heading, view, visitor)

    def skip(self, visitor: Approver, form: DeskForm) -> Response:
        """Skip a slot, with its issue."""
        key, slot = form.first("newsletter"), form.first("slot")
        planning.skip_slot(self._context, visitor.actor, key, slot, reason=form.first("reason"))
        return RedirectResponse(PATH, status_code=303)

    def restore(self, visitor: Approver, form: DeskForm) -> Response:
        """Take back that a slot was skipped."""
        key, slot = form.first("newsletter"), form.first("slot")
        planning.restore_slot(self._context, visitor.actor, key, slot)
        return RedirectResponse(PATH, status_code=303)

    def draft(self, visitor: Editor, form: DeskForm) -> Response:
        """Draft the next issue of a newsletter now."""
        done = drafting.draft_next(self._context, visitor.actor, form.first("newsletter"))
        return _drafted(done)

    def special(self, visitor: Editor, form: DeskForm) -> Response:
        """Draft a special issue, for a time or to go out once it is approved."""
        key, at = form.first("newsletter"), _moment(form.first("at"))
        return _drafted(drafting.draft_special(self._context, visitor.actor, key, at))

    def ask_pause(self, request: Request, visitor: Approver) -> Response:
        """Say what a pause would do, with the button that does it."""
        asked = request.query_params
        wanted = _pause(asked.get("first", ""), asked.get("last", ""), asked.get("reason", ""))
        key = asked.get("newsletter", "")
        effect = planning.pause_effect(self._context, visitor.actor, key, wanted)
        catalog = self._shell.catalog(visitor)
        heading = Heading("Calendar", catalog.text("desk.calendar.pause"))
        view = pause_view(effect, catalog)
        return self._shell.page("planning/pause", heading, view, visitor)

    def pause(self, visitor: Approver, form: DeskForm) -> Response:
        """Pause a newsletter."""
        wanted = _pause(form.first("first"), form.first("last"), form.first("reason"))
        planning.pause_newsletter(self._context, visitor.actor, form.first("newsletter"), wanted)
        return RedirectResponse(PATH, status_code=303)

    def resume(self, visitor: Approver, form: DeskForm) -> Response:
        """End the pauses of a newsletter."""
        planning.resume_newsletter(self._context, visitor.actor, form.first("newsletter"))
        return RedirectResponse(PATH, status_code=303)


def _drafted(done: Drafted | Skipped | NotDrafted) -> Response:
    match done:
        case Drafted(issue=issue):
            return RedirectResponse(f"/issues/{issue.id}/edit", status_code=303)
        case Skipped(issue=issue):
            msg = Phrase(
                "the issue of {nominal} is skipped: {reason}",
                nominal=issue.nominal,
                reason=issue.reason,
            )
            raise NotAllowed(msg)
        case NotDrafted(newsletter=newsletter):
            msg = Phrase(
                "there are too few new articles for an issue of {title}", title=newsletter.title
            )
            raise NotAllowed(msg)


def _moment(text: str) -> datetime | None:
    """Read what a field for a local time sends; empty is now."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        msg = Phrase("{text!r} is not a time such as 2026-11-30T08:00", text=text[:30])
        raise NotAllowed(msg) from None


def _pause(first: str, last: str, reason: str) -> Pause:
    try:
        parsed = Pause.parse(f"{first[:10]}..{last[:10] or first[:10]}")
    except ValueError as error:
        raise NotAllowed(error.args[0]) from None
    return Pause(parsed.first, parsed.last, reason)


def calendar_routes(pages: CalendarPages) -> APIRouter:
    """Return the routes of the calendar."""
    router = APIRouter()
    look = ["GET", "HEAD"]
    router.add_api_route(PATH, pages.show, methods=look, response_model=None)
    router.add_api_route(f"{FEED}{{name}}.ics", pages.feed, methods=look, response_model=None)
    router.add_api_route(f"{PATH}/pause", pages.ask_pause, methods=look, response_model=None)
    for name, act in (
        ("skip", pages.skip),
        ("restore", pages.restore),
        ("draft", pages.draft),
        ("special", pages.special),
        ("pause", pages.pause),
        ("resume", pages.resume),
    ):
        router.add_api_route(f"{PATH}/{name}", act, methods=["POST"], response_model=None)
    return router
