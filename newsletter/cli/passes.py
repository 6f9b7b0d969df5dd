"""`newsletter passes`: where everything is, and what the last passes did."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from newsletter.cli.opening import open_app
from newsletter.cli.show import print_json, say
from newsletter.model.pass_report import Figures, Level, PassReport
from newsletter.usecases import pass_reports

commands = typer.Typer()

MARKS = {Level.OK: " ", Level.WAITS: "?", Level.FAILED: "!"}
DAY = timedelta(days=1)


@commands.command()
def passes(
    *,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many passes.")] = 3,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only passes in which something failed or waits.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show where everything is, and what the last passes did.

    `newsletter serve` records a report only when it says something new.
    """
    with open_app() as app:
        context = app.context
        figures = pass_reports.figures(context, app.now() - DAY)
        passes = pass_reports.history(context, limit=count, troubled=problems)
        success = pass_reports.last_success(context)
    good_at = datetime.fromtimestamp(success, UTC) if success else None
    if as_json:
        print_json(
            {
                "last_success": good_at,
                "figures": asdict(figures),
                "passes": [_as_values(each) for each in passes],
            }
        )
        return
    say(
        f"Last pass without a failure: {good_at:%a %d %b %Y %H:%M} UTC"
        if good_at
        else "No pass yet."
    )
    _print_figures(figures)
    for each in passes:
        _print_pass(each)


def _as_values(report: PassReport) -> dict[str, object]:
    lines = [{**asdict(line), "level": line.level.name.lower()} for line in report.lines]
    return {**asdict(report), "level": report.level.name.lower(), "lines": lines}


def _print_figures(figures: Figures) -> None:
    failing = f", {figures.sources_failing} failing" if figures.sources_failing else ""
    rows = {
        "sources": f"{figures.sources}{failing}",
        "articles": f"{figures.articles_new} new in the last 24 hours",
        "issues": _counts(figures.issues, "none open"),
        "waiting": f"{figures.waiting} for approval",
        "batches": _counts(figures.batches, "none in doubt"),
        "unknown": f"{figures.unknown:,} recipients",
    }
    for name, text in rows.items():
        say(f"  {name:<9} {text}")
    for newsletter, due_at in figures.next_slots.items():
        say(f"  {'next':<9} {newsletter}: {datetime.fromisoformat(due_at):%a %d %b %Y %H:%M} UTC")


def _counts(counts: Mapping[str, int], nothing: str) -> str:
    return ", ".join(f"{number} {state}" for state, number in counts.items()) or nothing


def _print_pass(report: PassReport) -> None:
    seconds = (report.ended_at - report.began_at).total_seconds()
    say()
    say(f"{report.began_at:%a %d %b %Y %H:%M:%S} UTC, {report.part}, {seconds:.0f} s")
    for line in report.lines:
        say(f"{MARKS[line.level]} {line.stage:<10} {line.message}")
    if not report.lines:
        say("  Nothing was due.")
