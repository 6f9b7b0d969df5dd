"""Who may do what at the desk: every route names the role that it requires.

Without staff, the desk opens only on this machine, with the link that `serve` prints. As soon as
there are staff, only their sessions open it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, BinaryIO
from urllib.parse import urlsplit

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsletter.app import App
from newsletter.model.actor import Role
from newsletter.usecases import signing_in
from newsletter.web.desk.access import DeskAccess
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.shell import ROLES, Heading, Shell
from newsletter.web.desk.visitor import Visitor
from newsletter.web.public.forms import Form

CLOSED = (
    "Open the desk with the one-time link that “newsletter serve” prints when it starts, and again"
    " when a link has been used."
)
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")
LOOK = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """A page with one sentence; `entered` is what a form contained that was not accepted."""

    explanation: str
    entered: tuple[str, ...] = ()


class TurnedAway(Exception):  # noqa: N818 - it carries an answer, and is caught at once
    """A request is answered before its page is asked."""

    def __init__(self, answer: Response) -> None:
        """Keep the answer."""
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class RouteRule:
    """The rule of a route: the least role, and whether the sign-in must be recent to post."""

    role: Role
    recent: bool = False


@dataclass(frozen=True, slots=True)
class Requires(RouteRule):
    """A rule for pages, and for forms without files."""

    def __call__(self, request: Request, form: DeskForm) -> Visitor:
        """Return the visitor who may use the route; raise TurnedAway."""
        gate: Gate = request.app.state.gate
        return gate.admit(request, form, self)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that a visitor sends; empty if they chose none."""

    visitor: Visitor
    name: str
    stream: BinaryIO | None


class RequiresWithFile(RouteRule):
    """A rule for a form with one file: who sends it is known before its body is read."""

    async def __call__(self, request: Request) -> AsyncIterator[SentFile]:
        """Yield the file and the visitor; raise TurnedAway."""
        gate: Gate = request.app.state.gate
        visitor = await run_in_threadpool(gate.admit_sender, request, self)
        try:
            form = await request.form(max_files=1, max_fields=2)
        except (HTTPException, ValueError, LookupError):
            raise TurnedAway(gate.ended()) from None
        try:
            csrf, file = form.get("csrf"), form.get("file")
            if not isinstance(csrf, str) or not visitor.wrote(csrf):
                raise TurnedAway(gate.ended())
            if isinstance(file, UploadFile):
                yield SentFile(visitor, file.filename or "", file.file)
            else:
                yield SentFile(visitor, "", None)
        finally:
            await form.close()


Editor = Annotated[Visitor, Depends(Requires(Role.EDITOR))]
Approver = Annotated[Visitor, Depends(Requires(Role.APPROVER))]
Admin = Annotated[Visitor, Depends(Requires(Role.ADMIN))]
RecentEditor = Annotated[Visitor, Depends(Requires(Role.EDITOR, recent=True))]
RecentApprover = Annotated[Visitor, Depends(Requires(Role.APPROVER, recent=True))]
RecentAdmin = Annotated[Visitor, Depends(Requires(Role.ADMIN, recent=True))]
AdminWithFile = Annotated[SentFile, Depends(RequiresWithFile(Role.ADMIN))]


class Gate:
    """Finds the session of a request, and turns requests away."""

    def __init__(self, app: App, access: DeskAccess, shell: Shell) -> None:
        """Take the opened publication and the link that `serve` prints."""
        self.access = access
        self.context = app.context
        self._app = app
        self._shell = shell
        self._url = app.settings.desk_url

    @property
    def secure(self) -> bool:
        """Whether staff reach the desk over https, at `desk_url`."""
        return bool(self._url)

    @property
    def cookie(self) -> str:
        """Return the name of the session cookie.

        `__Host-` keeps other hosts of the domain from setting it; browsers accept it over https.
        """
        return "__Host-newsletter-desk" if self.secure else self.access.cookie

    @property
    def browser_cookie(self) -> str:
        """Return the name of the cookie that binds a sign-in link to the browser that asked."""
        return "__Host-newsletter-sign-in" if self.secure else f"{self.access.cookie}-sign-in"

    def visitor(self, request: Request) -> Visitor | None:
        """Return who sends a request, or None without an open session."""
        if not signing_in.staffed(self.context):
            return self._at_this_machine(request)
        session = signing_in.session_of(self.context, request.cookies.get(self.cookie, ""))
        if session is None:
            return None
        member = session.member
        secret = request.cookies[self.cookie]
        return Visitor(member.actor, session.signed_in_at, member.language, True, secret)

    def _at_this_machine(self, request: Request) -> Visitor | None:
        secret = request.cookies.get(self.access.cookie, "")
        opened_at = self.access.opened_at(secret) if self.is_local(request) else None
        if opened_at is None:
            return None
        return Visitor(self.access.actor, opened_at, "", False, secret)

    def is_local(self, request: Request) -> bool:
        """Return whether a request comes from this machine without a proxy."""
        proxied = any(name in request.headers for name in FORWARDED)
        return not proxied and request.url.hostname != urlsplit(self._url).hostname

    def is_same_origin(self, request: Request) -> bool:
        """Return whether a form was sent from a page of the desk.

        All current browsers send Sec-Fetch-Site; older ones at least Origin.
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = self._url or f"http://{request.headers.get('host', '')}"
        return request.headers.get("origin") == origin

    def admit_sender(self, request: Request, rule: RouteRule) -> Visitor:
        """Return the visitor who sends a file; their form is checked when it has been read."""
        self.require_same_origin(request)
        visitor = self.visitor(request)
        if visitor is None:
            raise TurnedAway(self.ended())
        if not visitor.has(rule.role):
            raise TurnedAway(self._denied(visitor, rule.role))
        return visitor

    def ended(self) -> Response:
        """Answer a form of a session that has ended, or of none."""
        return self._explain("ended", None)

    def admit(self, request: Request, form: Form, rule: RouteRule) -> Visitor:
        """Return the visitor if the rule admits them; raise TurnedAway."""
        posted = request.method not in LOOK
        if posted:
            self.require_same_origin(request)
        visitor = self.visitor(request)
        if visitor is None:
            raise TurnedAway(self._signed_out(form) if posted else self._closed())
        if posted and not visitor.wrote(form.first("csrf")):
            raise TurnedAway(self._signed_out(form))
        if not visitor.has(rule.role):
            raise TurnedAway(self._denied(visitor, rule.role))
        if posted and rule.recent and not visitor.signed_in_recently(self._app.now()):
            raise TurnedAway(self._sign_in_again(visitor, form))
        return visitor

    def require_same_origin(self, request: Request) -> None:
        """Raise TurnedAway for a form that another site sent."""
        if not self.is_same_origin(request):
            raise TurnedAway(self._explain("foreign", None))

    def closed(self) -> Response:
        """Answer that only the link opens the desk."""
        heading = Heading("", "The desk is closed", language="en")
        return self._shell.page("explanation", heading, Explanation(CLOSED), None, status=403)

    def _closed(self) -> Response:
        if signing_in.staffed(self.context):
            return RedirectResponse("/sign-in", status_code=303)
        return self.closed()

    def _signed_out(self, form: Form) -> Response:
        """Answer a form whose session has ended: what was entered is shown, to copy it."""
        if not signing_in.staffed(self.context) and not form.fields:
            return self.closed()
        return self._explain("ended", None, _texts(form))

    def _denied(self, visitor: Visitor, role: Role) -> Response:
        catalog = self._shell.catalog(visitor)
        heading = Heading("", catalog.text("desk.denied.title"))
        name = catalog.text(ROLES[role])
        view = Explanation(catalog.text("desk.denied.text", role=name))
        return self._shell.page("explanation", heading, view, visitor, status=403)

    def _sign_in_again(self, visitor: Visitor, form: Form) -> Response:
        name = "again" if visitor.is_member else "again_here"
        return self._explain(name, visitor, _texts(form))

    def _explain(
        self, name: str, visitor: Visitor | None, entered: tuple[str, ...] = ()
    ) -> Response:
        catalog = self._shell.catalog(visitor)
        heading = Heading("", catalog.text(EXPLAINED[name][0]))
        view = Explanation(catalog.text(EXPLAINED[name][1]), entered)
        return self._shell.page("explanation", heading, view, visitor, status=403)


EXPLAINED = {
    "foreign": ("desk.foreign.title", "desk.foreign.text"),
    "ended": ("desk.ended.title", "desk.ended.text"),
    "again": ("desk.again.title", "desk.again.text"),
    "again_here": ("desk.again.title", "desk.again.here"),
}


def _texts(form: Form) -> tuple[str, ...]:
    """Return what a person entered, without what the page put into the form."""
    hidden = ("csrf", "hash", "batch", "before.")
    return tuple(
        value
        for name, values in form.fields.items()
        if not name.startswith(hidden)
        for value in values
        if value
    )
