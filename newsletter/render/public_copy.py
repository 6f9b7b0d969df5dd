"""Turn an edition into a page for anyone: nothing of one recipient is left in it; pure.

An email names its recipient in placeholders: in links (unsubscribe, preferences, this copy) and in
the salutation. The links go with the lines that hold nothing else, and the salutation is empty.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.model.edition import Edition
from newsletter.model.personalization import NAMES, fill, substitutions

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_NOTHING = dict.fromkeys(NAMES, "")
_HIDDEN = re.compile(r"display:\s*none")
_SEPARATORS = " \t\r\n\u00a0·"


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What our page puts around an issue: rendered HTML. `notes` belong to the issue itself."""

    head: str
    above: str
    notes: str
    below: str


def emptied(text: str, nonce: str) -> str:
    """Return a line of an edition without its placeholders."""
    return fill(text, substitutions(nonce, _NOTHING))


def public_copy(edition: Edition, frame: PageFrame, left_out: Collection[str]) -> str:
    """Return the page of an edition, with `frame` around it and without the lines in `left_out`."""
    from lxml import html  # noqa: PLC0415 - large, and not needed to serve the other pages

    page = html.document_fromstring(edition.html)
    _remove_personal_links(page, f"-nl{edition.nonce}-")
    _remove_preheader(page)
    for paragraph in list(page.iter("p")):
        if paragraph.text_content().strip() in left_out:
            paragraph.drop_tree()
    doctype = page.getroottree().docinfo.doctype
    text = html.tostring(page, doctype=doctype, encoding="unicode")
    return _framed(emptied(text, edition.nonce), frame)


def _remove_personal_links(page: "HtmlElement", mark: str) -> None:
    """Remove what links to, or loads, something of one recipient."""
    personal = [
        element
        for element in page.iter()
        if isinstance(element.tag, str)
        and any(mark in element.get(name, "") for name in ("href", "src"))
    ]
    for element in personal:
        line = element.getparent()
        element.drop_tree()
        if line is not None and line.tag == "p" and _is_empty(line):
            line.drop_tree()


def _is_empty(line: "HtmlElement") -> bool:
    return len(line) == 0 and not line.text_content().strip(_SEPARATORS)


def _remove_preheader(page: "HtmlElement") -> None:
    """Remove the hidden first line, which is for inboxes."""
    for element in page.iterfind("body/*"):
        if isinstance(element.tag, str) and _HIDDEN.search(element.get("style", "")):
            element.drop_tree()


def _framed(page: str, frame: PageFrame) -> str:
    head, _, rest = page.partition("</head>")
    opening, _, content = rest.partition("<body")
    body, _, content = content.partition(">")
    content, _, end = content.rpartition("</body>")
    return (
        f"{head}{frame.head}</head>{opening}<body{body}>{frame.above}"
        f"<main>{frame.notes}{content}</main>{frame.below}</body>{end}"
    )
