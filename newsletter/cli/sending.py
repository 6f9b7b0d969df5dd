"""`newsletter send`, `correct`, and how an issue stands."""

import getpass
from collections.abc import Callable, Sequence
from typing import Annotated, cast

import sqlalchemy as sa
import typer

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, errors, fail, print_json, print_rows, say
from newsletter.edit.run import Occasion, special
from newsletter.esp.port import Verdict
from newsletter.model.issue import IssueKind, IssueState
from newsletter.model.slot import Due
from newsletter.send import acts, proof, run, standing
from newsletter.send.standing import Standing
from newsletter.store import batches, deliveries, editions, issues
from subscribers.model import EmailAddress

commands = typer.Typer()

Number = Annotated[
    int, typer.Argument(metavar="ISSUE", help="The issue's id, as `newsletter issues` shows it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@commands.command()
def send(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    *,
    test: Annotated[
        str, typer.Option("--test", metavar="ADDRESS", help="Mail every edition to staff only.")
    ] = "",
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the slot, the undo time or the spread.")
    ] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Stop it, within one batch.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let a paused issue go on.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Never send what has not left.")] = False,
    move: Annotated[
        str, typer.Option("--move", metavar="PROVIDER", help="Give the rest to another provider.")
    ] = "",
    resolve: Annotated[
        tuple[str, str],
        typer.Option(
            "--resolve",
            metavar="BATCH accepted|again",
            help="Decide about a batch whose outcome nobody saw.",
        ),
    ] = ("", ""),
    as_json: AsJson = False,
) -> None:
    """Send an approved issue; or test, stop or decide about it."""
    with open_app() as app:
        if test:
            _test(app, issue, test)
            return
        act = _act(app, issue, {"pause": pause, "resume": resume, "cancel": cancel})
        if move:
            act = _move(app, issue, move)
        if resolve[0]:
            act = _resolve(app, issue, *resolve)
        if act is not None:
            with app.engine.begin() as connection:
                act(connection)
        problems = () if pause or cancel else _submit(app, issue, at_once=now)
        for problem in problems:
            errors.print(problem, markup=False)
        show_issue(app, issue, as_json=as_json)
        raise typer.Exit(Exit.FAILED if problems else _exit(app, issue))


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
        drafted = special(app.engine, newsletter, slot, occasion, now=now, actor=_actor())
        if drafted is None:
            fail(f"Issue {issue} is being corrected already; `newsletter issues` shows where.")
        say(f"Issue {drafted} corrects issue {issue}. Look at it, approve it, then send it:")
        say(f"  newsletter preview {drafted} --out preview")
        say(f"  newsletter approve {drafted}")
        say(f"  newsletter send {drafted} --now")


def show(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    *,
    recipients: Annotated[
        bool, typer.Option("--recipients", help="List who gets it, and what became of it.")
    ] = False,
    search: Annotated[str, typer.Option(help="Only addresses that hold this.")] = "",
    attempts: Annotated[bool, typer.Option("--attempts", help="List every attempt.")] = False,
    limit: Annotated[int, typer.Option(help="How many recipients at most.")] = 100,
    after: Annotated[int, typer.Option(help="Go on after this recipient's number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Tell how an issue stands, and who was left out.

    Planned, submitted, unknown and held people; with `--recipients` each of them.
    """
    with open_app() as app:
        if attempts:
            _show_attempts(app, issue, as_json=as_json)
        elif recipients or search:
            _show_recipients(app, issue, search, after=after, limit=limit, as_json=as_json)
        else:
            show_issue(app, issue, as_json=as_json)


def show_issue(app: App, issue_id: int, *, as_json: bool) -> None:
    """Print how an issue stands."""
    with app.reader.begin() as connection:
        found = standing.of(connection, issue_id)
    if as_json:
        print_json(found)
        return
    say(f"Issue {found.issue_id} ({found.newsletter} no. {found.number}): {found.in_words}")
    for word, people in _counts(found):
        say(f"  {word:<12}{people:>10,}")
    if found.excluded:
        say("Excluded when the audience was frozen:")
        for reason, people in found.excluded.items():
            say(f"  {reason:<36}{people:>10,}")
    if found.doubts:
        say("Batches that wait:")
        for doubt in found.doubts:
            say(f"  {doubt.batch}  {doubt.state}, {doubt.people:,} people: {doubt.reason}")
        say(f"Decide with `newsletter send {issue_id} --resolve BATCH accepted` (it reached them)")
        say(f"or `newsletter send {issue_id} --resolve BATCH again` (some may get it twice).")


def _counts(found: Standing) -> list[tuple[str, int]]:
    always = ("planned", "submitted")
    words = (
        *always,
        "waiting",
        "submitting",
        "unknown",
        "held",
        "refused",
        "withdrawn",
        "delivered",
        "deferred",
        "bounced",
        "dropped",
        "complained",
    )
    counted = [(word, int(getattr(found, word))) for word in words]
    return [(word, people) for word, people in counted if people or word in always]


def _show_recipients(
    app: App, issue_id: int, search: str, *, after: int, limit: int, as_json: bool
) -> None:
    with app.reader.begin() as connection:
        rows = deliveries.listed(
            connection, issue_id, now=app.now(), search=search, after=after, limit=limit
        )
    shown = [
        {
            "number": row["seq"],
            "address": row["address"],
            "state": row["batch_state"] if row["state"] == "pending" else row["state"],
            "reason": row["why"],
            "batch": f"{issue_id}.{row['batch']}",
        }
        for row in rows
    ]
    print_rows(shown, ("number", "address", "state", "reason", "batch"), as_json=as_json)


def _show_attempts(app: App, issue_id: int, *, as_json: bool) -> None:
    with app.reader.begin() as connection:
        rows = [dict(row) for row in batches.attempts_of(connection, issue_id)]
    columns = ("seq", "attempt", "provider", "owner", "ended_at", "outcome", "reason")
    print_rows(rows, columns, as_json=as_json)


def _act(
    app: App, issue_id: int, chosen: dict[str, bool]
) -> Callable[[sa.Connection], object] | None:
    known = {"pause": acts.pause, "resume": acts.resume, "cancel": acts.cancel}
    wanted = [name for name, here in chosen.items() if here]
    if not wanted:
        return None
    if len(wanted) > 1:
        fail(f"Choose one of {', '.join(wanted)}.", Exit.USAGE)
    act = known[wanted[0]]
    return lambda connection: act(connection, issue_id, actor=_actor(), now=app.now())


def _move(app: App, issue_id: int, provider: str) -> Callable[[sa.Connection], object]:
    sender = app.senders.get(provider)
    if sender is None:
        fail(f"No provider {provider!r} is configured; there is {', '.join(app.senders)}.")
    size = sender.max_batch
    return lambda connection: acts.move(
        connection, issue_id, provider, size, actor=_actor(), now=app.now()
    )


def _resolve(
    app: App, issue_id: int, batch: str, decision: str
) -> Callable[[sa.Connection], object]:
    if batch.partition(".")[0] != str(issue_id):
        fail(f"{batch!r} is no batch of issue {issue_id}.", Exit.USAGE)
    if decision not in {"accepted", "again"}:
        fail(f"{decision!r} is no decision; say `accepted` or `again`.", Exit.USAGE)
    chosen = cast("acts.Decision", decision)
    return lambda connection: acts.resolve(connection, batch, chosen, actor=_actor(), now=app.now())


def _submit(app: App, issue_id: int, *, at_once: bool) -> Sequence[str]:
    """Freeze the issue if that is still to be done, submit what may leave; return the problems."""
    courier = app.courier
    with app.reader.begin() as connection:
        state = issues.load(connection, issue_id).state
    if state in {IssueState.APPROVED, IssueState.PREPARING}:
        sender = app.senders[app.publication.provider]
        now = app.now()
        frozen = run.prepare(
            app.engine, app.publication, issue_id, sender, now=now, at_once=at_once
        )
        if frozen is None:
            errors.print("It is too early; `--now` does not wait for the slot and the undo time.")
            return ()
    elif state not in {IssueState.SUBMITTING, IssueState.SUBMITTED}:
        fail(f"Issue {issue_id} is {state}; only an approved issue can be sent.")
    run.reconcile(app.engine, app.publication, courier)
    return run.submit(app.engine, app.publication, courier).problems


def _test(app: App, issue_id: int, address: str) -> None:
    EmailAddress.parse(address)
    with app.reader.begin() as connection:
        issue = issues.load(connection, issue_id)
        printed = editions.of_issue(connection, issue_id)
    newsletter = app.publication.newsletter(issue.newsletter)
    if newsletter is None or not printed:
        fail(f"Issue {issue_id} has no editions yet; run `newsletter preview {issue_id}` first.")
    sender = app.senders[app.publication.provider]
    tested = proof.Proof(app.publication, newsletter, issue, printed, address)
    for edition, outcome in proof.send(tested, sender, app.new_id, now=app.now()):
        if outcome.verdict is not Verdict.ACCEPTED or outcome.refused:
            why = outcome.reason or "; ".join(outcome.refused.values())
            fail(f"Edition {edition.seq} was not accepted: {why}.")
        say(f"Edition {edition.seq} is on its way to {address}: {edition.subject}")


def _exit(app: App, issue_id: int) -> int:
    with app.reader.begin() as connection:
        found = standing.of(connection, issue_id)
    return Exit.WAITS if found.waits_for_a_person else Exit.WELL


def _actor() -> str:
    return getpass.getuser()
