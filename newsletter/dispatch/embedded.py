"""Run the steps of a pass in this process, without any server."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import sqlalchemy as sa
import structlog

from newsletter.errors import NewsletterError
from newsletter.pipeline.report import Level, Line, Perform, Step, StepName, failure
from newsletter.store.database import is_busy

log = structlog.get_logger()

NOTHING: Mapping[StepName, Sequence[Step]] = {}


EVERY_SECONDS = 3.0
"""How often the steps beside a longer one are looked at."""


def run(
    steps: Sequence[Step],
    perform: Perform,
    stop: threading.Event,
    on_line: Callable[[Line], None] = lambda _: None,
    beside: Mapping[StepName, Sequence[Step]] = NOTHING,
) -> list[Line]:
    """Perform each step and return what they report; a failed step does not stop the others.

    While a step named in `beside` runs, its other steps are performed again and again. `on_line`
    gets each line as it comes; a problem that two steps report alike is reported once. When `stop`
    is set, and when another program has locked the database, the remaining steps are left for the
    next pass, which asks the database what is due.
    """
    report: list[Line] = []

    def keep(lines: Iterable[Line]) -> None:
        for line in lines:
            if line.level is Level.OK or line not in report:
                report.append(line)
                on_line(line)

    for step in steps:
        if stop.is_set():
            break
        try:
            if others := beside.get(step.name, ()):
                _overlapped(step, others, perform, keep, stop)
            else:
                keep(_lines(step, perform))
        except _Locked:
            message = "another program has locked the database; the next pass does the rest"
            keep([Line(step.name, message, Level.FAILED)])
            break
    return report


def _overlapped(
    step: Step,
    others: Sequence[Step],
    perform: Perform,
    keep: Callable[[Iterable[Line]], None],
    stop: threading.Event,
) -> None:
    """Perform a step in a thread, and the others here until it is done; keep what all report."""
    with ThreadPoolExecutor(1) as pool:
        longer = pool.submit(lambda: list(_lines(step, perform)))
        try:
            while not wait([longer], EVERY_SECONDS).done and not stop.is_set():
                for other in others:
                    keep(_lines(other, perform))
        finally:
            keep(longer.result())


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
