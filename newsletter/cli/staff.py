"""`newsletter staff …`: who may sign in at the desk."""

from typing import Annotated

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_rows, say
from newsletter.cli.watching import AsJson
from newsletter.model.actor import Role
from newsletter.usecases import staff

commands = typer.Typer()
members = typer.Typer(help="Choose who may sign in at the desk.", no_args_is_help=True)
commands.add_typer(members, name="staff")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The member's email address.")]


@members.callback()
def group() -> None:
    """Choose who may sign in at the desk."""


@members.command()
def add(
    email: Email,
    *,
    role: Annotated[str, typer.Option(help="What they may do: editor, approver or admin.")],
) -> None:
    """Let a person sign in, or give a member another role."""
    names = [known.name.lower() for known in Role]
    if role not in names:
        fail(f"{role!r} is not a role: choose {', '.join(names[:-1])} or {names[-1]}.", Exit.USAGE)
    with open_app() as app:
        done = staff.add(app.context, current_user(), email, Role[role.upper()])
    if done.before is None:
        say(f"{done.address} may sign in as {role}.")
    elif done.before is done.role:
        say(f"{done.address} already has the role {role}.")
    else:
        say(f"{done.address} was {done.before.name.lower()} and is now {role}.")


@members.command(name="list")
def list_members(*, as_json: AsJson = False) -> None:
    """List who may sign in."""
    with open_app() as app:
        found = staff.members(app.context, current_user())
    rows = [
        {"email": member.address, "role": member.role.name.lower(), "since": member.added_at}
        for member in found
    ]
    if not rows and not as_json:
        say("No one signs in yet: the desk opens with the link that `newsletter serve` prints.")
        return
    print_rows(rows, ("email", "role", "since"), as_json=as_json)


@members.command()
def remove(email: Email) -> None:
    """Remove a member and end their sessions."""
    with open_app() as app:
        done = staff.remove(app.context, current_user(), email)
    say(f"{done.address} can no longer sign in.")


@members.command()
def link(email: Email) -> None:
    """Print a sign-in link, for a day without email."""
    with open_app() as app:
        made = staff.make_link(app.context, current_user(), email)
    say(made.link)
    say(f"It signs {made.address} in once, in any browser, within 15 minutes.")
