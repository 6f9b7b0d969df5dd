"""Report what the watchdog finds, once an hour."""

from collections.abc import Iterator

from newsletter.pipeline import gates
from newsletter.pipeline.report import Level, Line
from newsletter.pipeline.tools import Tools
from newsletter.store import marks


def watch(tools: Tools) -> Iterator[Line]:
    """Look at what no other step reports."""
    for problem in tools.watch():
        yield Line("watch", problem, Level.WAITS)
    with tools.context.engine.begin() as connection:
        marks.write(connection, gates.WATCHED, int(tools.context.now().timestamp() // 60))
