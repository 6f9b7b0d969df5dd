"""Find the links of an email that are counted, and change them, in its frozen HTML.

Links with a placeholder belong to one reader (unsubscribe, preferences, why, view in the browser):
they are never counted and never changed.
"""

import html
import re
from collections.abc import Callable, Iterable

from newsletter.model.text import web_address

_LINK = re.compile(
    r'(?P<before><a\b(?:[^<>"]|"[^"<]*")*?\s)href="(?P<href>[^"<]*)"', re.IGNORECASE | re.DOTALL
)
"""In frozen HTML, "<" is escaped in every attribute."""
_END = "</body>"


def counted_urls(page: str, nonce: str) -> list[str]:
    """Return each address that is counted, once, in the order of first appearance."""
    found = (_counted(link["href"], nonce) for link in _LINK.finditer(page))
    return list(dict.fromkeys(filter(None, found)))


def with_links(page: str, nonce: str, link_of: Callable[[str], str]) -> str:
    """Replace each counted address; `link_of` returns the new one, "" to leave it."""

    def replaced(link: re.Match[str]) -> str:
        url = _counted(link["href"], nonce)
        new = link_of(url) if url else ""
        return f'{link["before"]}href="{html.escape(new)}"' if new else link[0]

    return _LINK.sub(replaced, page)


def with_own_links_marked(page: str, nonce: str, attribute: str) -> str:
    """Add an attribute to each link that belongs to one reader."""

    def marked(link: re.Match[str]) -> str:
        own = _is_own(link["href"], nonce)
        return f'{link["before"]}{attribute} href="{link["href"]}"' if own else link[0]

    return _LINK.sub(marked, page)


def with_end(page: str, elements: Iterable[str]) -> str:
    """Add elements at the end of the body."""
    before, end, after = page.rpartition(_END)
    added = "".join(elements)
    return f"{before}{added}{end}{after}" if end else page + added


def canary(href: str) -> str:
    """Return a link that no person sees, hears or reaches by keyboard."""
    hidden = 'tabindex="-1" aria-hidden="true" style="display:none;mso-hide:all"'
    return f'<a href="{html.escape(href)}" {hidden}></a>'


def pixel(src: str) -> str:
    """Return an invisible image."""
    size = 'width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0"'
    return f'<img src="{html.escape(src)}" {size}>'


def _counted(href: str, nonce: str) -> str:
    """Return the address of a link if it is counted, else ""."""
    return "" if _is_own(href, nonce) else web_address(html.unescape(href))


def _is_own(href: str, nonce: str) -> bool:
    return f"-nl{nonce}-" in href
