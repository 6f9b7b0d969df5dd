"""Open the desk with a one-time link, as long as no staff sign in.

Being on the machine is not enough: other users of it, and web pages that staff have open, can
reach a loopback port. `serve` prints a link; the first browser that uses it gets a session cookie.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from starlette.responses import RedirectResponse, Response

from newsletter.model.actor import Actor

OPEN = "/open/"
LASTS = timedelta(hours=12)
SESSIONS = 20
"""Browsers that are open at once; the oldest session ends first."""


class DeskAccess:
    """The one-time link, and the sessions that it opened; both end when `serve` does."""

    def __init__(
        self,
        address: str,
        actor: Actor,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """Create the first link to the desk at `host:port`; `actor` is who uses it."""
        self.actor = actor
        self.cookie = f"newsletter-desk-{address.rpartition(':')[2]}"
        self._address = address
        self._new_id = new_id
        self._now = now
        self._code = new_id()
        self._sessions: dict[bytes, datetime] = {}

    @property
    def link(self) -> str:
        """The link that opens the desk once."""
        return f"http://{self._address}{OPEN}{self._code}"

    def offers(self, code: str) -> bool:
        """Return whether a link still works. Looking at its page doesn't use it up."""
        return compare_digest(code.encode(), self._code.encode())

    def open(self, code: str) -> str | None:
        """Use a link up: return a new session, or None if the link doesn't work any more."""
        if not self.offers(code):
            return None
        self._code = self._new_id()
        session = self._new_id()
        while len(self._sessions) >= SESSIONS:
            del self._sessions[min(self._sessions, key=lambda known: self._sessions[known])]
        self._sessions[_digest(session)] = self._now() + LASTS
        return session

    def opened_at(self, session: str) -> datetime | None:
        """Return when a session was opened, or None if it doesn't exist or has expired."""
        ends = self._sessions.get(_digest(session))
        return ends - LASTS if ends is not None and self._now() < ends else None


def _digest(session: str) -> bytes:
    """Return the key of a session: a digest, so that looking it up takes no telling time."""
    return sha256(session.encode()).digest()


def enter(access: DeskAccess, code: str) -> Response | None:
    """Use a link up: return the way to the first page with a session cookie, or None."""
    session = access.open(code)
    if session is None:
        return None
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(
        access.cookie,
        session,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
    )
    return answer
