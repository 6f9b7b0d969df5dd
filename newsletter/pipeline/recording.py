"""Hand the report of a pass to the record, and name the problems that staff should know of."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog

from newsletter.model import next_step
from newsletter.model.actor import MACHINE
from newsletter.model.pass_report import Figures, PassLine, PassReport
from newsletter.pipeline.report import Level, Line, StepName
from newsletter.pipeline.tools import Tools
from newsletter.usecases import pass_reports

log = structlog.get_logger()

EXPECTED = {StepName.COLLECT}
"""Stages whose failures pass: a page that is down for an hour. The watchdog reports what lasts."""
FOR_A_PERSON = {StepName.APPROVE, StepName.WATCH}
"""Stages whose waiting lines have no other alert."""


def record(
    tools: Tools, part: str, began: datetime, lines: Sequence[Line], *, always: bool
) -> bool:
    """Record what a pass reported; return whether staff are alerted about a new problem."""
    try:
        figures = pass_reports.figures(tools.context, began) if lines else Figures()
        written = tuple(map(_written, lines))
        report = PassReport(part, began, tools.context.now(), written, figures)
        problems = [_written(line) for line in lines if _is_problem(line)]
        return pass_reports.record(tools.context, MACHINE, report, problems, always=always)
    except sa.exc.SQLAlchemyError as error:
        # The pass has reported why; its exit code and its ping still do.
        unexpected = not isinstance(error, sa.exc.OperationalError)
        log.warning("report not recorded", part=part, exc_info=unexpected)
        return False


def _written(line: Line) -> PassLine:
    step = next_step.as_values(line.next_step) if line.next_step else None
    return PassLine(line.stage, line.message, line.level, step)


def _is_problem(line: Line) -> bool:
    if line.alerted:
        return False
    failed = line.level is Level.FAILED and line.stage not in EXPECTED
    return failed or (line.level is Level.WAITS and line.stage in FOR_A_PERSON)
