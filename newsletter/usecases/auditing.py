"""Read the audit: who did what, and when."""

from newsletter.model.actor import Actor, Role
from newsletter.store import acts
from newsletter.store.acts import PAGE, ActFilter, NumberedAct
from newsletter.usecases.context import Context


def audit(
    context: Context,
    actor: Actor,
    wanted: ActFilter,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> list[NumberedAct]:
    """Return recorded acts, latest first; `before` is the last number of the page before."""
    actor.require(Role.APPROVER)
    with context.reader.connect() as connection:
        return acts.listed(connection, wanted, before=before, limit=limit)
