"""A member's own page: where they are signed in, and in which language they see the desk."""

from dataclasses import dataclass

from babel import Locale
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.errors import NotAllowed
from newsletter.model.staff import DeskSession
from newsletter.store.desk.passkeys import Passkey
from newsletter.usecases import passkeys, signing_in, staff
from newsletter.web.desk import sentences
from newsletter.web.desk.forms import DeskForm
from newsletter.web.desk.gate import Editor, Gate
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.visitor import Visitor
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser in which the member is signed in."""

    browser: str
    since: str
    seen: str


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A language in which the desk can be shown."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey of the member."""

    number: int
    name: str
    added: str
    used: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """The sessions and passkeys of a member, and the languages of the desk."""

    sessions: tuple[SessionRow, ...]
    passkeys: tuple[PasskeyRow, ...]
    languages: tuple[LanguageChoice, ...]


class AccountPages:
    """The member's own page."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate

    def show(self, visitor: Editor) -> Response:
        """Show sessions and language."""
        catalog = self._shell.catalog(visitor)
        languages = self._shell.app.templates.catalogs.languages
        found = (
            signing_in.sessions_of(self._gate.context, visitor.actor) if visitor.is_member else []
        )
        view = AccountView(
            sessions=tuple(map(self._row, found)),
            passkeys=tuple(map(self._passkey, self._passkeys(visitor))),
            languages=tuple(
                LanguageChoice(tag, _name(tag), tag == catalog.language) for tag in languages
            ),
        )
        heading = Heading("", catalog.text("desk.account.title"), visitor.actor.name)
        return self._shell.page("account/page", heading, view, visitor)

    def sign_out(self, visitor: Editor) -> Response:
        """End this session."""
        signing_in.sign_out(self._gate.context, visitor.actor, visitor.secret)
        return self._out()

    def sign_out_everywhere(self, visitor: Editor) -> Response:
        """End every session of the member."""
        signing_in.sign_out(self._gate.context, visitor.actor, visitor.secret, everywhere=True)
        return self._out()

    def choose_language(self, visitor: Editor, form: DeskForm) -> Response:
        """Show the desk in another language from now on."""
        if not visitor.is_member:
            msg = Phrase("only members of staff choose a language")
            raise NotAllowed(msg)
        staff.choose_language(self._gate.context, visitor.actor, form.first("language"))
        return RedirectResponse("/account", status_code=303)

    def _out(self) -> Response:
        answer = RedirectResponse("/sign-in", status_code=303)
        answer.delete_cookie(
            self._gate.cookie, httponly=True, samesite="lax", secure=self._gate.secure
        )
        return answer

    def _passkeys(self, visitor: Visitor) -> list[Passkey]:
        if not visitor.is_member:
            return []
        return passkeys.of_member(self._gate.context, visitor.actor)

    def _passkey(self, passkey: Passkey) -> PasskeyRow:
        zone, used = self._shell.app.publication.timezone, passkey.used_at
        return PasskeyRow(
            passkey.id,
            passkey.name,
            sentences.stamp(passkey.added_at, zone),
            sentences.stamp(used, zone) if used else "–",
        )

    def _row(self, session: DeskSession) -> SessionRow:
        zone = self._shell.app.publication.timezone
        return SessionRow(
            session.browser or "–",
            sentences.stamp(session.signed_in_at, zone),
            sentences.stamp(session.seen_at, zone),
        )


def _name(tag: str) -> str:
    return Locale.parse(tag, sep="-").get_display_name(tag) or tag


def account_routes(pages: AccountPages) -> APIRouter:
    """Return the routes of the member's own page."""
    router = APIRouter()
    router.add_api_route("/account", pages.show, methods=["GET", "HEAD"], response_model=None)
    for path, act in (
        ("/account/sign-out", pages.sign_out),
        ("/account/sign-out-everywhere", pages.sign_out_everywhere),
        ("/account/language", pages.choose_language),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router
