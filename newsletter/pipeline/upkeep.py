"""Collect from the sources, apply the journals, keep copies, and delete what is no longer kept."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from newsletter.model.actor import MACHINE
from newsletter.pipeline import gates
from newsletter.pipeline.report import Level, Line, StepName, counted
from newsletter.pipeline.tools import Tools
from newsletter.send import folding
from newsletter.store import marks
from newsletter.store.marks import Mark
from newsletter.usecases import growing, keeping, reengaging

if TYPE_CHECKING:
    from newsletter.collect.report import CollectReport


def catch_up(tools: Tools) -> Iterator[Line]:
    """Report and apply what the database lacks because it was restored from a backup."""
    yield from _forgotten(tools)
    if number := tools.catch_up():
        entries = counted(number, "unsubscribe or deletion", "unsubscribes or deletions")
        message = f"{entries} applied from the journal: the database did not have them"
        yield Line(StepName.JOURNALS, message)


def _forgotten(tools: Tools) -> Iterator[Line]:
    """Report what the database has forgotten, which is reported once; copy what was decided."""
    for message in tools.forgotten():
        text = f"the database was restored and has forgotten: {message}"
        yield Line(StepName.JOURNALS, text, Level.WAITS)


def collect(tools: Tools) -> Iterator[Line]:
    """Collect from every source that is due."""
    yield from _collected(tools.collect())


def collect_source(tools: Tools, key: str) -> Iterator[Line]:
    """Collect from one source."""
    yield from _collected(tools.collect_source(key))


def _collected(report: "CollectReport") -> Iterator[Line]:
    for source in report.sources:
        if source.outcome in {"not due", "paused"}:
            continue
        level = Level.FAILED if source.failed else Level.OK
        level = Level.WAITS if source.outcome == "emptied" else level
        yield Line(StepName.COLLECT, f"{source.source}: {source.summary}", level)


def reengage(tools: Tools, key: str) -> Iterator[Line]:
    """Ask readers who seem inactive whether they still want a newsletter; pause the silent ones."""
    done = reengaging.reengage(tools.context, MACHINE, key)
    parts = [
        f"{counted(number, 'subscriber')} {what}"
        for number, what in ((done.asked, "asked"), (done.paused, "paused without an answer"))
        if number
    ]
    if parts:
        yield Line(StepName.INACTIVE, f"{key}: {', '.join(parts)}")


def count_growth(tools: Tools) -> Iterator[Line]:
    """Count the days that are over: what each newsletter won and lost."""
    if number := growing.count_days(tools.context, MACHINE):
        yield Line(StepName.GROWTH, f"{counted(number, 'day')} counted")


def back_up(tools: Tools) -> Iterator[Line]:
    """Keep a copy of the database, once a day; after a failure, try again some minutes later."""
    if tools.backup is None:
        return
    minutes = int(tools.context.now().timestamp() // 60)
    tried = minutes - gates.BACK_UP_EVERY + gates.BACK_UP_AGAIN
    try:
        copy = keeping.back_up_into(tools.context, MACHINE, tools.backup.folder, tools.backup.keep)
        tried = minutes
    finally:  # a full disk must not be filled again by each pass
        with tools.context.engine.begin() as connection:
            marks.write(connection, Mark.BACKED_UP, tried)
    yield Line(StepName.BACKUP, f"copied to {copy}")


def tidy(tools: Tools) -> Iterator[Line]:
    """Delete what `retention` in the configuration no longer keeps; copy what was decided."""
    yield from _forgotten(tools)
    with tools.context.reader.connect() as connection:
        if not gates.tidying_is_due(tools, connection):
            return
    done = tools.tidy()
    for what, number in done.deleted.items():
        if number:
            yield Line(StepName.RETENTION, f"{number:,} {what} deleted")
    folding.fold_finished(tools.context.courier.journal)
    if done.finished:
        minutes = int(tools.context.now().timestamp() // 60)
        with tools.context.engine.begin() as connection:
            marks.write(connection, Mark.TIDIED, minutes)
