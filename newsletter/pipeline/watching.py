"""Report the sources that have a problem, and once an hour what the watchdog finds."""

from collections.abc import Iterator

from newsletter.pipeline import gates, troubled
from newsletter.pipeline.report import Level, Line, StepName
from newsletter.pipeline.tools import Tools
from newsletter.store import marks
from newsletter.store.marks import Mark


def watch(tools: Tools) -> Iterator[Line]:
    """Look at the sources, and once an hour at what no other step reports."""
    context = tools.context
    with context.reader.connect() as connection:
        is_due = gates.watching_is_due(tools, connection)
        yield from troubled.sources(connection, context.publication, watched=is_due)
    if not is_due:
        return
    for problem in tools.watch():
        yield Line(StepName.WATCH, problem, Level.WAITS)
    with context.engine.begin() as connection:
        marks.write(connection, Mark.WATCHED, int(context.now().timestamp() // 60))
