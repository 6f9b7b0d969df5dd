"""`newsletter preview`, `check` and `approve`: look at an issue, then approve its exact bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from newsletter.app import App
from newsletter.cli.next_steps import as_sentence
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_rows, say
from newsletter.cli.watching import AsJson, Number
from newsletter.model.edition import Edition
from newsletter.model.finding import Finding
from newsletter.model.personalization import fill
from newsletter.pipeline.report import counted
from newsletter.render.inbox import rows
from newsletter.render.plain import wrap
from newsletter.usecases import proofs, reviewing, waiving
from newsletter.usecases.proofs import Reader
from newsletter.usecases.reviewing import Approved, ContentChanged, NotApproved, Rendered
from subscribers.model import EmailAddress

commands = typer.Typer()

PREVIEW = "preview"
EMAIL = "message.eml"
INBOX_COLUMNS = 60
SAMPLE = "preview@localhost"


@commands.command()
def preview(
    issue: Number,
    *,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")] = Path(PREVIEW),
    address: Annotated[
        str, typer.Option("--as", metavar="ADDRESS", help="Add the email as this address gets it.")
    ] = "",
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Show the row in the inboxes of five clients.")
    ] = False,
) -> None:
    """Render an issue and write every edition into a folder.

    Each edition gets body.html, body.txt and subject.txt. With `--as`, the edition of that
    subscriber also gets message.eml: the exact email, except that its links lead nowhere.
    """
    with open_app() as app:
        if address:
            EmailAddress.parse(address)
        context, user, sender = app.context, current_user(), app.publication.sender
        rendered = reviewing.render(context, user, issue)
        reader = Reader(SAMPLE)
        if address:
            reader = proofs.reader_of(context, user, rendered, address)
        for edition in rendered.editions:
            folder = out / f"edition-{edition.seq}"
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder, edition, reader)
            (folder / EMAIL).unlink(missing_ok=True)
            if address and reader.edition in {None, edition.seq}:
                email = proofs.email_for(context, user, rendered, edition, reader)
                (folder / EMAIL).write_bytes(email)
    _print_preview(rendered, reader, out, address)
    if inbox:
        _print_inbox(sender.name or sender.address, rendered.editions)
    say(f"An approval covers exactly this content: {rendered.content_hash[:16]}")


def _print_preview(rendered: Rendered, reader: Reader, out: Path, address: str) -> None:
    editions = counted(len(rendered.editions), "edition")
    people = counted(rendered.recipients, "person", "people")
    say(f"{editions} for {people} in {out}.")
    if reader.edition is not None:
        say(f"{address} gets edition {reader.edition}: {out / f'edition-{reader.edition}' / EMAIL}")
    elif address:
        say(f"{address} is not a subscriber: each edition has a {EMAIL} as it would arrive there.")
    for remark in filter(None, (rendered.voided, *rendered.remarks)):
        say(f"{remark[0].upper()}{remark[1:]}")


def _print_inbox(sender: str, editions: Sequence[Edition]) -> None:
    """Print how inboxes show each distinct subject and preheader."""
    shown = {(edition.subject, edition.preheader): edition.seq for edition in reversed(editions)}
    for (subject, preheader), seq in sorted(shown.items(), key=lambda pair: pair[1]):
        say(f"The inbox row of edition {seq}:")
        for row in rows(sender, subject, preheader):
            say(row.client)
            for name, text in (
                ("From", row.sender),
                ("Subject", row.subject),
                ("Preview", row.preview),
            ):
                say(wrap(text, " " * 11, f"  {name:<9}", INBOX_COLUMNS))


def _write(folder: Path, edition: Edition, reader: Reader) -> None:
    values = proofs.inert_recipient(edition, reader).replacements(edition.nonce)
    parts = {
        "subject.txt": edition.subject + "\n",
        "body.html": edition.html,
        "body.txt": edition.text,
    }
    for name, text in parts.items():
        (folder / name).write_text(fill(text, values), encoding="utf-8", newline="\n")


@commands.command()
def check(
    issue: Number,
    *,
    waive: Annotated[
        str,
        typer.Option("--waive", metavar="CHECK", help="Accept the present warnings of this check."),
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why the warnings are accepted.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check an issue before it is sent.

    A waiver is recorded, and covers exactly what the check found. Exit code 3: something blocks
    its approval.
    """
    with open_app() as app:
        if waive:
            _waive(app, issue, waive, reason, as_json=as_json)
            return
        checked = reviewing.check(app.context, current_user(), issue)
    print_findings(checked.findings, as_json=as_json)
    if not as_json:
        say(f"{checked.accessibility.summary}.")
    if checked.blocked:
        raise SystemExit(int(Exit.WAITS))


def _waive(app: App, issue: int, which: str, reason: str, *, as_json: bool) -> None:
    done = waiving.waive_warning(app.context, current_user(), issue, which, reason=reason)
    print_findings(done.findings, as_json=as_json)
    if not as_json:
        say(f"{counted(len(done.waived), 'warning')} waived: {done.waived[0].check}.")


def print_findings(found: Sequence[Finding], *, as_json: bool = False) -> None:
    """Print what the checks found."""
    if not found and not as_json:
        say("All checks passed.")
        return
    rows = [
        {
            "level": finding.level,
            "check": finding.check,
            "message": finding.says,
            "where": finding.where,
            "waived": _waived(finding),
        }
        for finding in found
    ]
    shown = ("level", "check", "message", "where")
    any_waived = any(finding.waiver for finding in found)
    print_rows(rows, (*shown, "waived") if any_waived else shown, as_json=as_json)


def _waived(finding: Finding) -> str:
    waiver = finding.waiver
    return f"{waiver.actor.label}: {waiver.reason}" if waiver else ""


@commands.command()
def approve(
    issue: Number,
    expected: Annotated[
        str | None,
        typer.Option("--hash", help="Only if the content is still what `preview` showed."),
    ] = None,
    comment: Annotated[
        str | None,
        typer.Option(
            "--request-changes", metavar="COMMENT", help="Void its approval and say what to change."
        ),
    ] = None,
) -> None:
    """Approve an issue: exactly these bytes may be sent. Any later change voids the approval."""
    with open_app() as app:
        if comment is not None:
            reviewing.request_changes(app.context, current_user(), issue, comment=comment)
            say(f"Issue {issue} is a draft again. The comment is in its history.")
            return
        result = reviewing.approve(app.context, current_user(), issue, expected_hash=expected)
    match result:
        case Approved(already=True, approved_by=actor):
            say(f"Issue {issue} is approved already, by {actor.label}.")
        case Approved(missing=missing) if missing:
            print_findings(result.findings)
            say(f"You approve issue {issue}. It needs the approval of {missing} more to go out.")
        case Approved():
            print_findings(result.findings)
            editions = counted(result.editions, "edition")
            say(f"Issue {issue} is approved: {editions}, {result.content_hash[:16]}.")
        case ContentChanged(next_step=next_step):
            fail(
                f"Issue {issue} has changed since it was previewed.",
                Exit.WAITS,
                next_step=as_sentence(next_step),
            )
        case NotApproved():
            print_findings(result.findings)
            fail(
                f"Issue {issue} is not approved. Fix what blocks it, then approve it again.",
                Exit.WAITS,
                next_step=as_sentence(result.next_step),
            )
