"""Show an email in a frame: its own bytes, unable to run anything."""

import re

from fastapi.responses import HTMLResponse

from newsletter.web.headers import OPEN_IMAGES, policy

_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"(<head[^>]*>)", re.IGNORECASE)

INVERTED = (
    "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}"
    "img{filter:invert(1) hue-rotate(180deg)}</style>"
)
"""As Gmail on phones and Outlook turn a light email dark: every color inverted, images as they are."""


def frame(
    html: str, *, light: str = "light", images: str = "on", styles: str = "on"
) -> HTMLResponse:
    """Return an email's HTML for a sandboxed frame.

    `light` (light, dark or inverted) overrides the viewer's own color scheme: inverted is what
    clients do that darken emails by force. Images and styles can be off. Links open in a new window.
    Scripts, forms and requests other than images are refused.
    """
    shown = _DARK.sub("(min-width:0)" if light == "dark" else "(max-width:0)", html)
    more = INVERTED if light == "inverted" else ""
    shown = _HEAD.sub(rf'\1<base target="_blank">{more}', shown, count=1)
    own = policy(
        style_src="'unsafe-inline'" if styles == "on" else "'none'",
        img_src=OPEN_IMAGES if images == "on" else "'none'",
        form_action="'none'",
        frame_ancestors="'self'",
        sandbox="allow-popups allow-popups-to-escape-sandbox",
    )
    return HTMLResponse(shown, headers={"Content-Security-Policy": own})
