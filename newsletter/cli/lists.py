"""`newsletter subscribers import|undo|imports|export`: import and export lists."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from newsletter.app import App
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, errors, fail, minute, print_json, print_rows, say
from newsletter.model.publication import Publication
from newsletter.pipeline.report import counted
from newsletter.usecases import importing, people
from subscribers.errors import ImportInterrupted, ImportRefused, Remedy
from subscribers.model import SubscriptionState, SuppressionReason, slug
from subscribers.roster import export as exporting
from subscribers.roster import run
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.columns import Choices
from subscribers.roster.latest import latest
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.spreadsheet import as_table
from subscribers.roster.undoing import Undone
from subscribers.roster.vocabulary import StatedStatus, fold

commands = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Ignored = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="COLUMN", help="Do not read this column.")
]
Meanings = Annotated[
    list[str] | None,
    typer.Option("--status", metavar="WORD=STATUS", help="What a word in a status column means."),
]

_REMEDIES = {
    Remedy.MAP_COLUMN: "Map a column with --map FIELD=COLUMN.",
    Remedy.ENCODING: "Name the encoding with --encoding.",
    Remedy.DELIMITER: "Name the delimiter with --delimiter.",
    Remedy.STATUS_COLUMN: "Map it with --map FIELD=COLUMN (fields: status, subscribed, confirmed,"
    " unsubscribed, suppressed, bounced, complained, pending, consent), say what its words"
    " mean with --status WORD=STATUS, or leave it out with --ignore COLUMN.",
}


@commands.command("import")
def import_(  # noqa: PLR0913 - one argument per option of the command
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A table (CSV, XLSX, ODS) or JSON lines.")
    ],
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the changes; without it, only show them.")
    ] = False,
    newsletter: Annotated[
        list[str] | None,
        typer.Option("--newsletter", help="Subscribe to this newsletter; may be repeated."),
    ] = None,
    attest: Annotated[
        str,
        typer.Option("--attest", metavar="WHERE AND WHEN", help="How all subscribers agreed."),
    ] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Read a field from this column."),
    ] = None,
    ignore: Ignored = None,
    status: Meanings = None,
    encoding: Annotated[str, typer.Option(help="The encoding, if it is not detected.")] = "",
    delimiter: Annotated[str, typer.Option(help="The delimiter, if it is not detected.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what a list would change; with --apply, change it.

    An import never raises a status: subscribers who unsubscribed, bounced or complained stay
    excluded, and those without attested consent become pending. `undo` reverses an import within
    30 days.
    """
    with open_app() as app, _hinted():
        choices = Choices(
            _mapping(mapping or []), tuple(ignore or ()), _words(status or []), delimiter
        )
        context, user = app.context, current_user()
        with as_table(file) as table, _progress("rows") as progress:
            listing = open_listing(table, choices, encoding=encoding)
            terms = terms_of(
                app.publication, listing.name, app.now(), into=newsletter or [], attest=attest
            )
            if apply:
                found = people.apply_import(context, user, listing, terms, progress).changes
            else:
                found = people.review_import(context, user, listing, terms, progress)
    _print_change_set(found, applied=apply, as_json=as_json)


@commands.command()
def undo(
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="The number of the import.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Undo an import.

    Subscribers who have acted since are kept and listed.
    """
    with open_app() as app, _progress("subscribers") as progress:
        undone = people.undo_import(app.context, current_user(), number, progress)
    _print_undone(number, undone, as_json=as_json)


@commands.command()
def imports(*, as_json: AsJson = False) -> None:
    """List the latest imports."""
    with open_app() as app, app.reader.begin() as connection:
        found = latest(connection)
    rows = [
        {
            "import": imported.id,
            "file": imported.file,
            "format": imported.format,
            "state": imported.state,
            "started": minute(imported.started_at, app.publication.timezone),
            "by": imported.actor,
            "result": ", ".join(f"{count:,} {word}" for word, count in imported.counts.items()),
        }
        for imported in found
    ]
    print_rows(rows, ("import", "file", "state", "started", "by", "result"), as_json=as_json)


@commands.command()
def export(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to write; standard output if left out or -."),
    ] = None,
    *,
    kind: Annotated[
        Literal["csv", "jsonl"], typer.Option("--format", help="A table, or JSON lines.")
    ] = "csv",
) -> None:
    """Export all subscribers, with consent and status.

    The file can be imported again without loss.
    """
    with open_app() as app:
        if file is None or str(file) == "-":
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # it is a text file
            exporting.export(app.reader, sys.stdout, kind=kind)
            return
        count = _write(app, file, kind)
    say(f"Exported {counted(count, 'subscriber')} to {file}.")


def terms_of(
    publication: Publication, file: str, now: datetime, *, into: list[str], attest: str = ""
) -> Terms:
    """Return what the words of a list mean in this publication."""
    newsletters = {
        slug(name): newsletter.key
        for newsletter in publication.newsletters
        for name in (newsletter.title, newsletter.key)
    }
    unknown = [name for name in into if slug(name) not in newsletters]
    if unknown:
        known = ", ".join(newsletter.key for newsletter in publication.newsletters)
        fail(f"Unknown newsletter “{unknown[0]}”; expected one of {known}.", Exit.USAGE)
    return importing.terms(
        publication, file, now, [newsletters[slug(name)] for name in into], attest
    )


@contextmanager
def _hinted() -> Iterator[None]:
    """Add to the reason of a refusal what to type."""
    try:
        yield
    except ImportInterrupted as error:
        number = error.import_id
        fail(
            f"{error}. Correct the file and import it again, or undo the import with"
            f" `newsletter subscribers undo {number}`."
        )
    except ImportRefused as error:
        if error.remedy is None:
            raise
        fail(f"{error}. {_REMEDIES[error.remedy]}")


def _mapping(options: list[str]) -> dict[str, str]:
    pairs = [option.partition("=") for option in options]
    if wrong := [field for field, sign, _column in pairs if not sign]:
        fail(f"--map {wrong[0]}: expected FIELD=COLUMN, such as address=Mail.", Exit.USAGE)
    return {field.strip(): column.strip() for field, _sign, column in pairs}


def _words(options: list[str]) -> dict[str, StatedStatus]:
    pairs = [option.partition("=") for option in options]
    known = {fold(status.value): status for status in (*SubscriptionState, *SuppressionReason)}
    known |= {"subscribed": SubscriptionState.CONFIRMED, "bounced": SuppressionReason.BOUNCE}
    if wrong := [word for word, _sign, status in pairs if fold(status) not in known]:
        fail(
            f"--status {wrong[0]}: expected WORD=STATUS with one of subscribed, pending,"
            " unsubscribed, bounced, complaint or manual.",
            Exit.USAGE,
        )
    return {fold(word): known[fold(status)] for word, _sign, status in pairs}


def _print_change_set(found: ChangeSet, *, applied: bool, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(found, applied=applied))
        return
    for line in found.listing.layout.lines():
        say(line)
    for label, count in found.statuses.most_common():
        say(f"  {count:,} {label}")
    for name, tag in found.renamed.items():
        say(f"the tag “{name}” is “{tag}” in segments, because another tag has its short form")
    _print_outcomes(found, applied=applied)
    if found.withheld:
        say()
        say("What this import does not do:")
        for reason, count in found.withheld.most_common():
            say(f"  {count:,} × {reason}")
    say()
    if applied:
        say(f"Applied as import {found.id}. To undo it: `newsletter subscribers undo {found.id}`")
    else:
        say("Nothing has changed yet. Add --apply to apply these changes.")


def _as_json(found: ChangeSet, *, applied: bool) -> dict[str, object]:
    return {
        "import": found.id or None,
        "applied": applied,
        "layout": found.listing.layout.lines(),
        "statuses": dict(found.statuses),
        "renamed_tags": found.renamed,
        "counts": dict(found.counts),
        "withheld": dict(found.withheld),
        "examples": {
            outcome: [
                {"row": example.row, "address": example.address, "words": example.words}
                for example in examples
            ]
            for outcome, examples in found.examples.items()
        },
    }


def _print_outcomes(found: ChangeSet, *, applied: bool) -> None:
    if not found.counts:
        say()
        say("The file has no rows.")
    for outcome, count in found.counts.most_common():
        say()
        say(f"{count:,} {outcome if applied else f'would be {outcome}'}")
        for example in found.examples.get(outcome, ()):
            parts = (str(example.row), example.address, example.words)
            say(f"  row {': '.join(filter(None, parts))}")


def _print_undone(number: int, undone: Undone, *, as_json: bool) -> None:
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
        f"Import {number} was undone: {counted(undone.removed, 'subscriber')} removed,"
        f" {undone.restored:,} restored, {undone.unsuppressed:,} suppressions lifted,"
        f" {undone.kept_count:,} kept."
    )
    for address, reason in undone.kept:
        say(f"  kept: {address} ({reason})")


@contextmanager
def _progress(what: str) -> Iterator[run.OnProgress]:
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
        fail(f"{file} already exists; name another file.", Exit.USAGE)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
