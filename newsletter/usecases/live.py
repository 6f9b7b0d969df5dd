"""Show staff the email that they are editing, as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.model.actor import Actor, Role
from newsletter.usecases.context import Context

if TYPE_CHECKING:
    from newsletter.render.compose import Composed


def email(context: Context, actor: Actor, issue_id: int) -> Composed:
    """Return the present draft of an issue as an email; nothing is stored.

    Raises NotFound if its newsletter is no longer configured.
    """
    from newsletter.render.live import draft, rendered_draft  # noqa: PLC0415 - `serve` starts without it

    actor.require(Role.EDITOR)
    kit = context.kit()
    with context.reader.connect() as connection:
        read = draft(connection, context.publication, issue_id, kit)
    return rendered_draft(read, kit)
