"""Work run in this process, one step after another, without any server."""

import threading
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
import structlog

from newsletter.errors import NewsletterError
from newsletter.pipeline.report import Level, Line, Step, in_words

log = structlog.get_logger()


def run(
    steps: Sequence[Step], stop: threading.Event, heard: Callable[[Line], None] = lambda _: None
) -> list[Line]:
    """Run each step and return what they report; a step that fails does not stop the others.

    `heard` is told each line as it comes; trouble that two steps meet alike is told once. When
    `stop` is set, the steps that have not begun are left for the next pass: what is due is asked
    of the database each time.
    """
    report: list[Line] = []
    for step in steps:
        if stop.is_set():
            break
        for line in _lines(step):
            if line.level is not Level.WELL and line in report:
                continue
            report.append(line)
            heard(line)
    return report


def _lines(step: Step) -> Iterator[Line]:
    try:
        yield from step.work()
    except (NewsletterError, sa.exc.DBAPIError, OSError) as error:
        yield Line(step.name, in_words(error), Level.FAILED)
    except Exception as error:  # one broken step must not stop the others
        log.exception("step broke", step=step.name)
        says = f"broke unexpectedly ({type(error).__name__}: {error}); the log says where"
        yield Line(step.name, says, Level.FAILED)
