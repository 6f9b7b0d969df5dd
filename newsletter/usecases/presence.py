"""Who else edits an issue."""

from datetime import timedelta

from newsletter.model.actor import Actor, Role
from newsletter.store.desk import presences
from newsletter.usecases.context import Context

LASTS = timedelta(seconds=30)
"""How long someone counts as present; an open page asks every ten seconds."""


def note(context: Context, actor: Actor, issue_id: int) -> tuple[str, ...]:
    """Note that someone has an issue open, and return the names of the others who have.

    What they save is compared in any case.
    """
    actor.require(Role.EDITOR)
    now = context.now()
    with context.engine.begin() as connection:
        presences.forget(connection, now - LASTS)
        presences.note(connection, issue_id, actor.label, now)
        return presences.others(connection, issue_id, actor.label, now - LASTS)
