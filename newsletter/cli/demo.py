"""`newsletter demo`: the whole job on a sample publication, in a folder of its own, offline."""

import secrets
import shutil
import socket
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from newsletter import app, settings
from newsletter.cli import demo_people, demo_report
from newsletter.cli.opening import sayable
from newsletter.cli.running import serve_until_stopped
from newsletter.cli.show import Exit, fail, say
from newsletter.edit import approval
from newsletter.edit import run as editing
from newsletter.model.edition import issue_hash
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Timing, next_free
from newsletter.model.states import IssueState
from newsletter.pipeline import prepare, refresh, submit
from newsletter.render import run as rendering
from newsletter.settings.secrets import write_first
from newsletter.store.content import editions, issues, slots

commands = typer.Typer()

ACTOR = "demo"
HOUSE = "peninsulareview.example"
"""The domain of the sample publication: reserved, so that no real one has it."""
PORT = 8025
PORTS = range(PORT, PORT + 40, 2)
NOT_COPIED = {"statuses.toml", "__init__.py", "__pycache__"}


@commands.command()
def demo(
    *,
    directory: Annotated[
        Path, typer.Option("--dir", help="The folder for everything; the mail is in outbox/.")
    ] = Path("newsletter-demo"),
    serve: Annotated[
        bool, typer.Option(help="Go on to serve the pages; only in a terminal.")
    ] = True,
) -> None:
    """Do the whole job on a sample publication, offline.

    Collects, lays out an issue, approves it and sends it to a folder. Works offline and mails nobody: every mail becomes an .eml file. Run again in the same folder,
    it finds everything done and submits nothing twice.
    """
    root = directory.resolve()
    with sayable():
        set_up(root)
        opened = app.open_app(settings.load(root, {}))
        try:
            perform(opened, root)
            if serve and sys.stdout.isatty():
                say()
                serve_until_stopped(opened)
        finally:
            opened.close()


def set_up(root: Path) -> None:
    """Copy the sample publication into `root` unless it is there, with secrets of its own."""
    _require_none_of_yours(root / settings.FILE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with as_file(files("newsletter.cli") / "samples") as samples:
            for entry in sorted(samples.iterdir()):
                if entry.name not in NOT_COPIED and not (root / entry.name).exists():
                    _copy(entry, root / entry.name)
    except OSError as error:
        fail(f"Cannot set the demo up in {root}: {error.strerror}. Name a folder with --dir.")
    write_first(root, lambda: secrets.token_urlsafe(32))


def _require_none_of_yours(file: Path) -> None:
    """Refuse a folder that holds a real publication: the demo approves and sends what it finds."""
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError):
        text = "not ours"
    if text and not (f"@{HOUSE}>" in text and 'provider = "outbox"' in text):
        fail(
            f"{file.parent} holds a publication that is not the demo's, and the demo would send an"
            " issue of it. Name another folder with --dir.",
            Exit.USAGE,
        )


def _copy(entry: Path, target: Path) -> None:
    if entry.is_dir():
        shutil.copytree(entry, target, ignore=shutil.ignore_patterns("__pycache__"))
    elif entry.name == settings.FILE:
        text = entry.read_text(encoding="utf-8")
        target.write_text(
            text.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{_free()}"), encoding="utf-8"
        )
    else:
        shutil.copyfile(entry, target)


def _free() -> int:
    """Return a port that is free now and has a free one after it, for the desk."""
    for port in PORTS:
        try:
            for one in (port, port + 1):
                socket.create_server(("127.0.0.1", one)).close()
        except OSError:
            continue
        return port
    return PORT


def perform(opened: app.App, root: Path) -> None:
    """Do every step by the same ways as the commands, and say what each one did."""
    newsletter = opened.publication.newsletters[0]
    say(f"{opened.publication.name}, a sample publication in {root}")
    demo_people.invite(opened, root, newsletter.key)
    demo_report.collected(opened, opened.tools().collect())
    issue = _drafted(opened, newsletter)
    demo_report.drafted(opened, newsletter, issue)
    if issue.state in {IssueState.DRAFT, IssueState.REVIEW}:
        _approved(opened, newsletter, issue)
    tools = opened.tools()
    if issue.state is not IssueState.SUBMITTED:
        list(prepare(tools, issue.id, at_once=True))
    tally = list(submit(tools))
    demo_report.submitted(opened, newsletter, issue.id, again=not tally)
    if any(line.level for line in tally):
        fail("\n".join(line.says for line in tally), Exit.FAILED)
    demo_report.next_steps(opened, root, issue.id)


def _drafted(opened: app.App, newsletter: Newsletter) -> Issue:
    """Return the demo's issue: drafted now for the next slot, or by an earlier run."""
    with opened.reader.connect() as connection:
        known = issues.recent(connection, newsletter=newsletter.key)
    if not known:
        now = opened.now()
        timing = Timing.of(newsletter)
        with opened.engine.begin() as connection:
            when = next_free(timing, slots.ledger(connection, newsletter.key, timing, now), now)
        editing.draft(opened.engine, opened.publication, newsletter, when, now=now, actor=ACTOR)
    with opened.reader.connect() as connection:
        first = min(issues.recent(connection, newsletter=newsletter.key), key=lambda one: one.id)
    if first.state is IssueState.DRAFT:
        refresh(opened.tools(), first, newsletter)
    return first


def _approved(opened: app.App, newsletter: Newsletter, issue: Issue) -> None:
    """Run the checks and approve exactly the bytes that were rendered."""
    now = opened.now()
    findings = rendering.check(opened.engine, opened.publication, newsletter, issue.id, now=now)
    with opened.reader.connect() as connection:
        seen = issue_hash(editions.of_issue(connection, issue.id))
    approval.approve(
        opened.engine, issue.id, actor=ACTOR, now=now, expected_hash=seen, findings=findings
    )
    demo_report.approved(seen, findings)
