"""Notices: single automatic mails (confirm, welcome, goodbye, manage, address-change, alert)."""

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.errors import TemplateFailed
from newsletter.model.text import bounded, printable
from newsletter.render import plain
from newsletter.render.html import inline
from newsletter.render.issue_view import LONGEST_SUBJECT, publication_view
from newsletter.render.item_view import text_locale
from newsletter.render.templates import Templates

VALUES: Mapping[str, tuple[str, ...]] = {
    "confirm": ("title", "link"),
    "welcome": ("title", "preferences", "unsubscribe"),
    "goodbye": ("title", "back"),
    "manage": ("link", "until"),
    "address-change": ("link", "until"),
    "alert": ("what", "next_step", "link"),
}
"""What each notice prints; a link may be "" where there is none to give."""


@dataclass(frozen=True, slots=True)
class Written:
    """The three parts of a notice."""

    subject: str
    html: str
    text: str


def render(templates: Templates, kind: str, language: str, values: Mapping[str, object]) -> Written:
    """Return a notice in `language`, else in the publication's; raise TemplateFailed.

    `values` holds at least VALUES[kind]; texts in it are data and printed as one line each.
    """
    house = templates.publication
    missing = [name for name in VALUES.get(kind, ()) if name not in values]
    if kind not in VALUES or missing:
        msg = f"notice {kind}: {'no such notice' if kind not in VALUES else f'lacks {missing[0]}'}"
        raise TemplateFailed(msg)
    catalog = templates.catalogs.of(language or house.language, house.language)
    printed = {
        name: printable(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    given: dict[str, object] = {
        "publication": publication_view(house),
        "locale": text_locale(catalog.language),
        "text": catalog.text,
        "preheader": "",
        "filler": "",
        **printed,
    }
    folder = f"notice/{kind}"
    subject = bounded(templates.render(f"{folder}/subject.txt.j2", given), LONGEST_SUBJECT)
    page = templates.render(f"{folder}/body.html.j2", given | {"subject": subject})
    text = templates.render(f"{folder}/body.txt.j2", given | {"subject": subject})
    return Written(subject, inline(page), plain.tidy(text))
