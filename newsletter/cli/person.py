"""`newsletter subscribers find|pause|zone|unsubscribe|link|data`: find one, and do what they ask for."""

from typing import Annotated

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_json, print_rows, say
from newsletter.usecases import person
from subscribers.consent.choosing import LONGEST_PAUSE

commands = typer.Typer()

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber's email address.")]
Newsletter = Annotated[
    str, typer.Option("--newsletter", help="Only this newsletter; all of them if left out.")
]


@commands.command()
def find(
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="How an address, a name, or @domain begins."),
    ] = "",
    *,
    segment: Annotated[
        str, typer.Option("--in", metavar="EXPR", help='A tag or a segment: "a and not b".')
    ] = "",
    after: Annotated[str, typer.Option(help="Continue here, as the last line says.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Find subscribers by address, name, tag or segment."""
    if not text and not segment:
        fail("Say whom to find: a text, or --in a segment.", Exit.USAGE)
    with open_app() as app:
        found = person.search(app.context, current_user(), text, segment, after).found
    rows = [
        {
            "id": subscriber.id,
            "address": subscriber.address,
            "name": subscriber.name,
            "tags": ", ".join(tag.name for tag in subscriber.tags),
        }
        for subscriber in found.people
    ]
    columns = ("id", "address", "name", "tags")
    print_rows(rows, columns, as_json=as_json, empty="No subscriber was found.")
    if found.after and not as_json:
        say(f"There are more: add --after {found.after}.")


@commands.command()
def pause(
    address: Address,
    *,
    weeks: Annotated[
        int, typer.Option(min=0, max=LONGEST_PAUSE, help="How long; 0 ends a pause.")
    ] = 4,
    newsletter: Newsletter = "",
) -> None:
    """Pause a subscriber's newsletters, on request."""
    with open_app() as app:
        changed = person.pause(
            app.context, current_user(), address, newsletter=newsletter, weeks=weeks
        )
    ended = "No longer paused" if weeks == 0 else f"Paused for {weeks} weeks"
    say(f"{ended}: {', '.join(changed)}." if changed else "Nothing had to be changed.")


@commands.command()
def zone(
    address: Address,
    timezone: Annotated[
        str, typer.Argument(metavar="ZONE", help='Such as Asia/Seoul; "" for the newsletter\'s.')
    ],
) -> None:
    """Set the time zone of a subscriber, on request."""
    with open_app() as app:
        chosen = person.set_timezone(app.context, current_user(), address, timezone)
    say(f"The time zone of {address} is now {chosen or 'that of each newsletter'}.")


@commands.command()
def unsubscribe(
    address: Address,
    *,
    newsletter: Newsletter = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
) -> None:
    """Unsubscribe a subscriber who asked, with a goodbye email."""
    with open_app() as app:
        outcome = person.unsubscribe(
            app.context, current_user(), address, newsletter=newsletter, reason=why
        )
    messages = {"unsubscribed": f"{address} is unsubscribed."}
    say(messages.get(outcome, f"{address} was not subscribed."))


@commands.command()
def link(address: Address) -> None:
    """Email a subscriber the link to manage their data."""
    with open_app() as app:
        outcome = person.email_link(app.context, current_user(), address)
    if outcome != "emailed":
        fail(f"No link will be emailed: {address} is suppressed, or already got five today.")
    say("The link goes out with the next pass.")


@commands.command()
def data(address: Address) -> None:
    """Print everything that is stored about a subscriber, as JSON."""
    with open_app() as app:
        print_json(person.data(app.context, current_user(), address))
