"""The commands `collect`, `sources` and `extract`."""

from dataclasses import asdict, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as ProgressBar

from newsletter.app import App
from newsletter.cli.articles import print_article
from newsletter.cli.opening import current_user, expected_errors, open_app
from newsletter.cli.show import Exit, errors, fail, minute, print_json, print_rows, say
from newsletter.collect import health, probe
from newsletter.collect.extracting.outline import outline
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.run import (
    CollectOptions,
    CollectProgress,
    CollectReport,
    SourceReport,
    collect,
)
from newsletter.edit.teaser import teaser
from newsletter.errors import NewsletterError
from newsletter.model.article import Extracted
from newsletter.model.source import Source
from newsletter.usecases import sources

commands = typer.Typer()
listing = typer.Typer(
    invoke_without_command=True, help="Show every source with its health, or test a source."
)
commands.add_typer(listing, name="sources")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
SourceName = Annotated[
    str, typer.Argument(metavar="SOURCE", help="The source's name in newsletter.toml.")
]
MANY = 15


@commands.command("collect")
def run_collect(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Only these sources.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also sources that are not due.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the sources that are due and store their new articles."""
    with open_app() as app:
        for name in names or ():
            _source(app, name)
        report = _collected(app, tuple(names or ()), force=force, quiet=as_json)
    if as_json:
        for source in report.sources:
            print_json({**asdict(source), "summary": source.summary, "new": source.new})
    else:
        print_report(report)
    raise SystemExit(int(Exit.FAILED if report.failed else Exit.OK))


def _collected(app: App, names: tuple[str, ...], *, force: bool, quiet: bool) -> CollectReport:
    """Collect, with a progress bar on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    hidden = quiet or not errors.is_terminal
    with ProgressBar(*columns, console=errors, transient=True, disable=hidden) as bar:
        task = bar.add_task("collecting", total=None)

        def show(progress: CollectProgress) -> None:
            bar.update(
                task,
                total=progress.total,
                completed=progress.done,
                description=progress.report.source,
            )

        options = CollectOptions(
            clock=app.now,
            names=names,
            force=force,
            limits=app.publication.collecting,
            configured=tuple(source.key for source in app.publication.sources),
            on_progress=show,
        )
        return collect(app.engine, app.publication.sources, app.fetcher, options)


def print_report(report: CollectReport) -> None:
    """Print the result of a collection, source by source, with every reason."""
    width = max((len(source.source) for source in report.sources), default=0)
    for source in report.sources:
        if source.outcome == "not due":
            continue
        mark = "✗" if source.failed else "?" if source.outcome == "emptied" else " "
        say(f"{mark} {source.source:<{width}}  {source.summary}")
        _print_source(source)
    idle = sum(source.outcome == "not due" for source in report.sources)
    if idle:
        say(f"  {idle} not due yet (use --force to read them anyway)")
    if not report.sources:
        say("No sources are configured; add a [sources.NAME] table to newsletter.toml.")


def _print_source(report: SourceReport) -> None:
    for article in report.articles[:MANY]:
        if article.verdict in {"new", "changed", "enriched"}:
            say(f"      {article.verdict}: {article.title}")
    for what, why in report.without_page[:MANY]:
        say(f"      from the feed alone: {what}: {why}")
    for what, why in report.skipped[:MANY]:
        say(f"      not taken: {what}: {why}")
    if (more := len(report.skipped) - MANY) > 0:
        say(f"      … and {more} more (use --json to list all of them)")


@listing.callback()
def list_sources(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show every source: health, last success, last new article and next check."""
    if context.invoked_subcommand:
        return
    with open_app() as app:
        with app.engine.connect() as connection:
            rows = health.rows(connection, app.publication.sources, app.now())
        zone = app.publication.timezone
        printed = [
            {
                **asdict(row),
                "last_success": _local(row.last_success_at, zone),
                "last_new": _local(row.last_new_at, zone),
                "next_check": _local(row.next_check_at, zone),
            }
            for row in rows
        ]
        columns = ("source", "kind", "health", "last_success", "last_new", "next_check")
        print_rows(printed, columns, as_json=as_json)


def _local(moment: datetime | None, zone: tzinfo) -> str | None:
    return minute(moment, zone) if moment else None


@listing.command("test")
def try_source(
    name: SourceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Read a source and show what would be collected.

    Nothing is stored. Entries that would not be taken are shown with the reason.
    """
    with open_app() as app:
        user = app.publication.collecting.user
        found = probe.probe(app.engine, _source(app, name), app.fetcher, app.now, user=user)
    if as_json:
        print_json(asdict(found))
    else:
        _print_probe(found)
    raise SystemExit(int(Exit.FAILED if found.problem else Exit.OK))


@listing.command("pause")
def pause_source(
    name: SourceName,
    *,
    why: Annotated[str, typer.Option("--why", prompt="Why", help="Shown beside the source.")],
) -> None:
    """Collect nothing from a source on schedule until it is resumed."""
    with open_app() as app:
        sources.pause(app.context, current_user(), name, why)
    say(f"{name} is paused. `newsletter collect {name}` still reads it.")


@listing.command("resume")
def resume_source(name: SourceName) -> None:
    """Collect from a paused source again."""
    with open_app() as app:
        resumed = sources.resume(app.context, current_user(), name)
    say(f"{name} is collected on schedule." if resumed else f"{name} was not paused.")


def _source(app: App, name: str) -> Source:
    """Return the configured source. Fails with the names of all sources if it is unknown."""
    found = next((source for source in app.publication.sources if source.key == name), None)
    if found is None:
        known = ", ".join(source.key for source in app.publication.sources) or "none"
        fail(f"There is no source “{name}”. Configured sources: {known}.", Exit.USAGE)
    return found


def _print_probe(found: probe.Probe) -> None:
    if found.problem:
        say(f"{found.source}: {found.problem}")
        return
    say(f"{found.source}: {found.found} entries. Nothing was stored.")
    for note in found.notes:
        say(f"  {note}")
    for row in found.rows:
        say(f"  {row.verdict}: {row.title}")
        say(f"      {row.detail}")
    for what, why in found.skipped[:MANY]:
        say(f"  not taken: {what}: {why}")
    if (more := len(found.skipped) - MANY) > 0:
        say(f"  … and {more} more (use --json to list all of them)")


@commands.command()
def extract(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="HTML, Markdown or text files.")
    ],
    *,
    url: Annotated[str, typer.Option(help="The address the document came from.")] = "",
    as_json: AsJson = False,
) -> None:
    """Extract articles from files, with the origin of each field."""
    failed = 0
    with expected_errors(), Sandbox() as sandbox:
        for path in paths:
            try:
                article = _with_teaser(_extracted(sandbox, path, url))
            except NewsletterError as error:
                failed += 1
                _print_failure(path, str(error), as_json=as_json)
                continue
            if as_json:
                print_json(outline(article, path.name))
            else:
                print_article(path, article)
    raise SystemExit(int(Exit.FAILED if failed else Exit.OK))


def _with_teaser(article: Extracted) -> Extracted:
    """Return the article with the teaser that an issue would print, and its origin."""
    lines = teaser(article, article.takeaways)
    origin = f"{lines.origin}: {lines.detail}" if lines.detail else lines.origin
    return replace(article, teaser=lines.text, provenance={**article.provenance, "teaser": origin})


def _extracted(sandbox: Sandbox, path: Path, url: str) -> Extracted:
    from newsletter.collect.extracting.extract import LARGEST  # noqa: PLC0415 - only `extract` needs it
    from newsletter.collect.finding.folders import read_bytes  # noqa: PLC0415 - as above

    return sandbox.article(read_bytes(path, LARGEST), name=path.name, url=url)


def _print_failure(path: Path, reason: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"source": path.name, "error": reason})
    errors.print(f"{path}: {reason}", markup=False)
