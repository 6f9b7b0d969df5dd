"""`newsletter demo`: the whole job on a sample publication, offline."""

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
from newsletter.cli.opening import current_user, expected_errors
from newsletter.cli.running import serve_until_stopped
from newsletter.cli.show import Exit, fail, say
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter
from newsletter.model.states import UNAPPROVED, IssueState
from newsletter.pipeline import sending as passing
from newsletter.settings.secrets import write_first
from newsletter.store.content import issues
from newsletter.usecases import drafting, reviewing, sending

commands = typer.Typer()

SAMPLE_DOMAIN = "peninsulareview.example"
"""The domain of the sample publication. It is reserved, so no real publication has it."""
PORT = 8025
PORTS = range(PORT, PORT + 40, 2)
NOT_COPIED = {"statuses.toml", "__init__.py", "__pycache__"}


@commands.command()
def demo(
    *,
    directory: Annotated[
        Path, typer.Option("--dir", help="The folder to use; email is in its outbox/.")
    ] = Path("newsletter-demo"),
    serve: Annotated[bool, typer.Option(help="Then serve the pages, if in a terminal.")] = True,
) -> None:
    """Do the whole job on a sample publication, offline.

    Collects articles, lays out an issue, approves it and sends it. No email leaves this machine:
    each one becomes an .eml file. Running it again in the same folder submits nothing twice.
    """
    root = directory.resolve()
    with expected_errors():
        set_up(root)
        opened = app.open_app(settings.load(root, {}))
        try:
            perform(opened, root)
            if serve and sys.stdout.isatty():
                say()
                serve_until_stopped(opened, opened.parts())
        finally:
            opened.close()


def set_up(root: Path) -> None:
    """Copy the sample publication into `root`, with new secrets; keep files that exist."""
    _refuse_real_publication(root / settings.FILE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with as_file(files("newsletter.cli") / "samples") as samples:
            for entry in sorted(samples.iterdir()):
                if entry.name not in NOT_COPIED and not (root / entry.name).exists():
                    _copy(entry, root / entry.name)
    except OSError as error:
        fail(f"Cannot set up the demo in {root}: {error.strerror}. Name a folder with --dir.")
    write_first(root, lambda: secrets.token_urlsafe(32))


def _refuse_real_publication(file: Path) -> None:
    """Refuse a folder with a real publication: the demo approves and sends what it finds."""
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError):
        text = "not ours"
    if text and not (f"@{SAMPLE_DOMAIN}>" in text and 'provider = "outbox"' in text):
        fail(
            f"{file.parent} holds a publication that is not the demo's. The demo would send an issue"
            " of it. Name another folder with --dir.",
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
            for number in (port, port + 1):
                socket.create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        return port
    return PORT


def perform(opened: app.App, root: Path) -> None:
    """Do every step with the same use cases as the commands, and report what each one did."""
    newsletter, *others = opened.publication.newsletters
    say(f"{opened.publication.name}, a sample publication in {root}")
    demo_people.invite(opened, root, newsletter.key, [other.key for other in others])
    tools = opened.tools()
    demo_report.collected(opened, tools.collect())
    context, user = opened.context, current_user()
    issue = _drafted(opened, newsletter)
    rendered = reviewing.render(context, user, issue.id)
    demo_report.drafted(opened, rendered)
    if issue.state in UNAPPROVED:
        demo_report.approved(
            reviewing.approve(context, user, issue.id, expected_hash=rendered.content_hash)
        )
    if issue.state is not IssueState.SUBMITTED:
        sending.freeze(context, user, issue.id, at_once=True)
    tally = list(passing.submit(tools))
    demo_report.submitted(opened, newsletter, issue.id, again=not tally)
    if any(line.level for line in tally):
        fail("\n".join(line.message for line in tally), Exit.FAILED)
    for other in others:
        waiting = _drafted(opened, other)
        demo_report.waiting(reviewing.render(context, user, waiting.id), root)
    demo_report.next_steps(opened, root, issue.id)


def _drafted(opened: app.App, newsletter: Newsletter) -> Issue:
    """Return the demo's issue: drafted now for the next slot, or by an earlier run."""
    with opened.reader.connect() as connection:
        known = issues.recent(connection, newsletter=newsletter.key)
    if not known:
        drafting.draft_next(opened.context, current_user(), newsletter.key)
    with opened.reader.connect() as connection:
        found = issues.recent(connection, newsletter=newsletter.key)
    return min(found, key=lambda issue: issue.id)
