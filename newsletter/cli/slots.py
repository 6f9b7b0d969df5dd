"""`newsletter slots`: skip a coming slot, or pause a newsletter, without editing newsletter.toml."""

from typing import Annotated

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, say
from newsletter.model.days_off import Pause
from newsletter.pipeline.report import counted
from newsletter.usecases import planning
from newsletter.usecases.planning import NewsletterPaused

commands = typer.Typer()
slots_program = typer.Typer(
    help="Skip a coming slot or take that back, or pause a newsletter.", no_args_is_help=True
)
commands.add_typer(slots_program, name="slots")


@slots_program.callback()
def group() -> None:
    """Skip a coming slot or take that back, or pause a newsletter."""


Key = Annotated[str, typer.Argument(metavar="NEWSLETTER", help="Its key in newsletter.toml.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is recorded and shown.")]


@slots_program.command()
def skip(
    newsletter: Key,
    slot: Annotated[
        str, typer.Argument(metavar="SLOT", help='Its local time, such as "2026-11-30T08:00".')
    ],
    reason: Why,
) -> None:
    """Skip a coming slot, and its issue if one was drafted.

    Its articles carry over to the next issue.
    """
    with open_app() as app:
        nominal = slot.strip().replace(" ", "T")
        done = planning.skip_slot(app.context, current_user(), newsletter, nominal, reason=reason)
    drafted = f", with issue {done.issue_id}" if done.issue_id else ""
    say(f"The slot {done.nominal} of {newsletter} is skipped{drafted}: {reason}.")


@slots_program.command()
def restore(
    newsletter: Key,
    slot: Annotated[
        str, typer.Argument(metavar="SLOT", help='Its local time, such as "2026-11-30T08:00".')
    ],
) -> None:
    """Take back that a coming slot was skipped. Its issue, if it has one, is a draft again."""
    with open_app() as app:
        nominal = slot.strip().replace(" ", "T")
        done = planning.restore_slot(app.context, current_user(), newsletter, nominal)
    drafted = f", and issue {done.issue_id} is a draft again" if done.issue_id else ""
    say(f"The slot {done.nominal} of {newsletter} is no longer skipped{drafted}.")


@slots_program.command()
def pause(
    newsletter: Key,
    days: Annotated[
        str,
        typer.Argument(metavar="DAYS", help='Such as "2026-12-24..2027-01-02", or a single day.'),
    ],
    reason: Why,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what the pause would skip.")
    ] = False,
) -> None:
    """Send no issue of a newsletter on some days."""
    try:
        parsed = Pause.parse(days)
    except ValueError as error:
        fail(f"DAYS: {error}.", Exit.USAGE)
    wanted = Pause(parsed.first, parsed.last, reason)
    with open_app() as app:
        if dry_run:
            effect = planning.pause_effect(app.context, current_user(), newsletter, wanted)
        else:
            effect = planning.pause_newsletter(app.context, current_user(), newsletter, wanted)
    _print_effect(effect, "would be paused" if dry_run else "is paused")


@slots_program.command()
def resume(newsletter: Key) -> None:
    """End the pauses of a newsletter that staff set. What was skipped stays skipped."""
    with open_app() as app:
        ended = planning.resume_newsletter(app.context, current_user(), newsletter)
    if not ended:
        fail(f"{newsletter} has no pause that staff set.")
    say(f"{newsletter} is no longer paused.")


def _print_effect(effect: NewsletterPaused, verb: str) -> None:
    say(f"{effect.newsletter.key} {verb} {effect.pause}: {counted(len(effect.slots), 'slot')}.")
    for issue in effect.issues:
        say(f"Issue {issue.id} ({issue.state}) is skipped with them; its articles carry over.")
    for issue in effect.sending:
        say(f"Issue {issue.id} is {issue.state.spoken}: a pause does not stop it.")
