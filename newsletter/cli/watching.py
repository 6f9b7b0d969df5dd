"""`newsletter issues` and `issues show`: the status of issues, who got one, and who did not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.reasons import explained
from newsletter.cli.show import print_json, print_rows, say
from newsletter.model.batch import batch_id
from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm
from newsletter.pipeline import statuses
from newsletter.pipeline.report import counted
from newsletter.send.status import IssueStatus, SubjectCounts
from newsletter.store.content import issues
from newsletter.store.sending import attempts, deliveries
from newsletter.usecases import watching

Number = Annotated[
    int, typer.Argument(metavar="ISSUE", help="The issue's id, as `newsletter issues` shows it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


commands = typer.Typer()
listing = typer.Typer(invoke_without_command=True, help="List the issues, or show one.")
commands.add_typer(listing, name="issues")


@listing.callback()
def list_issues(
    context: typer.Context,
    newsletter: Annotated[str, typer.Option(help="Only those of this newsletter.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List the issues, newest first."""
    if context.invoked_subcommand:
        return
    with open_app() as app, app.reader.connect() as connection:
        found = issues.recent(connection, newsletter=newsletter)
        if newsletter and not found:
            app.publication.require_newsletter(newsletter)
    rows = [
        {
            "issue": issue.id,
            "newsletter": issue.newsletter,
            "number": issue.number if issue.number > 0 else None,
            "slot": issue.nominal,
            "due_at": issue.due_at.isoformat(),
            "ends_at": issue.ends_at.isoformat() if issue.ends_at else None,
            "corrects": issue.corrects_issue_id,
            "state": issue.state,
            "reason": issue.reason or None,
            "approved_by": issue.approved_by.label if issue.approved_by else None,
        }
        for issue in found
    ]
    print_rows(rows, ("issue", "newsletter", "number", "slot", "state", "reason"), as_json=as_json)


@listing.command()
def show(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    *,
    recipients: Annotated[
        bool, typer.Option("--recipients", help="List who gets it, who does not, and why.")
    ] = False,
    search: Annotated[str, typer.Option(help="Only addresses that hold this.")] = "",
    attempted: Annotated[
        bool,
        typer.Option("--attempts", help="List the attempts that did not simply succeed."),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many people at most.")] = 100,
    after: Annotated[int, typer.Option(min=0, help="Go on after this recipient's number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show the status of an issue, and who was left out.

    Counts planned, submitted, unknown and held recipients; `--recipients` lists each of them.
    """
    with open_app() as app:
        with app.reader.begin() as connection:
            issues.load(connection, issue)
        if attempted:
            _show_attempts(app, issue, as_json=as_json)
        elif recipients or search:
            _show_recipients(app, issue, search, after=after, limit=limit, as_json=as_json)
        else:
            print_status(watching.status(app.context, issue), as_json=as_json)


def print_status(found: IssueStatus, *, as_json: bool) -> None:
    """Print the status of an issue."""
    if as_json:
        print_json(found)
    else:
        _tell(found)


def _tell(found: IssueStatus) -> None:
    _tell_what_it_is(found)
    for word, people in _counts(found):
        say(f"  {word:<12}{people:>10,}")
    for counts in found.subjects:
        say(f"  {_subject(counts)}")
    for line in statuses.waiting(found):
        say(f"Why the rest waits: {line}")
    if found.excluded:
        say("Excluded when the audience was frozen:")
        for reason, people in found.excluded.items():
            say(f"{people:>10,}  {explained(reason)}")
    if found.doubts:
        _tell_doubts(found)


def _tell_what_it_is(found: IssueStatus) -> None:
    number = f" no. {found.number}" if found.number > 0 else ""
    say(f"Issue {found.issue_id} ({found.newsletter}{number}): {found.label}")
    if found.corrects is not None:
        say(f"It corrects issue {found.corrects}.")
    if found.corrected_by:
        say(f"Corrected by issue {', '.join(map(str, found.corrected_by))}.")
    if found.audit is not None:
        say(f"The approved content: {found.audit.summary}.")


def _subject(counts: SubjectCounts) -> str:
    """Describe one of two subjects, or the rest: “Trade talks” went to 12 of 12."""
    name = "the rest" if counts.arm is Arm.REST else f"subject {counts.arm.upper()}"
    shown = f" “{counts.subject}”" if counts.subject else ""
    return f"{name}{shown}: {counts.submitted:,} of {counts.planned:,} submitted"


def _tell_doubts(found: IssueStatus) -> None:
    say("Batches that wait:")
    for doubt in found.doubts:
        people = counted(doubt.people, "person", "people")
        say(f"  {doubt.batch}  {doubt.state}, {people}: {doubt.reason}")
    decide = f"newsletter send {found.issue_id} --resolve BATCH"
    say(f"Decide with `{decide} accepted` (it reached them),")
    if found.state != IssueState.CANCELLED:
        say(f"`{decide} again` (some may get it twice)")
    say(f"or `{decide} never` (it reached no one; do not submit it again).")


def _counts(found: IssueStatus) -> list[tuple[str, int]]:
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
        "blocked",
        "bounced",
        "dropped",
        "complained",
    )
    counted = [(word, int(getattr(found, word))) for word in words]
    return [(word, people) for word, people in counted if people or word in always]


def _show_recipients(
    app: App, issue_id: int, search: str, *, after: int, limit: int, as_json: bool
) -> None:
    """List a page of recipients, and those left out where the recipients do not fill it."""
    now = app.now()
    with app.reader.begin() as connection:
        found = deliveries.listed(
            connection, issue_id, now=now, search=search, after=after, limit=limit
        )
        newsletter = issues.load(connection, issue_id).newsletter
        room = limit - len(found)
        others = deliveries.left_out(
            connection, issue_id, newsletter, now=now, search=search, limit=room + 1
        )
    rows = [*_recipients(issue_id, found), *map(_left_out, others[:room])]
    if not rows and not as_json:
        whose = f"has an address that holds “{search}”" if search else "is chosen yet"
        say(f"No recipient of issue {issue_id} {whose}.")
        return
    if not as_json:
        rows = [{**row, "reason": explained(str(row["reason"] or ""))} for row in rows]
    print_rows(rows, ("number", "address", "state", "reason", "batch"), as_json=as_json)
    if len(others) > room > 0 and not as_json:
        say("More were left out: name a larger --limit, or part of an address with --search.")


def _recipients(issue_id: int, found: Iterable[Mapping[Any, Any]]) -> Iterator[dict[str, object]]:
    for row in found:
        yield {
            "number": row["seq"],
            "address": row["address"],
            "state": row["batch_state"] if row["state"] == "pending" else row["state"],
            "reason": row["why"],
            "batch": batch_id(issue_id, row["batch"]),
        }


def _left_out(one: tuple[str, str]) -> dict[str, object]:
    address, reason = one
    unplaced = {"number": None, "batch": None}
    return {"address": address, "state": "left out", "reason": reason, **unplaced}


def _show_attempts(app: App, issue_id: int, *, as_json: bool) -> None:
    with app.reader.begin() as connection:
        rows = [dict(row) for row in attempts.of_issue(connection, issue_id)]
    if not rows and not as_json:
        say("Every attempt so far simply succeeded, or none was made.")
        return
    columns = ("seq", "attempt", "provider", "owner", "ended_at", "outcome", "reason")
    print_rows(rows, columns, as_json=as_json)
