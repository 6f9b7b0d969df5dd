"""`newsletter subscribers import|undo|imports|export`: lists in and out."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, errors, fail, print_json, print_rows, say
from newsletter.model.actor import Actor
from newsletter.model.publication import Publication
from newsletter.model.vocabulary import topics_by_name
from newsletter.pipeline.report import counted
from subscribers.model import slug
from subscribers.roster import export as exporting
from subscribers.roster import run
from subscribers.roster.cells import clean
from subscribers.roster.reading import open_listing
from subscribers.roster.rows import Terms
from subscribers.roster.run import Beside, ChangeSet, ImportJob

commands = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@commands.command("import")
def import_(  # noqa: PLR0913 - one argument per option of the command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table (CSV) or JSON lines.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without, only show it.")] = False,
    newsletter: Annotated[
        list[str] | None,
        typer.Option("--newsletter", help="Which to subscribe people to; may be repeated."),
    ] = None,
    attest: Annotated[
        str, typer.Option("--attest", metavar="WHERE AND WHEN", help="How all of them agreed.")
    ] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column means what."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Instead of the one that is guessed.")] = "",
    delimiter: Annotated[str, typer.Option(help="Instead of the one that is guessed.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what a list would change; with --apply, change it.

    Nobody's standing is ever raised: who left, bounced or complained stays away, and who has not
    agreed as attested becomes pending. `undo` takes an import back within 30 days.
    """
    with open_app() as app:
        listing = open_listing(
            file, mapping=_mapping(mapping or []), encoding=encoding, delimiter=delimiter
        )
        terms = terms_of(app.publication, listing.name, into=newsletter or [], attest=attest)
        order = ImportJob(listing, terms, app.settings.pepper, journal=app.journal)
        with _progress("rows") as progress:
            found = (
                run.apply(app.engine, order, actor=actor(), clock=app.now, progress=progress)
                if apply
                else run.review(app.reader, order, progress=progress)
            )
    _print_set(found, applied=apply, as_json=as_json)


@commands.command()
def undo(
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="The number of the import.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Take an import back.

    People who have acted since stay, and are listed.
    """
    with open_app() as app, _progress("people") as progress:
        beside = Beside(app.journal, app.settings.pepper)
        undone = run.undo(
            app.engine, number, actor=actor(), now=app.now(), beside=beside, progress=progress
        )
    if as_json:
        print_json(
            {
                "import": number,
                "removed": undone.removed,
                "restored": undone.restored,
                "suppressions_lifted": undone.unsuppressed,
                "kept": undone.kept_count,
                "kept_examples": [
                    {"address": address, "reason": reason} for address, reason in undone.kept
                ],
            }
        )
        return
    say(
        f"Import {number} is undone: {counted(undone.removed, 'person', 'people')} removed, {undone.restored:,} as"
        f" before, {undone.unsuppressed:,} suppressions lifted, {undone.kept_count:,} kept."
    )
    for address, reason in undone.kept:
        say(f"  kept: {address} ({reason})")


@commands.command()
def imports(*, as_json: AsJson = False) -> None:
    """List the latest imports."""
    with open_app() as app, app.reader.begin() as connection:
        found = run.recent(connection)
    rows = [
        {
            "import": one.id,
            "file": one.file,
            "format": one.format,
            "state": one.state,
            "started": f"{one.started_at:%Y-%m-%d %H:%M}",
            "by": one.actor,
            "result": ", ".join(f"{count:,} {word}" for word, count in one.counts.items()),
        }
        for one in found
    ]
    print_rows(rows, ("import", "file", "state", "started", "by", "result"), as_json=as_json)


@commands.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; without, standard output.")
    ] = None,
    *,
    kind: Annotated[
        Literal["csv", "jsonl"], typer.Option("--format", help="A table, or JSON lines.")
    ] = "csv",
) -> None:
    """Write everybody out, with consent and standing.

    The file imports again without loss.
    """
    with open_app() as app:
        if file is None:
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # it is a text file
            exporting.export(app.reader, sys.stdout, kind=kind)
            return
        count = _write(app, file, kind)
    say(f"{count:,} people written to {file}.")


def terms_of(publication: Publication, file: str, *, into: list[str], attest: str = "") -> Terms:
    """Return what the words of a list mean in this publication."""
    newsletters = {
        slug(name): one.key for one in publication.newsletters for name in (one.title, one.key)
    }
    unknown = [name for name in into if slug(name) not in newsletters]
    if unknown:
        known = ", ".join(one.key for one in publication.newsletters)
        fail(f"There is no newsletter “{unknown[0]}”; there are: {known}.", Exit.USAGE)
    chosen = [newsletters[slug(name)] for name in into]
    if not chosen and len(publication.newsletters) == 1:
        chosen = [publication.newsletters[0].key]
    return Terms(file, topics_by_name(publication), newsletters, tuple(chosen), clean(attest))


def _mapping(options: list[str]) -> dict[str, str]:
    pairs = [option.partition("=") for option in options]
    if wrong := [field for field, sign, _column in pairs if not sign]:
        fail(f"--map {wrong[0]}: expected FIELD=COLUMN, such as address=Mail.", Exit.USAGE)
    return {field.strip(): column.strip() for field, _sign, column in pairs}


def _print_set(found: ChangeSet, *, applied: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "import": found.id or None,
                "applied": applied,
                "layout": found.listing.layout.lines(),
                "counts": dict(found.counts),
                "withheld": dict(found.withheld),
                "examples": {
                    outcome: [
                        {"row": one.row, "address": one.address, "words": one.words} for one in some
                    ]
                    for outcome, some in found.examples.items()
                },
            }
        )
        return
    for line in found.listing.layout.lines():
        say(line)
    _print_outcomes(found, applied=applied)
    if found.withheld:
        say()
        say("What this import does not do:")
        for reason, count in found.withheld.most_common():
            say(f"  {count:,} × {reason}")
    say()
    if applied:
        say(
            f"Applied as import {found.id}; `newsletter subscribers undo {found.id}` takes it back."
        )
    else:
        say("Nothing is changed yet; add --apply to do it.")


def _print_outcomes(found: ChangeSet, *, applied: bool) -> None:
    if not found.counts:
        say()
        say("The file has no rows.")
    for outcome, count in found.counts.most_common():
        say()
        say(f"{count:,} {outcome if applied else f'would be {outcome}'}")
        for one in found.examples.get(outcome, ()):
            say(f"  row {': '.join(filter(None, (str(one.row), one.address, one.words)))}")


@contextmanager
def _progress(what: str) -> Iterator[run.Progress]:
    columns = (TextColumn("{task.completed:,} {task.description}"), TimeElapsedColumn())
    hidden = not errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=hidden) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done: shown.update(task, completed=done)


def _write(app: App, file: Path, kind: Literal["csv", "jsonl"]) -> int:
    try:
        with file.open("x", encoding="utf-8", newline="") as stream:
            file.chmod(0o600)
            return exporting.export(app.reader, stream, kind=kind)
    except FileExistsError:
        fail(f"{file} exists already; name another file.", Exit.USAGE)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")


def actor() -> str:
    """Return the person who runs the command, as acts are recorded."""
    return str(Actor.person(getpass.getuser()))
