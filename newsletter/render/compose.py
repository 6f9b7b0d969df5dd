"""Render one edition: subject, preheader, HTML and text, all from the same view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.errors import TemplateFailed
from newsletter.model.edition import Contents, edition_hash
from newsletter.model.issue import Issue, Item
from newsletter.model.text import printable
from newsletter.render import plain
from newsletter.render.html import inline
from newsletter.render.issue_view import FILLER, issue_view
from newsletter.render.templates import Templates
from newsletter.render.view import IssueView, RenderContext


@dataclass(frozen=True, slots=True)
class Composed:
    """The bytes of an edition, with placeholders."""

    subject: str
    preheader: str
    html: str
    text: str

    @property
    def hash(self) -> str:
        """Return the hash that an approval covers."""
        return edition_hash(self.subject, self.preheader, self.html, self.text)


def compose(
    templates: Templates,
    issue: Issue,
    items: Sequence[Item],
    contents: Contents,
    context: RenderContext,
) -> Composed:
    """Render an edition and inline its styles."""
    made = rendered(templates, issue, items, contents, context)
    return replace(made, html=inline(made.html))


def rendered(
    templates: Templates,
    issue: Issue,
    items: Sequence[Item],
    contents: Contents,
    context: RenderContext,
) -> Composed:
    """Render an edition with its styles still in the head."""
    view = issue_view(issue, items, contents, context)
    folder = f"issue/{context.newsletter.layout}"
    if not templates.has(f"{folder}/body.html.j2"):
        msg = (
            f"{context.newsletter.key} has the layout {context.newsletter.layout!r}, but"
            f" templates/{folder}/body.html.j2 does not exist"
        )
        raise TemplateFailed(msg)
    values = _values(view, context)
    subject = printable(templates.render(f"{folder}/subject.txt.j2", values))
    page = templates.render(f"{folder}/body.html.j2", values | {"subject": subject})
    text = templates.render(f"{folder}/body.txt.j2", values | {"subject": subject})
    return Composed(subject, view.preheader, page, plain.tidy(text))


def _values(view: IssueView, context: RenderContext) -> dict[str, object]:
    return {
        "issue": view,
        "publication": view.publication,
        "locale": view.locale,
        "subject": view.subject,
        "preheader": view.preheader,
        "filler": FILLER,
        "text": context.catalog.text,
    }
