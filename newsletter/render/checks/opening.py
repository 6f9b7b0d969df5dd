"""Check what inboxes and their summaries show first: the preheader and the first words."""

from collections.abc import Iterator

from lxml import html

from newsletter.model.edition import Edition
from subscribers.phrase import Phrase

SHOWN = 200
"""How many characters of the text inboxes and assistants look at first."""

_BOILERPLATE = ("read/", "unsubscribe/", "preferences/")


def check(edition: Edition, page: html.HtmlElement) -> Iterator[tuple[str, str]]:
    """Yield the problems of an edition's opening."""
    if not edition.preheader.strip():
        yield "opening", Phrase("The email has no preheader; set one.")
    marks = [f"/{name}-nl{edition.nonce}" for name in _BOILERPLATE]
    if any(mark in edition.text[:SHOWN] for mark in marks):
        yield (
            "opening",
            Phrase("The text part begins with a link to its own pages; move it to the end."),
        )
    seen = 0
    body = page.find("body")
    for element in body.iter() if body is not None else ():
        href = str(element.get("href") or "")
        if element.tag == "a" and any(mark in href for mark in marks):
            yield (
                "opening",
                Phrase("The HTML part begins with a link to its own pages; move it to the end."),
            )
        if "display:none" not in str(element.get("style") or ""):
            seen += len((element.text or "").strip())
        seen += len((element.tail or "").strip())
        if seen >= SHOWN:
            return
