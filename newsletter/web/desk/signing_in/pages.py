"""Ask for a link, look at it, use it. GET signs no one in: scanners and browsers open links."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.model.sign_in_link import PATH
from newsletter.model.staff import LINK_LASTS, LONGEST
from newsletter.usecases import signing_in
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Gate
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.signing_in.browsers import browser_name

ASK = PATH.rstrip("/")


@dataclass(frozen=True, slots=True)
class SignInView:
    """The form, or what became of it; `step` is `ask`, `sent`, `open` or `broken`."""

    step: str
    address: str = ""


class SignInPages:
    """The pages that open the desk for a member of staff."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate

    def form(self) -> Response:
        """Show the form that asks for a link."""
        if not signing_in.staffed(self._gate.context):
            return self._gate.closed()
        return self._page(SignInView("ask"))

    def ask(self, request: Request, form: DeskForm) -> Response:
        """Note the request. The answer is the same for every address."""
        self._gate.require_same_origin(request)
        proof = signing_in.ask(self._gate.context, form.first("address"))
        answer = self._page(SignInView("sent"))
        lasts = int(LINK_LASTS.total_seconds())
        self._set_cookie(answer, self._gate.browser_cookie, proof, lasts)
        return answer

    def look(self, request: Request, token: str) -> Response:
        """Show the button that signs in, if the link works in this browser."""
        member = signing_in.offered(self._gate.context, token, self._proof(request))
        if member is None:
            return self._page(SignInView("broken"), status=403)
        return self._page(SignInView("open", member.address))

    def enter(self, request: Request, token: str) -> Response:
        """Sign in, which uses the link up and ends the session that this browser had."""
        self._gate.require_same_origin(request)
        context = self._gate.context
        name = browser_name(request.headers.get("user-agent", ""))
        secret = signing_in.enter(context, token, self._proof(request), name)
        if secret is None:
            return self._page(SignInView("broken"), status=403)
        if present := self._gate.visitor(request):
            signing_in.sign_out(context, present.actor, present.secret)
        answer = RedirectResponse("/", status_code=303)
        self._set_cookie(answer, self._gate.cookie, secret, int(LONGEST.total_seconds()))
        return answer

    def _proof(self, request: Request) -> str:
        return request.cookies.get(self._gate.browser_cookie, "")

    def _set_cookie(self, answer: Response, name: str, value: str, lasts: int) -> None:
        answer.set_cookie(
            name, value, max_age=lasts, httponly=True, samesite="lax", secure=self._gate.secure
        )

    def _page(self, view: SignInView, *, status: int = 200) -> HTMLResponse:
        text = self._shell.catalog(None).text
        titles = {
            "ask": text("desk.sign_in.title"),
            "sent": text("desk.sign_in.sent_title"),
            "open": text("desk.sign_in.open_title", address=view.address),
            "broken": text("desk.sign_in.broken_title"),
        }
        heading = Heading("", titles[view.step])
        return self._shell.page("signing_in/page", heading, view, None, status=status)


def sign_in_routes(pages: SignInPages) -> APIRouter:
    """Return the routes that are open to everyone who reaches the desk."""
    router = APIRouter()
    look = ["GET", "HEAD"]
    router.add_api_route(ASK, pages.form, methods=look, response_model=None)
    router.add_api_route(ASK, pages.ask, methods=["POST"], response_model=None)
    router.add_api_route(f"{PATH}{{token}}", pages.look, methods=look, response_model=None)
    router.add_api_route(f"{PATH}{{token}}", pages.enter, methods=["POST"], response_model=None)
    return router
