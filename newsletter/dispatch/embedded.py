"""Run the steps of a pass in this process, one after another, without any server."""

import threading
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
import structlog

from newsletter.errors import NewsletterError
from newsletter.pipeline.report import Level, Line, Perform, Step, failure
from newsletter.store.database import is_busy

log = structlog.get_logger()


def run(
    steps: Sequence[Step],
    perform: Perform,
    stop: threading.Event,
    on_line: Callable[[Line], None] = lambda _: None,
) -> list[Line]:
    """Perform each step and return what they report; a failed step does not stop the others.

    `on_line` gets each line as it comes; a problem that two steps report alike is reported once.
    When `stop` is set, and when another program has locked the database, the remaining steps are
    left for the next pass, which asks the database what is due.
    """
    report: list[Line] = []
    for step in steps:
        if stop.is_set():
            break
        try:
            for line in _lines(step, perform):
                if line.level is not Level.OK and line in report:
                    continue
                report.append(line)
                on_line(line)
        except _Locked:
            message = "another program has locked the database; the next pass does the rest"
            line = Line(step.name, message, Level.FAILED)
            report.append(line)
            on_line(line)
            break
    return report


class _Locked(Exception):  # noqa: N818 - named for what happened
    """The database stayed locked as long as a writer waits; the next step would wait as long."""


def _lines(step: Step, perform: Perform) -> Iterator[Line]:
    try:
        yield from perform(step)
    except sa.exc.DBAPIError as error:
        if is_busy(error):
            raise _Locked from error
        yield failure(step.name, error)
    except (NewsletterError, OSError) as error:
        yield failure(step.name, error)
    except Exception:  # one broken step must not stop the others
        log.exception("step broke", step=step.name)
        message = "unexpected error; the log has the details"
        yield Line(step.name, message, Level.FAILED)
