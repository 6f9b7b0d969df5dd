"""Work run in this process, one step after another, without any server."""

import threading
from collections.abc import Callable, Iterator, Sequence

import structlog

from newsletter.errors import NewsletterError
from newsletter.pipeline.report import Level, Line, Step

log = structlog.get_logger()


def run(
    steps: Sequence[Step], stop: threading.Event, heard: Callable[[Line], None] = lambda _: None
) -> list[Line]:
    """Run each step and return what they report; a step that fails does not stop the others.

    `heard` is told each line as it comes. When `stop` is set, the steps that have not begun are
    left for the next pass: what is due is asked of the database each time.
    """
    report = []
    for step in steps:
        if stop.is_set():
            break
        for line in _lines(step):
            report.append(line)
            heard(line)
    return report


def _lines(step: Step) -> Iterator[Line]:
    try:
        yield from step.work()
    except NewsletterError as error:
        log.warning("step failed", step=step.name, reason=str(error))
        yield Line(step.name, str(error), Level.FAILED)
