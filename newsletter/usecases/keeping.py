"""Check the database and keep copies of it."""

from pathlib import Path

from newsletter.maintenance import backup, counters
from newsletter.model.actor import Actor, Role
from newsletter.usecases.context import Context


def check(context: Context, actor: Actor) -> list[str]:
    """Check the database and its counters; return a sentence for each problem."""
    actor.require(Role.EDITOR)
    return [*backup.problems(context.engine), *counters.problems(context.engine)]


def repair(context: Context, actor: Actor) -> tuple[int, list[str]]:
    """Count again what differs from its rows; return how many counters, and what is left."""
    actor.require(Role.ADMIN)
    repaired, left = counters.repair(context.engine)
    return repaired, [*backup.problems(context.engine), *left]


def back_up(context: Context, actor: Actor, target: Path) -> None:
    """Copy the database to a file."""
    actor.require(Role.ADMIN)
    backup.backup(context.engine, target)


def back_up_into(context: Context, actor: Actor, folder: Path, keep: int) -> Path:
    """Copy the database into a folder, of which the newest `keep` copies stay; return the file."""
    actor.require(Role.ADMIN)
    return backup.backup_into(context.engine, folder, keep, context.now())
