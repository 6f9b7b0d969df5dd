"""Render the present draft of an issue without storing it, for staff who edit it."""

from dataclasses import replace

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Contents
from newsletter.model.personalization import NO_RECIPIENT, fill, substitutions
from newsletter.model.publication import Newsletter, Publication
from newsletter.render.compose import Composed, rendered
from newsletter.render.manuscript import corrected_issue, full_texts, known_pictures
from newsletter.render.run import RenderKit
from newsletter.render.view import RenderContext
from newsletter.store.content import issues


def draft_email(
    connection: sa.Connection,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    kit: RenderKit,
) -> Composed:
    """Return the email that subscribers who follow no topics would get of the present draft.

    Its styles are in the head, where browsers read them: inlining them takes ten times as long.
    """
    issue = issues.load(connection, issue_id)
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
    made = rendered(kit.templates, issue, items, contents, context)
    values = substitutions(context.nonce, NO_RECIPIENT)
    return replace(
        made,
        subject=fill(made.subject, values),
        preheader=fill(made.preheader, values),
        html=fill(made.html, values),
        text=fill(made.text, values),
    )
