"""Sign in with a passkey; make, list and remove those of a member.

A browser knows a passkey by the host of the desk. It accepts names only: on this machine that is
localhost, not 127.0.0.1.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.staff import LONGEST
from newsletter.usecases import passkeys, signing_in
from newsletter.usecases.passkeys import PasskeyChallenge, PasskeySite
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Editor, Gate, RecentEditor
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.signing_in.browsers import browser_name
from newsletter.web.desk.visitor import Visitor
from newsletter.web.headers import DESK
from newsletter.web.public.forms import Form
from subscribers.phrase import Phrase

ENTER = "/sign-in-with-passkey"
SCRIPT = "/passkey.js"
_POLICY = f"{DESK}; script-src 'self'"
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """The button that asks the browser; `step` is `make`, `enter`, `elsewhere` or `refused`."""

    step: str
    action: str = ""
    request_id: int = 0
    options: str = ""
    name: str = ""
    host: str = ""


class PasskeyPages:
    """The pages of passkeys."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate

    def offer(self, request: Request) -> Response:
        """Ask the browser for a passkey. Posting it, not looking, makes a challenge."""
        self._gate.require_same_origin(request)
        site = self._site(request)
        if site is None or not signing_in.staffed(self._gate.context):
            return self._elsewhere(request, None)
        challenge = passkeys.offer(self._gate.context, site)
        return self._page(_view("enter", f"{ENTER}/answer", challenge), None)

    def enter(self, request: Request, form: DeskForm) -> Response:
        """Sign in with the answer of the browser, and end the session that it had."""
        self._gate.require_same_origin(request)
        site, context = self._site(request), self._gate.context
        name = browser_name(request.headers.get("user-agent", ""))
        secret = None
        if site is not None:
            secret = passkeys.enter(context, site, _number(form), form.first("answer"), name)
        if secret is None:
            return self._page(PasskeyView("refused"), None, status=403)
        if present := self._gate.visitor(request):
            signing_in.sign_out(context, present.actor, present.secret)
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            self._gate.cookie,
            secret,
            max_age=int(LONGEST.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._gate.secure,
        )
        return answer

    def invite(self, request: Request, visitor: RecentEditor) -> Response:
        """Ask the browser of a member to make a passkey."""
        site = self._site(request)
        if site is None:
            return self._elsewhere(request, visitor)
        challenge = passkeys.invite(self._gate.context, visitor.actor, site)
        name = browser_name(request.headers.get("user-agent", ""))
        return self._page(_view("make", "/account/passkeys", challenge, name), visitor)

    def register(self, request: Request, visitor: RecentEditor, form: DeskForm) -> Response:
        """Store the passkey that the browser made."""
        site = self._site(request)
        if site is None:
            return self._elsewhere(request, visitor)
        answer, name = form.first("answer"), form.first("name")
        actor, context = visitor.actor, self._gate.context
        passkeys.register(context, actor, site, _number(form), answer, name)
        return RedirectResponse("/account", status_code=303)

    def remove(self, visitor: Editor, form: DeskForm) -> Response:
        """Remove a passkey of the member."""
        passkeys.remove(self._gate.context, visitor.actor, _number(form))
        return RedirectResponse("/account", status_code=303)

    def _site(self, request: Request) -> PasskeySite | None:
        """Return the address under which this browser can have a passkey, or None."""
        name = self._shell.app.publication.name
        url, host = self._shell.app.settings.desk_url, request.url.hostname
        if url and host == urlsplit(url).hostname:
            return PasskeySite(url.rstrip("/"), name)
        if host == "localhost":
            return PasskeySite(f"http://{request.headers['host']}", name)
        return None

    def _elsewhere(self, request: Request, visitor: Visitor | None) -> Response:
        url, port = self._shell.app.settings.desk_url, request.url.port
        local = f"http://localhost:{port}" if port else "http://localhost"
        return self._page(PasskeyView("elsewhere", host=url or local), visitor, status=409)

    def _page(self, view: PasskeyView, visitor: Visitor | None, *, status: int = 200) -> Response:
        text = self._shell.catalog(visitor).text
        titles = {
            "make": text("desk.passkeys.make_title"),
            "enter": text("desk.passkeys.enter"),
            "elsewhere": text("desk.passkeys.elsewhere_title"),
            "refused": text("desk.passkeys.refused_title"),
        }
        heading = Heading("", titles[view.step])
        answer = self._shell.page("account/passkey", heading, view, visitor, status=status)
        answer.headers["Content-Security-Policy"] = _POLICY
        return answer


def _view(step: str, action: str, challenge: PasskeyChallenge, name: str = "") -> PasskeyView:
    return PasskeyView(step, action, challenge.request_id, challenge.options, name)


def _number(form: Form) -> int:
    text = form.first("number")
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        msg = Phrase("this form is not complete; go back and try again")
        raise NotAllowed(msg)
    return int(text)


def passkey_routes(pages: PasskeyPages) -> APIRouter:
    """Return the routes of passkeys; those below `ENTER` are open to everyone."""
    router = APIRouter()
    for path, act in (
        (ENTER, pages.offer),
        (f"{ENTER}/answer", pages.enter),
        ("/account/passkeys/new", pages.invite),
        ("/account/passkeys", pages.register),
        ("/account/passkeys/remove", pages.remove),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router
