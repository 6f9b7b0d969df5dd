"""`newsletter subscribers …` and `newsletter segment`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from newsletter.app import App
from newsletter.cli import lists
from newsletter.cli.lists import actor
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, fail, print_json, print_rows, say
from newsletter.maintenance.erasing import erase_elsewhere
from newsletter.model.publication import Newsletter
from newsletter.model.vocabulary import topics_by_name
from newsletter.store.people import intents
from subscribers import directory, erasure, suppression
from subscribers.audience import Question, summarize, why
from subscribers.model import (
    EmailAddress,
    Subscriber,
    Suppression,
    SuppressionReason,
    Tag,
    TagKind,
    slug,
)
from subscribers.roster.cells import clean
from subscribers.segment import parse

commands = typer.Typer()
subscribers = typer.Typer(
    help="Import, export, look up, tag and forget subscribers.", no_args_is_help=True
)
subscribers.add_typer(lists.commands)
commands.add_typer(subscribers, name="subscribers")

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber's mail address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@subscribers.command()
def show(address: Address, *, as_json: AsJson = False) -> None:
    """Show how somebody stands, and their whole history."""
    with open_app() as app, app.reader.begin() as connection:
        if directory.find(connection, address) is None:
            stranger = directory.stranger(connection, address, app.settings.pepper)
            if stranger is not None:
                _show_stranger(stranger, as_json=as_json)
                return
        person = directory.require(connection, address)
        history = directory.history(connection, person)
    if as_json:
        print_json(_as_json(person, history))
        return
    for line in _portrait(person):
        say(line)
    say()
    _print_history(history)


@subscribers.command()
def tag(
    address: Address,
    *,
    add: Annotated[list[str] | None, typer.Option("--add", help="A label to set.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A tag to take off.")] = None,
) -> None:
    """Set or take off tags, as staff.

    A name that is a configured topic marks that topic.
    """
    with open_app() as app, app.engine.begin() as connection:
        person = directory.require(connection, address)
        known = topics_by_name(app.publication)
        wanted = [
            known.get(slug(name)) or Tag(slug(name), clean(name), TagKind.LABEL)
            for name in add or ()
        ]
        directory.mark(
            connection,
            person,
            add=[one for one in wanted if one.slug],
            remove=[slug(name) for name in remove or ()],
            actor=actor(),
            now=app.now(),
        )
        after = directory.require(connection, address)
    say(f"{after.address}: {', '.join(one.name for one in after.tags) or 'no tags'}")


@subscribers.command()
def forget(
    address: Address,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase somebody from everything that we hold.

    A keyed hash stays, so that no import brings them back.
    """
    with open_app() as app:
        whose = EmailAddress.parse(address)
        if not yes:
            typer.confirm(f"Erase {address} for good?", abort=True)
        with app.engine.begin() as connection:
            effects = erasure.erase_address(
                connection, whose, pepper=app.settings.pepper, actor=actor(), now=app.now()
            )
            intents.carry_out(connection, effects, app.journal, now=app.now())
        found = erase_elsewhere(app.engine, app.settings.outbox, effects.erased)
    say(f"Erased, with {found} copies elsewhere. What stays is a keyed hash.")


@subscribers.command()
def suppress(
    address: Address,
    *,
    why_: Annotated[str, typer.Option("--why", help="For whoever reads it later.")] = "",
) -> None:
    """Never mail an address again."""
    with open_app() as app, app.engine.begin() as connection:
        key = EmailAddress.parse(address).key
        cause = Suppression(key, SuppressionReason.MANUAL, actor(), why_, app.now())
        effects = suppression.suppress(connection, cause, pepper=app.settings.pepper, actor=actor())
        intents.carry_out(connection, effects, app.journal, now=app.now())
    said = {
        "suppressed": f"{address} is suppressed.",
        "taken over": "It was already, by an import; now it stays so even if that is undone.",
    }
    say(said.get(effects.outcome, "It was already."))


@subscribers.command()
def lift(
    address: Address,
    *,
    why_: Annotated[
        str, typer.Option("--why", prompt="Why may it be mailed again", help="Recorded with it.")
    ],
) -> None:
    """Mail a suppressed address again; the reason is recorded."""
    with open_app() as app, app.engine.begin() as connection:
        key = EmailAddress.parse(address).key
        pepper = app.settings.pepper
        effects = suppression.lift(
            connection, key, why=why_, actor=actor(), now=app.now(), pepper=pepper
        )
        intents.carry_out(connection, effects, app.journal, now=app.now())
    say(f"{address} is no longer suppressed.")


@commands.command()
def segment(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help='Such as "a and not b".')],
    *,
    newsletter: Annotated[
        str, typer.Option("--newsletter", help="Of whose subscribers; the first one if left out.")
    ] = "",
    why_: Annotated[
        str, typer.Option("--why", metavar="ADDRESS", help="Say why somebody is in or out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Count a segment, and say who is left out and why."""
    with open_app() as app:
        chosen = _newsletter(app, newsletter)
        rule = parse(expression, dict(app.publication.segments))
        question = Question(chosen.key, rule, app.now(), None)
        if why_:
            _say_why(app, question, why_, as_json=as_json)
            return
        with app.reader.begin() as connection:
            found = summarize(connection, question)
    if as_json:
        examples = [{"address": address, "name": name} for address, name in found.examples]
        left_out = dict(found.left_out)
        content = {"newsletter": chosen.key, "people": found.people}
        print_json(content | {"examples": examples, "left_out": left_out})
        return
    say(f"{found.people:,} of those subscribed to {chosen.title} would get an issue.")
    if found.examples:
        print_rows(
            [{"for_example": address, "name": name} for address, name in found.examples],
            ("for_example", "name"),
        )
    for reason, people in found.left_out.items():
        say(f"{people:>9,} left out: {reason}")


def _newsletter(app: App, key: str) -> Newsletter:
    if not app.publication.newsletters:
        fail("No newsletter is configured.", Exit.USAGE)
    chosen = app.publication.newsletter(key) if key else app.publication.newsletters[0]
    if chosen is None:
        known = ", ".join(one.key for one in app.publication.newsletters)
        fail(f"There is no newsletter “{key}”; there are: {known}.", Exit.USAGE)
    return chosen


def _say_why(app: App, question: Question, address: str, *, as_json: bool) -> None:
    with app.reader.begin() as connection:
        person = directory.require(connection, address)
    words = why(person, question)
    if as_json:
        print_json({"address": person.address, "newsletter": question.newsletter, "why": words})
    else:
        say(f"{person.address} is {words}")


def _portrait(person: Subscriber) -> list[str]:
    name = f"{person.name} <{person.address}>" if person.name else person.address
    topics = [one.name for one in person.tags if one.kind is TagKind.TOPIC]
    labels = [one.name for one in person.tags if one.kind is TagKind.LABEL]
    return [
        name,
        *(f"  {line}" for line in directory.standing(person)),
        f"  follows: {', '.join(topics) or 'everything'}",
        *([f"  labels: {', '.join(labels)}"] if labels else []),
        *([f"  language: {person.language}"] if person.language else []),
        *(
            [f"  suppressed: {person.suppressed.reason.value} ({person.suppressed.origin})"]
            if person.suppressed
            else []
        ),
    ]


def _print_history(history: Iterable[directory.HistoryLine]) -> None:
    rows = [
        {"when": f"{one.at:%Y-%m-%d %H:%M}", "who": one.actor, "what": one.words} for one in history
    ]
    print_rows(rows, ("when", "who", "what"))


def _show_stranger(stranger: directory.Stranger, *, as_json: bool) -> None:
    one = stranger.suppressed
    if as_json:
        said = directory.suppression_of(one)
        history = [
            {"at": line.at, "actor": line.actor, "what": line.words} for line in stranger.history
        ]
        print_json({"address": stranger.address, "suppressed": said, "history": history})
        return
    why = f": {one.detail}" if one.detail else ""
    say(f"{stranger.address} is no subscriber; it is never mailed.")
    say(f"  suppressed: {one.reason.value} ({one.origin}) since {one.at:%Y-%m-%d}{why}")
    say()
    _print_history(stranger.history)


def _as_json(person: Subscriber, history: list[directory.HistoryLine]) -> dict[str, object]:
    return {
        "id": person.id,
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "topics": sorted(person.topics),
        "labels": sorted(person.slugs - person.topics),
        "subscriptions": [
            {
                "newsletter": one.newsletter,
                "state": one.state.value,
                "frequency": one.frequency.value,
                "paused_until": one.paused_until,
                "since": one.since,
            }
            for one in person.subscriptions
        ],
        "suppressed": person.suppressed.reason.value if person.suppressed else None,
        "history": [{"at": one.at, "actor": one.actor, "what": one.words} for one in history],
    }
