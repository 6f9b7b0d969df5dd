"""The reports of passes, and the problems that staff have been alerted about."""

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.pass_report import Figures, Level, PassLine, PassReport
from newsletter.store.database import insert_ignoring_conflicts
from newsletter.store.pass_tables import passes, problems


def insert(connection: sa.Connection, report: PassReport) -> None:
    """Keep a report."""
    connection.execute(
        passes.insert().values(
            part=report.part,
            began_at=report.began_at,
            ended_at=report.ended_at,
            level=report.level.name.lower(),
            lines=[{**asdict(line), "level": line.level.name.lower()} for line in report.lines],
            figures=asdict(report.figures),
        )
    )


def recent(
    connection: sa.Connection,
    *,
    limit: int,
    part: str = "",
    troubled: bool = False,
    before: int | None = None,
) -> list[PassReport]:
    """Return the latest reports, the newest first; of one part, or only those not OK.

    `before` is the last number of the page before.
    """
    query = sa.select(passes).order_by(passes.c.id.desc()).limit(limit)
    if part:
        query = query.where(passes.c.part == part)
    if troubled:
        query = query.where(passes.c.level != Level.OK.name.lower())
    if before is not None:
        query = query.where(passes.c.id < before)
    return [
        PassReport(
            row.part,
            row.began_at,
            row.ended_at,
            tuple(
                PassLine(**{**line, "level": Level[line["level"].upper()]}) for line in row.lines
            ),
            Figures(**row.figures),
            row.id,
        )
        for row in connection.execute(query)
    ]


def purge(connection: sa.Connection, before: datetime) -> int:
    """Delete the reports of passes that ended before a time; return how many."""
    return connection.execute(passes.delete().where(passes.c.ended_at < before)).rowcount


def open_problem(connection: sa.Connection, cause: str, now: datetime) -> bool:
    """Note that a problem is there; return whether it is new."""
    row = {"cause": cause, "since": now, "seen_at": now}
    if insert_ignoring_conflicts(connection, problems, row, [problems.c.cause]) is not None:
        return True
    connection.execute(problems.update().where(problems.c.cause == cause).values(seen_at=now))
    return False


def forget_problems(connection: sa.Connection, before: datetime) -> None:
    """Forget the problems that were last seen before a time, so that they are new when they return."""
    connection.execute(problems.delete().where(problems.c.seen_at < before))
