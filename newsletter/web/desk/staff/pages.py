"""Who may sign in: add members, change their roles, remove them."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.actor import Role
from newsletter.usecases import staff
from newsletter.web.desk import sentences
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Admin, Gate, RecentAdmin
from newsletter.web.desk.shell import ROLES, Heading, Shell
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of staff; `is_self` is the one who looks."""

    address: str
    role: str
    since: str
    is_self: bool


@dataclass(frozen=True, slots=True)
class StaffView:
    """The members, and the roles that can be given (word and name)."""

    members: tuple[MemberRow, ...]
    roles: tuple[tuple[str, str], ...]


class StaffPages:
    """The list of members with its forms."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate

    def show(self, visitor: Admin) -> Response:
        """List the members."""
        catalog = self._shell.catalog(visitor)
        zone = self._shell.app.publication.timezone
        view = StaffView(
            members=tuple(
                MemberRow(
                    member.address,
                    catalog.text(ROLES[member.role]),
                    sentences.stamp(member.added_at, zone),
                    is_self=visitor.is_member and member.address == visitor.actor.name,
                )
                for member in staff.members(self._gate.context, visitor.actor)
            ),
            roles=tuple((role.name.lower(), catalog.text(key)) for role, key in ROLES.items()),
        )
        heading = Heading("Staff", catalog.text("desk.nav.staff"), catalog.text("desk.staff.lead"))
        return self._shell.page("staff/page", heading, view, visitor)

    def add(self, visitor: RecentAdmin, form: DeskForm) -> Response:
        """Add a member, or give one another role."""
        names = {role.name.lower(): role for role in Role}
        role = names.get(form.first("role"))
        if role is None:
            msg = Phrase("choose a role for the new member")
            raise NotAllowed(msg)
        staff.add(self._gate.context, visitor.actor, form.first("address"), role)
        return RedirectResponse("/staff", status_code=303)

    def remove(self, visitor: RecentAdmin, form: DeskForm) -> Response:
        """Remove a member."""
        address = form.first("address")
        if visitor.is_member and address == visitor.actor.name:
            msg = Phrase("ask another admin to remove you")
            raise NotAllowed(msg)
        staff.remove(self._gate.context, visitor.actor, address)
        return RedirectResponse("/staff", status_code=303)


def staff_routes(pages: StaffPages) -> APIRouter:
    """Return the routes of the members."""
    router = APIRouter()
    router.add_api_route("/staff", pages.show, methods=["GET", "HEAD"], response_model=None)
    router.add_api_route("/staff", pages.add, methods=["POST"], response_model=None)
    router.add_api_route("/staff/remove", pages.remove, methods=["POST"], response_model=None)
    return router
