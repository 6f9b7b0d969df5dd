"""The headers of every answer: a complete content security policy, and no caching."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_IMAGES = "'self' data: https: http:"
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "Cache-Control": "no-store",
}


_DIRECTIVES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""`default-src` doesn't cover the last three, so that every policy has to name them."""


def policy(**changes: str) -> str:
    """Return a complete content security policy; `form_action` changes the directive form-action."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in (_DIRECTIVES | named).items())


PUBLIC = policy()
DESK = policy(img_src=OPEN_IMAGES, frame_src="'self'", frame_ancestors="'self'")
LIVE = f"{DESK}; script-src 'self'; connect-src 'self'"
"""A page of the desk that changes while staff look at it, by our own script."""
EMBEDDED = policy(frame_ancestors="*")
"""The form that other sites may show in a frame."""
READING = policy(style_src="'unsafe-inline'", img_src=OPEN_IMAGES, form_action="'none'")
"""An issue in the browser: emails carry their styles in attributes."""


class StrictHeaders:
    """Give every answer the strict headers. A header that a page sets itself is kept."""

    def __init__(self, app: ASGIApp, site_policy: str, *, secure: bool) -> None:
        """Wrap a site."""
        self._app = app
        self._policy = site_policy
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_strict(MutableHeaders(scope=message), self._policy, secure=self._secure)
            await send(message)

        await self._app(scope, receive, strict)


def add_strict(headers: MutableHeaders, site_policy: str, *, secure: bool) -> None:
    """Add the strict headers that an answer does not have."""
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    own = headers.setdefault("Content-Security-Policy", site_policy)
    if "frame-ancestors 'none'" in own:  # for browsers that don't know frame-ancestors
        headers.setdefault("X-Frame-Options", "DENY")
    elif "frame-ancestors 'self'" in own:
        headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    if secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
