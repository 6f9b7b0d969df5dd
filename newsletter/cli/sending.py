"""`newsletter send`: send an issue, test it, or decide about one that is being sent."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from newsletter.app import App
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_json, say, warn
from newsletter.cli.watching import AsJson, Number, print_status
from newsletter.model.subjects import Arm
from newsletter.pipeline.report import counted
from newsletter.send.decisions import Decision
from newsletter.usecases import proofs, seeking, sending
from newsletter.usecases.context import Context
from newsletter.usecases.sending import Sent

commands = typer.Typer()

Resolution = Annotated[
    str | None,
    typer.Option(
        "--resolve", metavar="BATCH", help="Decide about a batch with an unknown outcome."
    ),
]
Provider = Annotated[
    str | None,
    typer.Option("--move", metavar="PROVIDER", help="Give the rest to another provider."),
]
Winner = Annotated[
    str | None,
    typer.Option(
        "--winner", metavar="SUBJECT", help="Send the rest with subject a or b of a test."
    ),
]
DecisionWord = Annotated[
    str | None,
    typer.Argument(metavar="DECISION", help="With --resolve: accepted, again or never."),
]
Evidence = Annotated[
    bool,
    typer.Option(
        "--evidence", help="Ask SendGrid's Email Activity about batches with an unknown outcome."
    ),
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        "--from-log",
        metavar="FILE",
        help="With --resolve: look the recipients up in a log of Postfix, Exim or Amazon SES.",
    ),
]

SeenAs = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="SUBSCRIBER",
        help="With --test: as this person gets it, or no-name, no-topics, long-name or korean.",
    ),
]


@commands.command()
def send(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    decision: DecisionWord = None,
    *,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="ADDRESS", help="Email every edition to staff only."),
    ] = None,
    subscriber: SeenAs = "",
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the slot, undo window or spread.")
    ] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Stop it, within one batch.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume a paused issue.")] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel what has not been submitted.")
    ] = False,
    move: Provider = None,
    winner: Winner = None,
    resolve: Resolution = None,
    from_log: LogFile = None,
    evidence: Evidence = False,
    as_json: AsJson = False,
) -> None:
    """Send an approved issue; or test, stop or decide about it."""
    asked = {"--test": test, "--move": move, "--winner": winner, "--resolve": resolve}
    flags = {"--pause": pause, "--resume": resume, "--cancel": cancel, "--evidence": evidence}
    chosen = _only({**asked, **flags}, now=now)
    if subscriber and test is None:
        fail("--as goes with --test ADDRESS only.", Exit.USAGE)
    if resolve is None and (decision is not None or from_log is not None):
        fail("A decision and --from-log go with --resolve BATCH only.", Exit.USAGE)
    with open_app() as app:
        if test is not None:
            _test(app, issue, test, subscriber, as_json=as_json)
            return
        if move is not None:
            _require_provider(app, move)
            sending.move(app.context, current_user(), issue, move)
        elif winner is not None:
            _choose(app.context, issue, winner)
        elif resolve is not None:
            _resolve(app.context, issue, resolve, decision, from_log)
        elif chosen:
            _act(app, issue, chosen)
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


def _act(app: App, issue_id: int, chosen: str) -> None:
    if chosen == "--evidence":
        _seek(app, issue_id)
        return
    known = {"--pause": sending.pause, "--resume": sending.resume, "--cancel": sending.cancel}
    known[chosen](app.context, current_user(), issue_id)


def _choose(context: Context, issue_id: int, winner: str) -> None:
    if winner not in {Arm.A, Arm.B}:
        fail(f"{winner!r} is not a subject: choose a or b.", Exit.USAGE)
    chosen = sending.choose_subject(context, current_user(), issue_id, Arm(winner))
    rest = counted(chosen.recipients, "recipient")
    say(f"The other {rest} of issue {issue_id} will get subject {winner.upper()}.")


def _resolve(
    context: Context, issue_id: int, batch: str, decision: str | None, log: Path | None
) -> None:
    if (decision is None) == (log is None):
        fail("--resolve BATCH needs a decision or --from-log FILE.", Exit.USAGE)
    if log is not None:
        _resolve_from_log(context, issue_id, batch, log)
        return
    if decision not in get_args(Decision):
        fail(f"{decision!r} is not a decision: choose accepted, again or never.", Exit.USAGE)
    sending.resolve(context, current_user(), issue_id, batch, cast("Decision", decision))


def _resolve_from_log(context: Context, issue_id: int, batch: str, log: Path) -> None:
    opening = gzip.open if log.suffix == ".gz" else Path.open
    with opening(log, "rt", encoding="utf-8", errors="replace") as lines:
        found = sending.resolve_from_log(context, current_user(), issue_id, batch, lines)
    say(f"The log shows {counted(found.accepted, 'recipient')} of batch {batch} as accepted.")
    if found.missing:
        missing = counted(found.missing, "recipient is", "recipients are")
        say(f"{missing} not in it. If it covers the time of the submission, decide `again`.")


def _seek(app: App, issue_id: int) -> None:
    from newsletter.esp.sendgrid.activity import ActivityFeed  # noqa: PLC0415 - only this option needs it

    settings = app.settings
    if not settings.sendgrid_api_key:
        fail("SENDGRID_API_KEY is not set; only SendGrid can be asked.", Exit.FAILED)
    feed = ActivityFeed(settings.sendgrid_api_key, settings.sendgrid_api_host)
    try:
        found = seeking.seek(app.context, current_user(), issue_id, "sendgrid", feed)
    finally:
        feed.close()
    batches = counted(found.in_doubt, "batch", "batches")
    say(f"SendGrid has seen {len(found.seen):,} of {batches} in doubt.")
    if found.problem:
        warn(found.problem)


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
