"""What the copy of an issue says about the corrections that were sent since."""

from collections.abc import Iterable

from newsletter.app import App
from newsletter.model import prose
from newsletter.model.issue import Issue


def marks(app: App, corrections: Iterable[Issue]) -> str:
    """Return the notes of corrections as HTML with inline styles, to be put above an issue."""
    return "".join(_mark(app, correction) for correction in corrections)


def _mark(app: App, correction: Issue) -> str:
    newsletter = app.publication.require_newsletter(correction.newsletter)
    catalog = app.templates.catalogs.of(newsletter.language)
    day = catalog.date(correction.day(newsletter.timezone))
    lines = [
        prose.plain_line(line).replace("{name}", "")
        for part in prose.parse(correction.note)
        for line in part.lines
    ]
    heading = catalog.text("issue.corrected_on", day=day)
    values = {"language": catalog.language, "heading": heading, "lines": lines}
    return app.templates.render("base/corrected.html.j2", values)
