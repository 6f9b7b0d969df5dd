"""Keep copies of the database."""

from pathlib import Path

from newsletter.maintenance import backup
from newsletter.model.actor import Actor, Role
from newsletter.usecases.context import Context


def back_up(context: Context, actor: Actor, target: Path, keep: int = 0) -> Path:
    """Copy the database and return the file.

    `target` is the file, or with `keep` a folder of which the newest `keep` copies stay.
    """
    actor.require(Role.ADMIN)
    if keep:
        return backup.backup_into(context.engine, target, keep, context.now())
    backup.backup(context.engine, target)
    return target
