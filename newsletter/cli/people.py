"""`newsletter subscribers …`."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Annotated

import typer

from newsletter.cli import lists, person
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, minute, print_json, print_rows, say
from newsletter.pipeline.report import counted
from newsletter.store.people import notices
from newsletter.store.people.notices import QueuedNotice
from newsletter.usecases import asking, people
from subscribers import directory
from subscribers.model import (
    MUTE,
    EmailAddress,
    Subscriber,
    TagKind,
)

commands = typer.Typer()
subscribers = typer.Typer(
    help="Add, import, export, tag, suppress and erase subscribers.", no_args_is_help=True
)
subscribers.add_typer(lists.commands)
subscribers.add_typer(person.commands)
commands.add_typer(subscribers, name="subscribers")

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber's email address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@subscribers.command()
def show(address: Address, *, as_json: AsJson = False) -> None:
    """Show a subscriber's status and history."""
    with open_app() as app, app.reader.begin() as connection:
        if directory.find(connection, address) is None:
            suppressed = directory.find_suppressed(connection, address, app.settings.pepper)
            if suppressed is not None:
                _show_suppressed(suppressed, app.publication.timezone, as_json=as_json)
                return
        person = directory.require(connection, address)
        emails = notices.of_person(connection, person.id)
        history = [*directory.history(connection, person), *_failures(emails)]
        history.sort(key=lambda line: line.at)
        zone = app.publication.timezone
    if as_json:
        print_json(_as_json(person, history))
        return
    for line in _describe(person):
        say(line)
    say()
    _print_history(history, zone)


@subscribers.command()
def add(
    address: Address,
    *,
    newsletter: Annotated[
        list[str] | None,
        typer.Option("--newsletter", help="Subscribe to this newsletter; may be repeated."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="The subscriber's name.")] = "",
    language: Annotated[str, typer.Option("--language", help="Such as ko.")] = "",
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="A topic or a label; may be repeated.")
    ] = None,
    attest: Annotated[
        str,
        typer.Option("--attest", metavar="WHERE AND WHEN", help="How the subscriber agreed."),
    ] = "",
) -> None:
    """Add one subscriber, who is asked to confirm by email.

    With --attest, the subscriber is confirmed without an email, and the evidence is recorded. If
    they unsubscribed before, they are asked in any case, and only with --attest. A suppressed or
    erased address is refused.
    """
    with open_app() as app:
        into = lists.terms_of(app.publication, "", app.now(), into=newsletter or []).into
        if not into:
            fail("Name a newsletter with --newsletter.", Exit.USAGE)
        new = people.NewSubscriber(address, into, name, language, tuple(tags or ()), attest)
        added = people.add(app.context, current_user(), new)
    titles = " and ".join(added.titles)
    messages = {
        "confirmed": f"{added.address} is subscribed to {titles}.",
        "emailed": f"{added.address} is asked by email to confirm {titles}.",
        "not emailed": f"{added.address} was asked often enough and gets no further email about"
        f" {titles} now. The subscription is pending.",
        "already": f"{added.address} is already subscribed to {titles}.",
    }
    say(messages[added.outcome])


@subscribers.command()
def tag(
    address: Address,
    *,
    add: Annotated[list[str] | None, typer.Option("--add", help="A label to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A tag to remove.")] = None,
) -> None:
    """Add or remove tags, as staff.

    The name of a configured topic adds that topic.
    """
    with open_app() as app:
        after = people.tag(app.context, current_user(), address, add=add or (), remove=remove or ())
    say(f"{after.address}: {', '.join(tag.name for tag in after.tags) or 'no tags'}")


@subscribers.command()
def forget(
    address: Address,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase a subscriber and everything stored about them.

    A keyed hash stays, so that no import adds the address again.
    """
    with open_app() as app:
        EmailAddress.parse(address)
        if not yes:
            typer.confirm(f"Erase {address} permanently?", abort=True)
        erased = people.erase(app.context, current_user(), address)
    say(f"Erased, with {erased.copies} copies elsewhere. Only a keyed hash is kept.")


@subscribers.command()
def suppress(
    address: Address,
    *,
    why_: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
) -> None:
    """Never email an address again."""
    with open_app() as app:
        outcome = people.suppress(app.context, current_user(), address, reason=why_)
    messages = {
        "suppressed": f"{address} is suppressed.",
        "taken over": f"{address} was suppressed by an import. It now stays suppressed even if that"
        " import is undone.",
    }
    say(messages.get(outcome, f"{address} was already suppressed."))


@subscribers.command()
def lift(
    address: Address,
    *,
    why_: Annotated[
        str,
        typer.Option("--why", prompt="Why may it be emailed again", help="Stored with the act."),
    ],
) -> None:
    """Email a suppressed address again; the reason is recorded."""
    with open_app() as app:
        people.lift(app.context, current_user(), address, reason=why_)
    say(f"{address} is no longer suppressed.")


@subscribers.command()
def ask(
    *,
    pending: Annotated[
        bool, typer.Option("--pending", help="Ask those who are pending and were never asked.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to ask now.")] = asking.AT_ONCE,
) -> None:
    """Ask subscribers without consent to confirm by email. Each is asked once."""
    if not pending:
        fail("Say whom to ask: --pending.", Exit.USAGE)
    with open_app() as app:
        done = asking.ask_pending(app.context, current_user(), limit)
    say(f"Queued {counted(done.emailed, 'confirmation email')} for the next pass.")
    if done.left_out:
        left_out = counted(done.left_out, "subscriber")
        say(f"Not asked, because suppressed or asked too often: {left_out}.")
    if done.more:
        say("More are pending. Run the command again later.")


def _describe(person: Subscriber) -> list[str]:
    name = f"{person.name} <{person.address}>" if person.name else person.address
    topics = [tag.name for tag in person.tags if tag.kind is TagKind.TOPIC]
    labels = [tag.name for tag in person.tags if tag.kind is TagKind.LABEL]
    mutes = [tag.name.removeprefix(MUTE) for tag in person.tags if tag.kind is TagKind.MUTE]
    return [
        name,
        *(f"  {line}" for line in directory.describe_subscriptions(person)),
        f"  follows: {', '.join(topics) or 'everything'}",
        *([f"  mutes: {', '.join(mutes)}"] if mutes else []),
        *([f"  labels: {', '.join(labels)}"] if labels else []),
        *([f"  language: {person.language}"] if person.language else []),
        *([f"  time zone: {person.timezone}"] if person.timezone else []),
        *(f"  {key}: {answer}" for key, answer in person.answers.items()),
        *(
            [f"  suppressed: {person.suppressed.reason.value} ({person.suppressed.origin})"]
            if person.suppressed
            else []
        ),
    ]


def _failures(emails: Iterable[QueuedNotice]) -> Iterator[directory.HistoryLine]:
    """Yield what the provider or a server reported about automatic emails that did not arrive."""
    for email in emails:
        if email.state in notices.FAILED:
            words = f"{email.notice.kind} email: {email.state}"
            reason = f" ({email.reason})" if email.reason else ""
            yield directory.HistoryLine(email.queued_at, "provider", words + reason)


def _print_history(history: Iterable[directory.HistoryLine], zone: tzinfo) -> None:
    rows = [
        {"when": minute(line.at, zone), "who": line.actor, "what": line.words} for line in history
    ]
    print_rows(rows, ("when", "who", "what"))


def _show_suppressed(found: directory.SuppressedAddress, zone: tzinfo, *, as_json: bool) -> None:
    suppressed = found.suppressed
    if as_json:
        record = directory.suppression_record(suppressed)
        history = [
            {"at": line.at, "actor": line.actor, "what": line.words} for line in found.history
        ]
        print_json({"address": found.address, "suppressed": record, "history": history})
        return
    detail = f": {suppressed.detail}" if suppressed.detail else ""
    say(f"{found.address} is not a subscriber. It is suppressed and never emailed.")
    say(
        f"  suppressed: {suppressed.reason.value} ({suppressed.origin})"
        f" since {suppressed.at:%Y-%m-%d}{detail}"
    )
    say()
    _print_history(found.history, zone)


def _as_json(person: Subscriber, history: list[directory.HistoryLine]) -> dict[str, object]:
    return {
        "id": person.id,
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "timezone": person.timezone,
        "answers": dict(person.answers),
        "topics": sorted(person.topics),
        "labels": sorted(person.slugs - person.topics),
        "subscriptions": [
            {
                "newsletter": subscription.newsletter,
                "state": subscription.state.value,
                "frequency": subscription.frequency.value,
                "paused_until": subscription.paused_until,
                "since": subscription.since,
            }
            for subscription in person.subscriptions
        ],
        "suppressed": person.suppressed.reason.value if person.suppressed else None,
        "history": [{"at": line.at, "actor": line.actor, "what": line.words} for line in history],
    }
