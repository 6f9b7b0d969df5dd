"""`newsletter draft`, `issues`, `edit`, `preview`, `check` and `approve`: from articles to an issue."""

import getpass
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from newsletter.app import App
from newsletter.cli.opening import open_app
from newsletter.cli.show import Exit, fail, print_json, print_rows, say
from newsletter.cli.watching import AsJson, Number, show
from newsletter.edit import run as editing
from newsletter.edit import sheet
from newsletter.edit.approval import approve as approve_issue
from newsletter.edit.approval import require_editable
from newsletter.errors import NotAllowed
from newsletter.esp.message.mime import message
from newsletter.esp.port import Recipient
from newsletter.model.edition import Chooser, Contents, Edition, Subsets, issue_hash
from newsletter.model.finding import Finding, blocking
from newsletter.model.issue import Issue, Item
from newsletter.model.personalization import fill
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Timing, next_free
from newsletter.model.states import IssueState
from newsletter.render import run as rendering
from newsletter.send.headers import letter
from newsletter.store.content import editions, issues, slots
from subscribers import directory
from subscribers.model import EmailAddress

commands = typer.Typer()
listing = typer.Typer(invoke_without_command=True, help="List the issues, or show one.")
commands.add_typer(listing, name="issues")
listing.command("show")(show)

PREVIEW = "preview"
MAIL = "message.eml"


@commands.command()
def draft(
    newsletter: Annotated[
        str, typer.Argument(metavar="NEWSLETTER", help="Its key in newsletter.toml.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Draft the next issue of a newsletter from new articles."""
    with open_app() as app:
        wanted = chosen(app, newsletter)
        now = app.now()
        timing = Timing.of(wanted)
        with app.engine.begin() as connection:
            ledger = slots.ledger(connection, wanted.key, timing, now)
        when = next_free(timing, ledger, now)
        issue_id = editing.draft(
            app.engine, app.publication, wanted, when, now=now, actor=getpass.getuser()
        )
        if issue_id is None:
            fail(
                f"Nothing to draft for {when.nominal}: no new article fits {newsletter}."
                " `newsletter articles` lists what is stored.",
                Exit.WAITS,
            )
        with app.engine.connect() as connection:
            issue = issues.load(connection, issue_id)
            items = issues.load_items(connection, issue_id)
        _tell_draft(issue, items, as_json=as_json)


def _tell_draft(issue: Issue, items: Sequence[Item], *, as_json: bool) -> None:
    if as_json:
        print_json({"issue": issue.id, "state": issue.state, "items": [_row(one) for one in items]})
        return
    say(f"Issue {issue.id} of {issue.newsletter} is drafted for {issue.nominal}.")
    print_rows([_row(one) for one in items], ("in", "title", "source", "takeaways", "reason"))
    say(f"Next: newsletter preview {issue.id} --out DIR, then newsletter approve {issue.id}")


def _row(item: Item) -> dict[str, object]:
    origin = item.takeaways.origin or ("suggested" if item.suggested.items else "none")
    return {
        "in": "in" if item.included else "out",
        "article": item.article_id,
        "title": item.title,
        "source": item.source,
        "teaser": item.teaser.origin,
        "takeaways": "staff" if "takeaways" in item.corrections else origin,
        "reason": item.reason,
    }


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
    with open_app() as app, app.engine.connect() as connection:
        found = issues.recent(connection, newsletter=newsletter)
        if newsletter and not found:
            chosen(app, newsletter)
    rows = [
        {
            "issue": one.id,
            "newsletter": one.newsletter,
            "number": one.number if one.number > 0 else None,
            "slot": one.nominal,
            "state": one.state,
            "reason": one.reason or None,
            "approved_by": one.approved_by or None,
        }
        for one in found
    ]
    print_rows(rows, ("issue", "newsletter", "number", "slot", "state", "reason"), as_json=as_json)


@commands.command()
def preview(
    issue: Number,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")] = Path(PREVIEW),
    address: Annotated[
        str, typer.Option("--as", metavar="ADDRESS", help="Also the whole mail as it comes there.")
    ] = "",
) -> None:
    """Render an issue and write every edition into a folder.

    Each gets body.html, body.txt and subject.txt; with `--as`, message.eml too.
    """
    with open_app() as app:
        if address:
            EmailAddress.parse(address)
        row, newsletter, made = rendered(app, issue)
        reader = _edition_of(app, newsletter, row, made, address) if address else None
        for edition in made:
            folder = out / f"edition-{edition.seq}"
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder, edition, address)
            (folder / MAIL).unlink(missing_ok=True)
            if reader == edition.seq or (address and reader is None):
                mail = letter(app.publication, newsletter, edition, kind=row.kind, date=app.now())
                (folder / MAIL).write_bytes(message(mail, _recipient(edition, address)))
        people = sum(one.people for one in made)
        say(f"{_counted(len(made), 'edition')} for {_counted(people, 'person')} in {out}.")
        if reader is not None:
            say(f"{address} gets edition {reader}: {out / f'edition-{reader}' / MAIL}")
        elif address:
            say(f"{address} is no subscriber: each edition holds a {MAIL} as it would come there.")
        with app.engine.connect() as connection:
            for told in rendering.audience_notes(connection, issue):
                say(told)
        say(f"What an approval covers: {issue_hash(made)[:16]}")


def rendered(app: App, issue_id: int) -> tuple[Issue, Newsletter, list[Edition]]:
    """Bring an issue up to date and return it with its editions, rendered if need be."""
    with app.engine.connect() as connection:
        row = issues.load(connection, issue_id)
    newsletter = chosen(app, row.newsletter)
    now = app.now()
    editing.refresh(app.engine, app.publication, newsletter, issue_id, now=now)
    with app.engine.connect() as connection:
        made = editions.of_issue(connection, issue_id)
    if not made:
        made = rendering.render(app.engine, app.publication, newsletter, issue_id, app.kit, now=now)
    if not made:
        fail(f"Issue {issue_id} is {row.state} and holds too few items to print.", Exit.WAITS)
    return row, newsletter, made


def _write(folder: Path, edition: Edition, address: str) -> None:
    values = _recipient(edition, address).replacements(edition.nonce)
    parts = {
        "subject.txt": edition.subject + "\n",
        "body.html": edition.html,
        "body.txt": edition.text,
    }
    for name, text in parts.items():
        (folder / name).write_text(fill(text, values), encoding="utf-8", newline="\n")


def _recipient(edition: Edition, address: str) -> Recipient:
    """Return values whose links lead nowhere: a preview changes nothing."""
    return Recipient(f"{edition.issue_id}-0", address or "preview@localhost", "", PREVIEW)


def _edition_of(
    app: App, newsletter: Newsletter, issue: Issue, made: Sequence[Edition], address: str
) -> int | None:
    """Return the edition that a subscriber would get, None for somebody unknown."""
    with app.engine.connect() as connection:
        person = directory.find(connection, address)
        items = issues.load_items(connection, issue.id)
    if person is None:
        return None
    chooser = Chooser(items, newsletter)
    wanted = chooser.choose(chooser.mask(person.topics) if person.topics else None)
    rendered_contents = {Contents(one.items, one.headlines): one.seq for one in made}
    taken = Subsets(list(rendered_contents), newsletter).of(wanted) if wanted else None
    if taken is None:
        fail(f"For {address} there is nothing in issue {issue.id} on the topics followed.")
    return rendered_contents[taken]


@commands.command()
def edit(
    issue: Number,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the edit file here, change nothing.")
    ] = None,
    read: Annotated[
        Path | None, typer.Option("--import", help="Apply an edit file that was exported.")
    ] = None,
) -> None:
    """Edit an issue as a text in $EDITOR.

    Order, headlines, teasers, takeaways, note and extras. Any change voids an approval.
    """
    if export is not None and read is not None:
        fail("Choose one of --export and --import: they do not go together.", Exit.USAGE)
    with open_app() as app:
        with app.engine.connect() as connection:
            row, draft_ = editing.load_draft(connection, issue)
        require_editable(row)
        text = sheet.write(row, draft_)
        if export is not None:
            export.write_text(text, encoding="utf-8", newline="\n")
            say(
                f"Issue {issue} is in {export}. Change it, then: newsletter edit {issue} --import {export}"
            )
            return
        changed = _typed(read) if read is not None else _in_editor(text)
        if changed is None:
            say("Nothing was changed.")
            return
        try:
            operations = sheet.read(changed, draft_)
            done = editing.change(
                app.engine,
                issue,
                operations,
                actor=getpass.getuser(),
                now=app.now(),
                expected_state=sheet.fingerprint(draft_),
            )
        except NotAllowed as error:
            fail(f"{error}.{_kept(issue, changed) if read is None else ''}")
    said = "1 change is" if len(operations) == 1 else f"{len(operations)} changes are"
    say(f"{said} in issue {issue}." if done else "Nothing was changed.")
    if done:
        say(f"Next: newsletter preview {issue} --out DIR, then newsletter approve {issue}")


def _in_editor(text: str) -> str | None:
    """Return the text as the person left it in $VISUAL or $EDITOR, None when it is unchanged."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not command:
        if not sys.stdin.isatty():
            fail("There is no terminal for an editor: use --export and --import.", Exit.USAGE)
        command = "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "issue.txt"
        path.write_text(text, encoding="utf-8", newline="\n")
        try:
            done = subprocess.run([*shlex.split(command), str(path)], check=False)  # noqa: S603 - the person's own editor
        except OSError as error:
            fail(f"Cannot start {command!r}: {error.strerror}. Set EDITOR, or use --export.")
        if done.returncode:
            fail(f"{command} ended with {done.returncode}; nothing was changed.")
        changed = _typed(path)
    return None if changed == text else changed


def _kept(issue: int, text: str) -> str:
    """Keep what somebody typed and say where: a refused file is work, too."""
    path = Path(f"issue-{issue}-refused.txt").absolute()
    path.write_text(text, encoding="utf-8", newline="\n")
    return f" What you typed is in {path}."


def _typed(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        fail(f"Cannot read {path}: {why}.")


@commands.command()
def check(issue: Number, *, as_json: AsJson = False) -> None:
    """Check an issue before it leaves.

    Exit code 3: something blocks its approval.
    """
    with open_app() as app:
        _, newsletter, _ = rendered(app, issue)
        found = rendering.check(app.engine, app.publication, newsletter, issue, now=app.now())
    print_findings(found, as_json=as_json)
    if blocking(found):
        raise SystemExit(int(Exit.WAITS))


def print_findings(found: Sequence[Finding], *, as_json: bool = False) -> None:
    """Print what the checks found."""
    if not found and not as_json:
        say("All checks are well.")
        return
    rows = [
        {"level": one.level, "check": one.check, "says": one.says, "where": one.where}
        for one in found
    ]
    print_rows(rows, ("level", "check", "says", "where"), as_json=as_json)


@commands.command()
def approve(
    issue: Number,
    expected: Annotated[
        str | None, typer.Option("--hash", help="Only if it still is what `preview` showed.")
    ] = None,
) -> None:
    """Approve an issue: exactly these bytes may go out. Any change afterwards voids it."""
    with open_app() as app:
        row, newsletter, made = rendered(app, issue)
        present = issue_hash(made)
        if expected is not None and not (expected and present.startswith(expected)):
            fail(f"Issue {issue} changed since it was previewed; preview it again.", Exit.WAITS)
        if row.state == IssueState.APPROVED:
            say(f"Issue {issue} is approved already, by {row.approved_by}.")
            return
        now = app.now()
        found = rendering.check(app.engine, app.publication, newsletter, issue, now=now)
        print_findings(found)
        if blocking(found):
            raise SystemExit(int(Exit.WAITS))
        actor = getpass.getuser()
        approve_issue(
            app.engine, issue, actor=actor, now=now, expected_hash=present, findings=found
        )
    say(f"Issue {issue} is approved: {_counted(len(made), 'edition')}, {present[:16]}.")


def _counted(n: int, one: str) -> str:
    many = {"person": "people"}.get(one, f"{one}s")
    return f"{n:,} {one if n == 1 else many}"


def chosen(app: App, key: str) -> Newsletter:
    """Return the configured newsletter, or say which there are."""
    found = app.publication.newsletter(key)
    if found is None:
        known = ", ".join(one.key for one in app.publication.newsletters)
        fail(f"There is no newsletter {key!r} in newsletter.toml; there are: {known}.", Exit.USAGE)
    return found
