"""`newsletter report`: what became of an issue, or how a newsletter grew."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, console, fail, print_json, print_rows, say
from newsletter.model.issue_report import IssueReport
from newsletter.model.newsletter_report import NewsletterReport
from newsletter.usecases import growing, reporting
from subscribers.roster.formulas import defused

if TYPE_CHECKING:
    from newsletter.render.catalog import Catalog
    from newsletter.render.report_view import ReportSection

commands = typer.Typer()


@commands.command()
def report(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ISSUE|NEWSLETTER",
            help="The issue's id, as `newsletter issues` shows it, or a newsletter's key.",
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print every number on a line of its own, as CSV.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of the text, such as ko.")] = "en",
) -> None:
    """Report what became of an issue, or how a newsletter grew."""
    if as_json and as_csv:
        fail("Choose --json or --csv, not both.", Exit.USAGE)
    with open_app() as app:
        found = _report(app, subject)
        if as_json:
            print_json(plain(found))
        elif as_csv:
            _print_csv(found)
        else:
            _print(app, found, language)


def _report(app: App, subject: str) -> IssueReport | NewsletterReport:
    """Return the report of an issue if `subject` is a number, else of a newsletter."""
    if subject.isdecimal() and app.publication.newsletter(subject) is None:
        return reporting.issue_report(app.context, int(subject))
    return growing.newsletter_report(app.context, subject)


def _print(app: App, found: IssueReport | NewsletterReport, language: str) -> None:
    catalogs = app.templates.catalogs
    if not catalogs.has(language):
        fail(f"There are no texts in “{language}”; expected {' or '.join(catalogs.languages)}.")
    catalog = catalogs.of(language)
    title, shown, empty = _shown(app, found, catalog)
    say(title)
    if not shown:
        say(empty)
    for section in shown:
        say()
        say(section.title)
        for note in section.notes:
            say(note)
        if section.rows:
            rows = [dict(zip(section.head, row, strict=True)) for row in section.rows]
            print_rows(rows, section.head)


def _shown(
    app: App, found: IssueReport | NewsletterReport, catalog: "Catalog"
) -> "tuple[str, tuple[ReportSection, ...], str]":
    """Return the title of a report, its sections, and the sentence if there are none."""
    from newsletter.render import growth_view, report_view  # noqa: PLC0415 - slow to import

    if isinstance(found, NewsletterReport):
        shown = growth_view.sections(found, catalog, app.publication.topics)
        return found.title, shown, catalog.text("growth.empty")
    newsletter = app.publication.newsletter(found.newsletter)
    zone: tzinfo = newsletter.timezone if newsletter else app.publication.timezone
    return found.name, report_view.sections(found, catalog, zone), catalog.text("report.empty")


def _print_csv(found: IssueReport | NewsletterReport) -> None:
    writer = csv.writer(console.file)
    writer.writerow(("what", "value"))
    for path, value in flat(plain(found), ()):
        writer.writerow(
            (defused(".".join(path)), defused(value) if isinstance(value, str) else value)
        )


def plain(value: object) -> object:
    """Return a report as dictionaries, lists and plain values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def flat(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every number and text with its path; rows of a list are numbered from 1."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value, 1):
            yield from flat(each, (*path, str(place)))
    else:
        yield path, value
