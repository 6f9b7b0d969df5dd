"""`newsletter send`: send an issue, test it, or decide about one that is being sent."""

from collections.abc import Mapping
from typing import Annotated, cast, get_args

import typer

from newsletter.app import App
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_json, say, warn
from newsletter.cli.watching import AsJson, Number, print_status
from newsletter.send.decisions import Decision
from newsletter.usecases import proofs, sending
from newsletter.usecases.context import Context
from newsletter.usecases.sending import Sent

commands = typer.Typer()

Resolution = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--resolve",
        metavar="BATCH accepted|again|never",
        help="Decide about a batch with an unknown outcome.",
    ),
]


@commands.command()
def send(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    *,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="ADDRESS", help="Email every edition to staff only."),
    ] = None,
    subscriber: Annotated[
        str, typer.Option("--as", metavar="SUBSCRIBER", help="With --test: as this person gets it.")
    ] = "",
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the slot, undo window or spread.")
    ] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Stop it, within one batch.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume a paused issue.")] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel what has not been submitted.")
    ] = False,
    move: Annotated[
        str | None,
        typer.Option("--move", metavar="PROVIDER", help="Give the rest to another provider."),
    ] = None,
    resolve: Resolution = None,
    as_json: AsJson = False,
) -> None:
    """Send an approved issue; or test, stop or decide about it."""
    asked = {"--test": test, "--move": move, "--resolve": resolve}
    chosen = _only({**asked, "--pause": pause, "--resume": resume, "--cancel": cancel}, now=now)
    if subscriber and test is None:
        fail("--as goes with --test ADDRESS only.", Exit.USAGE)
    with open_app() as app:
        if test is not None:
            _test(app, issue, test, subscriber, as_json=as_json)
            return
        if move is not None:
            _require_provider(app, move)
            sending.move(app.context, current_user(), issue, move)
        elif resolve is not None:
            _resolve(app.context, issue, *resolve)
        elif chosen:
            _stop(app.context, issue, chosen)
        go = sending.go_on if chosen else sending.send
        sent = go(app.context, current_user(), issue, at_once=now)
    raise typer.Exit(_print(sent, as_json=as_json))


def _only(wanted: Mapping[str, object], *, now: bool) -> str:
    """Return the one act that is asked for, if any; --now can be combined with --resume only.

    An empty word counts as given: `--test "$ADDRESS"` must not become a send to all subscribers.
    """
    chosen = [name for name, given in wanted.items() if given is not None and given is not False]
    together = [*chosen, "--now"] if now and chosen not in ([], ["--resume"]) else chosen
    if len(together) > 1:
        fail(f"{' and '.join(together)} cannot be combined.", Exit.USAGE)
    return chosen[0] if chosen else ""


def _require_provider(app: App, name: str) -> None:
    if name not in app.senders:
        fail(f"The provider {name!r} is not set up; there is {', '.join(app.senders)}.", Exit.USAGE)


def _stop(context: Context, issue_id: int, chosen: str) -> None:
    known = {"--pause": sending.pause, "--resume": sending.resume, "--cancel": sending.cancel}
    known[chosen](context, current_user(), issue_id)


def _resolve(context: Context, issue_id: int, batch: str, decision: str) -> None:
    if decision not in get_args(Decision):
        fail(f"{decision!r} is not a decision: choose accepted, again or never.", Exit.USAGE)
    sending.resolve(context, current_user(), issue_id, batch, cast("Decision", decision))


def _print(sent: Sent, *, as_json: bool) -> Exit:
    """Print the problems and the status of an issue; return the exit code."""
    if sent.too_early:
        warn("It is too early. `--now` does not wait for the slot or the undo window.")
    for problem in sent.problems:
        warn(problem)
    print_status(sent.status, as_json=as_json)
    if sent.problems:
        return Exit.FAILED
    return Exit.WAITS if sent.status.waits_for_a_person else Exit.OK


def _test(app: App, issue_id: int, address: str, subscriber: str, *, as_json: bool) -> None:
    sent_editions = proofs.send_test(
        app.context, current_user(), issue_id, address, subscriber=subscriber
    )
    for sent in sent_editions:
        edition = sent.edition
        if sent.problem:
            fail(f"Edition {edition.seq} was not accepted: {sent.problem}.")
        if as_json:
            print_json({"edition": edition.seq, "address": address, "subject": edition.subject})
        else:
            say(f"Edition {edition.seq} was submitted to {address}: {edition.subject}")
