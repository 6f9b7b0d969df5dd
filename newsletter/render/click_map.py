"""Write the numbers of clicks beside the links of a frozen email; pure.

The result is shown in a frame in which nothing runs and no link leads to a reader's own pages.
"""

import re
from collections.abc import Mapping
from html import escape, unescape

_TAG = re.compile(r"<a\b[^<>]*>|</a\s*>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_BADGE = (
    "display:inline-block;margin:0 4px;padding:1px 6px;border:1px solid #1b1d21;background:#fffdf9;"
    "color:#1b1d21;font:700 12px/1.4 sans-serif;text-decoration:none;white-space:nowrap"
)
"""An email's colors are not known here: the badge brings its own, with a contrast above 15."""


def drawn(html: str, badges: Mapping[str, str]) -> str:
    """Return an email with the text of `badges` (by address) after each link to that address."""
    open_link: list[str] = []

    def after(found: re.Match[str]) -> str:
        if not found[0].startswith("</"):
            open_link[:] = [_address(found[0])]
            return found[0]
        address = open_link.pop() if open_link else ""
        text = badges.get(address)
        return f'{found[0]}<span style="{_BADGE}">{escape(text)}</span>' if text else found[0]

    return _TAG.sub(after, html)


def _address(tag: str) -> str:
    found = _HREF.search(tag)
    return unescape(found[1] if found[1] is not None else found[2]) if found else ""
