"""Search subscribers, look at one of them, and do what they ask for."""

import json
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.row_number import LARGEST_ID
from newsletter.usecases import people, person
from newsletter.usecases.person import PersonRecord
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Admin, Gate, RecentAdmin
from newsletter.web.desk.people.views import (
    TABS,
    SearchView,
    found_row,
    person_view,
    stray_address,
)
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from newsletter.web.public.forms import Form, clean
from subscribers.errors import SegmentError
from subscribers.phrase import Phrase
from subscribers.searching import FoundPeople

DONE = {
    "tagged": "desk.people.done.tagged",
    "paused": "desk.people.done.paused",
    "zone-set": "desk.people.done.zone_set",
    "unchanged": "desk.people.done.unchanged",
    "unsubscribed": "desk.people.done.unsubscribed",
    "suppressed": "desk.people.done.suppressed",
    "lifted": "desk.people.done.lifted",
    "emailed": "desk.people.done.emailed",
    "not-emailed": "desk.people.done.not_emailed",
    "erased": "desk.people.done.erased",
}
"""What `?done=` confirms after a redirect."""

SubscriberId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""A number that the database can have."""


class PeoplePages:
    """The search, and the page of one subscriber."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate
        self._context = gate.context

    def search(self, request: Request, visitor: Admin) -> Response:
        """Search by address, name, tag and segment; nothing is listed before something is asked."""
        asked = {name: clean(request.query_params.get(name, "")) for name in ("text", "segment")}
        after = request.query_params.get("after", "")
        catalog = self._shell.catalog(visitor)
        publication = self._shell.app.publication
        found, stray, problem = FoundPeople(()), None, ""
        try:
            if any(asked.values()):
                result = person.search(self._context, visitor.actor, **asked, after=after)
                found, stray = result.found, stray_address(result, publication.timezone)
        except SegmentError as error:
            problem = error.args[0]
        view = SearchView(
            **asked,
            problem=problem,
            notice=self._notice(request, visitor),
            people=tuple(found_row(each, publication, catalog) for each in found.people),
            more=f"/people?{urlencode({**asked, 'after': found.after})}" if found.after else "",
            stray=stray,
        )
        text = catalog.text
        heading = Heading(
            "People", text("desk.nav.people"), text("desk.people.lead"), TABS[0][0], TABS
        )
        return self._shell.page("people/search", heading, view, visitor)

    def show(self, request: Request, visitor: Admin, subscriber_id: SubscriberId) -> Response:
        """Show everything about one subscriber."""
        asked = clean(request.query_params.get("segment", ""))
        record, problem = self._record(visitor, subscriber_id, asked)
        catalog = self._shell.catalog(visitor)
        publication = self._shell.app.publication
        said = (asked, problem, self._notice(request, visitor))
        view = person_view(record, publication, catalog, said)
        heading = Heading("People", record.person.address, "", "", TABS)
        return self._shell.page("people/person", heading, view, visitor)

    def _record(self, visitor: Visitor, subscriber_id: int, asked: str) -> tuple[PersonRecord, str]:
        try:
            return person.record(self._context, visitor.actor, subscriber_id, asked), ""
        except SegmentError as error:
            return person.record(self._context, visitor.actor, subscriber_id), error.args[0]

    def tag(self, visitor: Admin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Add a tag, and remove those that are ticked."""

        def act(address: str) -> str:
            add = [name for name in (form.first("add"),) if name]
            remove = sorted(form.all("remove"))
            people.tag(self._context, visitor.actor, address, add=add, remove=remove)
            return "tagged"

        return self._done(visitor, subscriber_id, act)

    def pause(self, visitor: Admin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Pause a subscription or all, or end a pause."""

        def act(address: str) -> str:
            weeks, newsletter = _weeks(form), form.first("newsletter")
            changed = person.pause(
                self._context, visitor.actor, address, newsletter=newsletter, weeks=weeks
            )
            return "paused" if changed else "unchanged"

        return self._done(visitor, subscriber_id, act)

    def set_timezone(self, visitor: Admin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Set the time zone of a person."""

        def act(address: str) -> str:
            zone = form.first("timezone")
            person.set_timezone(self._context, visitor.actor, address, zone)
            return "zone-set"

        return self._done(visitor, subscriber_id, act)

    def unsubscribe(self, visitor: Admin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Unsubscribe a person from a newsletter or from all."""

        def act(address: str) -> str:
            outcome = person.unsubscribe(
                self._context,
                visitor.actor,
                address,
                newsletter=form.first("newsletter"),
                reason=form.first("reason"),
            )
            return "unsubscribed" if outcome == "unsubscribed" else "unchanged"

        return self._done(visitor, subscriber_id, act)

    def suppress(self, visitor: Admin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Never email this address again."""

        def act(address: str) -> str:
            people.suppress(self._context, visitor.actor, address, reason=form.first("reason"))
            return "suppressed"

        return self._done(visitor, subscriber_id, act)

    def lift(self, visitor: Admin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Allow email to this address again, for a reason."""

        def act(address: str) -> str:
            people.lift(self._context, visitor.actor, address, reason=form.first("reason"))
            return "lifted"

        return self._done(visitor, subscriber_id, act)

    def lift_stray(self, visitor: Admin, form: DeskForm) -> Response:
        """Allow email to an address that no subscriber has, for a reason."""
        address = form.first("address")
        people.lift(self._context, visitor.actor, address, reason=form.first("reason"))
        return RedirectResponse("/people?done=lifted", status_code=303)

    def email_link(self, visitor: Admin, subscriber_id: SubscriberId) -> Response:
        """Email the link with which a person manages their data."""

        def act(address: str) -> str:
            outcome = person.email_link(self._context, visitor.actor, address)
            return outcome.replace(" ", "-")

        return self._done(visitor, subscriber_id, act)

    def export(self, visitor: RecentAdmin, subscriber_id: SubscriberId) -> Response:
        """Return everything stored about a person as a file."""
        address = person.address_of(self._context, visitor.actor, subscriber_id)
        copy = person.data(self._context, visitor.actor, address)
        name = f"subscriber-{subscriber_id}.json"
        return Response(
            json.dumps(copy, ensure_ascii=False, indent=2),
            media_type="application/json; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def erase(self, visitor: RecentAdmin, subscriber_id: SubscriberId, form: DeskForm) -> Response:
        """Erase a person and everything stored about them."""
        if form.first("sure") != "yes":
            msg = Phrase("nothing was deleted: tick the box to confirm")
            raise NotAllowed(msg)
        address = person.address_of(self._context, visitor.actor, subscriber_id)
        people.erase(self._context, visitor.actor, address)
        return RedirectResponse("/people?done=erased", status_code=303)

    def _done(self, visitor: Visitor, subscriber_id: int, act: Callable[[str], str]) -> Response:
        """Do an act on the address of a subscriber, and show their page with its outcome."""
        outcome = act(person.address_of(self._context, visitor.actor, subscriber_id))
        return RedirectResponse(f"/people/{subscriber_id}?done={outcome}", status_code=303)

    def _notice(self, request: Request, visitor: Visitor) -> str:
        key = DONE.get(request.query_params.get("done", ""))
        return self._shell.catalog(visitor).text(key) if key else ""


def _weeks(form: Form) -> int:
    text = form.first("weeks")
    if not (text.isascii() and text.isdigit() and len(text) <= len("52")):
        msg = Phrase("choose for how many weeks the subscription is paused")
        raise NotAllowed(msg)
    return int(text)


def people_routes(pages: PeoplePages) -> APIRouter:
    """Return the routes of the subscribers."""
    router = APIRouter()
    one = "/people/{subscriber_id:int}"
    for path, page in (("/people", pages.search), (one, pages.show)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    for path, act in (
        ("/people/lift", pages.lift_stray),
        (f"{one}/tags", pages.tag),
        (f"{one}/pause", pages.pause),
        (f"{one}/zone", pages.set_timezone),
        (f"{one}/unsubscribe", pages.unsubscribe),
        (f"{one}/suppress", pages.suppress),
        (f"{one}/lift", pages.lift),
        (f"{one}/link", pages.email_link),
        (f"{one}/data", pages.export),
        (f"{one}/erase", pages.erase),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router
