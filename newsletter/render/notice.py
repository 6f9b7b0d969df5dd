"""Notices: single automatic emails (confirm, welcome, goodbye, still-wanted and others)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import TemplateFailed
from newsletter.model.publication import Publication
from newsletter.model.text import bounded, printable
from newsletter.render import plain
from newsletter.render.catalog import Catalog
from newsletter.render.html import inline
from newsletter.render.issue_view import LONGEST_SUBJECT, publication_view
from newsletter.render.item_view import text_locale
from newsletter.render.templates import Templates
from subscribers.model import NoticeKind

VALUES: Mapping[NoticeKind, tuple[str, ...]] = {
    NoticeKind.CONFIRM: ("title", "link"),
    NoticeKind.WELCOME: ("title", "preferences", "unsubscribe"),
    NoticeKind.GOODBYE: ("title", "back"),
    NoticeKind.STILL_WANTED: ("title", "until", "keep", "preferences", "unsubscribe"),
    NoticeKind.MANAGE: ("link", "until"),
    NoticeKind.ADDRESS_CHANGE: ("link", "until"),
    NoticeKind.ALERT: ("what", "next_step", "link"),
    NoticeKind.REPORT: ("title", "sections"),
    NoticeKind.SIGN_IN: ("link", "until"),
}
"""The values that each notice prints. A link is "" if there is none."""


@dataclass(frozen=True, slots=True)
class RenderedNotice:
    """The three parts of a notice."""

    subject: str
    html: str
    text: str


def render(
    templates: Templates,
    kind: NoticeKind,
    language: str,
    values: Mapping[str, object],
    publication: Publication | None = None,
) -> RenderedNotice:
    """Render a notice in `language`, else in the publication's; raise TemplateFailed.

    `publication` has the look of a newsletter, for a notice about one. `values` has at least VALUES[kind]. Texts in it are data and are printed as one line each; times are local.
    """
    publication = publication or templates.publication
    missing = [name for name in VALUES.get(kind, ()) if name not in values]
    if kind not in VALUES or missing:
        problem = f"{missing[0]} is missing" if missing else "there is no such notice"
        msg = f"notice {kind}: {problem}"
        raise TemplateFailed(msg)
    catalog = templates.catalogs.of(language or publication.language, publication.language)
    printed = {name: _printed(value, catalog) for name, value in values.items()}
    context: dict[str, object] = {
        "publication": publication_view(publication),
        "locale": text_locale(catalog.language),
        "text": catalog.text,
        "preheader": "",
        "filler": "",
        **printed,
    }
    folder = f"notice/{kind}"
    subject = bounded(templates.render(f"{folder}/subject.txt.j2", context), LONGEST_SUBJECT)
    page = templates.render(f"{folder}/body.html.j2", context | {"subject": subject})
    text = templates.render(f"{folder}/body.txt.j2", context | {"subject": subject})
    return RenderedNotice(subject, inline(page), plain.tidy(text))


def _printed(value: object, catalog: Catalog) -> object:
    match value:
        case str():
            return printable(value)
        case datetime():
            day = catalog.date(value.date(), "date.day")
            return catalog.text("desk.moment", day=day, time=f"{value:%H:%M %Z}")
        case _:
            return value
