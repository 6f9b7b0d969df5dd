"""`newsletter segment`."""

from typing import Annotated

import sqlalchemy as sa
import typer

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, fail, print_json, print_rows, say
from newsletter.model.publication import Newsletter
from newsletter.model.vocabulary import topics_by_name
from newsletter.pipeline.report import counted
from subscribers import directory
from subscribers.audience import Question, count, examples, exclusions, why
from subscribers.segment import names, parse

commands = typer.Typer()


@commands.command()
def segment(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help='Such as "a and not b".')],
    *,
    newsletter: Annotated[
        str,
        typer.Option("--newsletter", help="Whose subscribers; the first newsletter if left out."),
    ] = "",
    why_: Annotated[
        str, typer.Option("--why", metavar="ADDRESS", help="Explain why a subscriber is in or out.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Count a segment, and the subscribers it excludes by reason."""
    with open_app() as app:
        chosen = _newsletter(app, newsletter)
        rule = parse(expression, dict(app.publication.segments))
        question = Question(chosen.key, rule, app.now())
        if why_:
            _explain(app, question, why_, as_json=as_json)
            return
        with app.reader.begin() as connection:
            unknown = directory.unknown_tags(connection, names(rule) - _topics(app))
            people = count(connection, question)
            if as_json:
                _print_json(connection, question, people, unknown)
            else:
                _print(connection, question, people, unknown, chosen.title)


def _print(
    connection: sa.Connection, question: Question, people: int, unknown: list[str], title: str
) -> None:
    """Print the count as soon as it is known, and then what takes longer."""
    for tag_slug in unknown:
        say(f"Warning: no subscriber has a tag “{tag_slug}”. Is it misspelled?")
    say(f"{counted(people, 'subscriber')} of {title} would get an issue.")
    rows = [
        {"for_example": address, "name": name} for address, name in examples(connection, question)
    ]
    if rows:
        print_rows(rows, ("for_example", "name"))
    for reason, number in exclusions(connection, question, people).items():
        say(f"{number:>9,} excluded: {reason.value.replace('suppressed:', 'suppressed: ')}")


def _print_json(
    connection: sa.Connection, question: Question, people: int, unknown: list[str]
) -> None:
    shown = [{"address": address, "name": name} for address, name in examples(connection, question)]
    left_out = exclusions(connection, question, people)
    content = {"newsletter": question.newsletter, "people": people, "examples": shown}
    excluded = {reason.value: number for reason, number in left_out.items()}
    print_json(content | {"left_out": excluded, "unknown_tags": unknown})


def _topics(app: App) -> set[str]:
    return set(topics_by_name(app.publication))


def _newsletter(app: App, key: str) -> Newsletter:
    if not app.publication.newsletters:
        fail("No newsletter is configured.", Exit.USAGE)
    chosen = app.publication.newsletter(key) if key else app.publication.newsletters[0]
    if chosen is None:
        known = ", ".join(configured.key for configured in app.publication.newsletters)
        fail(f"Unknown newsletter “{key}”; expected one of {known}.", Exit.USAGE)
    return chosen


def _explain(app: App, question: Question, address: str, *, as_json: bool) -> None:
    with app.reader.begin() as connection:
        person = directory.require(connection, address)
    words = why(person, question)
    if as_json:
        print_json({"address": person.address, "newsletter": question.newsletter, "why": words})
    else:
        say(f"{person.address} is {words}")
