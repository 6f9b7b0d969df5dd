"""`newsletter workers` and `newsletter jobs …`: what is being done, where, and since when."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import print_rows, say
from newsletter.store.workers import WorkerRow
from newsletter.usecases import working

commands = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Show, retry and cancel the jobs of workers.")
commands.add_typer(group, name="jobs")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


@commands.command()
def workers(*, as_json: Json = False) -> None:
    """Show the workers, what each is doing, and since when."""
    with open_app() as app:
        found = working.workers_now(app.context)
        now, zone = app.now(), app.publication.timezone
    if as_json:
        print_rows(
            ({**asdict(row), "responds": row.responds(now)} for row in found), (), as_json=True
        )
        return
    rows = [
        {
            "worker": row.name,
            "status": "running" if row.responds(now) else "stopped responding",
            "since": f"{row.since.astimezone(zone):%d %b %H:%M}",
            "queues": row.queues,
            "jobs": f"{len(row.doing)} of {row.jobs}",
            "doing": _doing(row, now),
        }
        for row in found
    ]
    columns = ("worker", "status", "since", "queues", "jobs", "doing")
    print_rows(rows, columns, empty="There are no workers.")


def _doing(row: WorkerRow, now: datetime) -> str:
    return ", ".join(
        f"{each.what} ({max(0, round((now - each.since).total_seconds()))} s)" for each in row.doing
    )


@group.command("list")
def list_jobs(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """List the jobs that wait, run or failed, the newest first."""
    with open_app() as app:
        found = working.jobs(app.context, limit=limit)
        queued = working.queue_figures(app.context)
    rows: list[Mapping[str, object]] = [asdict(job) for job in found]
    print_rows(rows, ("id", "queue", "name", "state", "added_at", "began_at"), as_json=as_json)
    if not as_json:
        for queue in queued:
            say(
                f"{queue.queue}: {queue.waiting:,} waiting, the oldest for"
                f" {queue.oldest_seconds:,.0f} s; {queue.running:,} running, {queue.failed:,} failed;"
                f" {queue.job_seconds:,.1f} s per job"
            )


@group.command("retry")
def retry_job(job: Annotated[int, typer.Argument(help="The number of a failed job.")]) -> None:
    """Let a failed job be done again."""
    with open_app() as app:
        working.retry(app.context, current_user(), job)
    say(f"Job {job} waits again.")


@group.command("cancel")
def cancel_job(job: Annotated[int, typer.Argument(help="The number of a job.")]) -> None:
    """Delete a job; it comes back if it is still due."""
    with open_app() as app:
        working.cancel(app.context, current_user(), job)
    say(f"Job {job} is deleted. If it is still due, it is added again within 20 seconds.")
