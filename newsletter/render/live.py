"""Render the present draft of an issue without storing it, for staff who edit it."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Contents
from newsletter.model.issue import Issue, Item
from newsletter.model.personalization import NO_RECIPIENT, fill, substitutions
from newsletter.model.publication import Publication
from newsletter.render.compose import Composed, rendered
from newsletter.render.manuscript import corrected_issue, full_texts, known_pictures
from newsletter.render.run import RenderKit
from newsletter.render.view import RenderContext
from newsletter.store.content import issues


@dataclass(frozen=True, slots=True)
class LiveDraft:
    """What is read of a draft before it is rendered."""

    issue: Issue
    items: tuple[Item, ...]
    contents: Contents
    context: RenderContext


def draft(
    connection: sa.Connection, publication: Publication, issue_id: int, kit: RenderKit
) -> LiveDraft:
    """Read the email that subscribers who follow no topics would get of the present draft.

    Raises NotFound if its newsletter is no longer configured.
    """
    issue = issues.load(connection, issue_id)
    newsletter = publication.require_newsletter(issue.newsletter)
    items = tuple(issues.load_items(connection, issue_id))
    contents = next(iter(Chooser(items, newsletter).everything()), Contents(()))
    context = RenderContext(
        publication,
        newsletter,
        kit.templates.catalogs,
        kit.new_nonce(),
        full_texts(connection, newsletter, [contents.items]),
        kit.articles,
        language=contents.language,
        pictures=known_pictures(connection, issue, items),
        corrects=corrected_issue(connection, issue),
    )
    return LiveDraft(issue, items, contents, context)


def rendered_draft(read: LiveDraft, kit: RenderKit) -> Composed:
    """Render a draft as a reader without a name gets it.

    Its styles are in the head, where browsers read them: inlining them takes ten times as long.
    """
    made = rendered(kit.templates, read.issue, read.items, read.contents, read.context)
    values = substitutions(read.context.nonce, NO_RECIPIENT)
    return replace(
        made,
        subject=fill(made.subject, values),
        preheader=fill(made.preheader, values),
        html=fill(made.html, values),
        text=fill(made.text, values),
    )
