"""`newsletter send` and `correct`: what a person does about an issue that leaves."""

import getpass
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, cast, get_args

import sqlalchemy as sa
import typer

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, errors, fail, print_json, say
from newsletter.cli.watching import AsJson, Number, show_issue
from newsletter.edit.run import Occasion, draft_special
from newsletter.esp.port import Verdict
from newsletter.model.issue import IssueKind
from newsletter.model.slot import Due
from newsletter.model.states import IssueState
from newsletter.send import acts, run, standing, testsend
from newsletter.store.content import editions, issues
from subscribers.model import EmailAddress

commands = typer.Typer()

_BEFORE = {
    IssueState.DRAFT: "`newsletter approve {}` comes first",
    IssueState.REVIEW: "`newsletter approve {}` comes first",
    IssueState.PAUSED: "`newsletter send {} --resume` lets it go on",
}
"""What has to be done before an issue in this state can be sent."""


@commands.command()
def send(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    *,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="ADDRESS", help="Mail every edition to staff only."),
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the slot, the undo time or the spread.")
    ] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Stop it, within one batch.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let a paused issue go on.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Never send what has not left.")] = False,
    move: Annotated[
        str | None,
        typer.Option("--move", metavar="PROVIDER", help="Give the rest to another provider."),
    ] = None,
    resolve: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--resolve",
            metavar="BATCH accepted|again|never",
            help="Decide about a batch whose outcome nobody saw.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send an approved issue; or test, stop or decide about it."""
    asked = {"--test": test, "--move": move, "--resolve": resolve}
    chosen = _only({**asked, "--pause": pause, "--resume": resume, "--cancel": cancel}, now=now)
    with open_app() as app:
        if test is not None:
            _test(app, issue, test, as_json=as_json)
            return
        if move is not None:
            _do(app, _move(app, issue, move))
        elif resolve is not None:
            _do(app, _resolve(app, issue, *resolve))
        elif chosen:
            _do(app, _stop(app, issue, chosen))
        problems = _submit(app, issue, at_once=now, decided=bool(chosen))
        raise typer.Exit(_tell(app, issue, problems, as_json=as_json))


@commands.command()
def correct(
    issue: Number,
    subject: Annotated[str, typer.Option(help="The subject of the correction.")] = "",
    note: Annotated[str, typer.Option(help="What was wrong, and what is right.")] = "",
) -> None:
    """Draft a correction to exactly the recipients of an issue.

    Approve and send it as usual.
    """
    with open_app() as app:
        with app.reader.begin() as connection:
            found = issues.load(connection, issue)
            if not standing.of(connection, issue).planned:
                fail(f"Issue {issue} is {found.state} and went to nobody; `newsletter edit` it.")
        newsletter, now = found.newsletter, app.now()
        zone = app.publication.timezone
        slot = Due(f"{now.astimezone(zone):%Y-%m-%dT%H:%M:%S} correction of {issue}", now)
        occasion = Occasion(IssueKind.CORRECTION, subject, note, corrects=issue)
        drafted = draft_special(app.engine, newsletter, slot, occasion, now=now, actor=_actor())
        if drafted is None:
            fail(f"Issue {issue} is being corrected already; `newsletter issues` shows where.")
        say(f"Issue {drafted} corrects issue {issue}. Look at it, approve it, then send it:")
        say(f"  newsletter preview {drafted} --out preview")
        say(f"  newsletter approve {drafted}")
        say(f"  newsletter send {drafted} --now")


def _only(wanted: Mapping[str, object], *, now: bool) -> str:
    """Return the one act that is wanted, if any; to leave at once goes with resuming only.

    An empty word is wanted, too: `--test "$ADDRESS"` must not become a send to everybody.
    """
    chosen = [name for name, given in wanted.items() if given is not None and given is not False]
    together = [*chosen, "--now"] if now and chosen not in ([], ["--resume"]) else chosen
    if len(together) > 1:
        fail(f"Choose one of {' and '.join(together)}: they do not go together.", Exit.USAGE)
    return chosen[0] if chosen else ""


def _do(app: App, act: Callable[[sa.Connection], object]) -> None:
    with app.engine.begin() as connection:
        act(connection)


def _stop(app: App, issue_id: int, chosen: str) -> Callable[[sa.Connection], object]:
    known = {"--pause": acts.pause, "--resume": acts.resume, "--cancel": acts.cancel}
    act = known[chosen]
    return lambda connection: act(connection, issue_id, actor=_actor(), now=app.now())


def _move(app: App, issue_id: int, provider: str) -> Callable[[sa.Connection], object]:
    sender = app.senders.get(provider)
    if sender is None:
        known = ", ".join(app.senders)
        fail(f"No provider {provider!r} is set up; there is {known}.", Exit.USAGE)
    size = sender.max_batch
    return lambda connection: acts.move(
        connection, issue_id, provider, size, actor=_actor(), now=app.now()
    )


def _resolve(
    app: App, issue_id: int, batch: str, decision: str
) -> Callable[[sa.Connection], object]:
    if batch.partition(".")[0] != str(issue_id):
        fail(f"{batch!r} is no batch of issue {issue_id}.", Exit.USAGE)
    if decision not in get_args(acts.Decision):
        fail(f"{decision!r} is no decision; say `accepted`, `again` or `never`.", Exit.USAGE)
    chosen = cast("acts.Decision", decision)
    return lambda connection: acts.resolve(connection, batch, chosen, actor=_actor(), now=app.now())


def _submit(app: App, issue_id: int, *, at_once: bool, decided: bool) -> Sequence[str]:
    """Freeze the issue if that is still to be done, submit what may leave; return the problems.

    After a decision, an issue that does not leave is none: it waits for the next one.
    """
    with app.reader.begin() as connection:
        state = issues.load(connection, issue_id).state
    if state in {IssueState.APPROVED, IssueState.PREPARING}:
        if not _prepare(app, issue_id, at_once=at_once):
            errors.print("It is too early; `--now` does not wait for the slot and the undo time.")
            return ()
    elif decided and state is not IssueState.SUBMITTING:
        return ()
    elif state not in {IssueState.SUBMITTING, IssueState.SUBMITTED}:
        next_step = _BEFORE.get(state, "only an approved issue can be sent")
        fail(f"Issue {issue_id} is {state}; {next_step.format(issue_id)}.")
    courier = app.courier
    run.reconcile(app.engine, app.publication, courier)
    return run.submit(app.engine, app.publication, courier).problems


def _prepare(app: App, issue_id: int, *, at_once: bool) -> bool:
    sender = app.senders[app.publication.provider]
    now = app.now()
    frozen = run.prepare(app.engine, app.publication, issue_id, sender, now=now, at_once=at_once)
    return frozen is not None


def _tell(app: App, issue_id: int, problems: Sequence[str], *, as_json: bool) -> Exit:
    """Print the problems and how the issue stands; return what cron reads."""
    for problem in problems:
        errors.print(problem, markup=False)
    found = show_issue(app, issue_id, as_json=as_json)
    if problems:
        return Exit.FAILED
    return Exit.WAITS if found.waits_for_a_person else Exit.WELL


def _test(app: App, issue_id: int, address: str, *, as_json: bool) -> None:
    EmailAddress.parse(address)
    with app.reader.begin() as connection:
        issue = issues.load(connection, issue_id)
        printed = editions.of_issue(connection, issue_id)
    newsletter = app.publication.newsletter(issue.newsletter)
    if newsletter is None or not printed:
        fail(f"Issue {issue_id} has no editions yet; run `newsletter preview {issue_id}` first.")
    sender = app.senders[app.publication.provider]
    tested = testsend.StaffTestSend(app.publication, newsletter, issue, printed, address)
    for edition, outcome in testsend.send(tested, sender, app.new_id, now=app.now()):
        if outcome.verdict is not Verdict.ACCEPTED or outcome.refused:
            why = outcome.reason or "; ".join(outcome.refused.values())
            fail(f"Edition {edition.seq} was not accepted: {why}.")
        if as_json:
            print_json({"edition": edition.seq, "address": address, "subject": edition.subject})
        else:
            say(f"Edition {edition.seq} is on its way to {address}: {edition.subject}")


def _actor() -> str:
    return getpass.getuser()
