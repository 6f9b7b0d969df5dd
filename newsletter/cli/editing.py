"""`newsletter edit`: change an issue in an editor, or by an edit file."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.next_steps import as_sentence
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, say
from newsletter.cli.watching import Number
from newsletter.errors import NotAllowed
from newsletter.pipeline.report import counted
from newsletter.usecases import editing

commands = typer.Typer()


@commands.command()
def edit(
    issue: Number,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the edit file here; change nothing.")
    ] = None,
    read: Annotated[
        Path | None, typer.Option("--import", help="Apply an edit file that was exported.")
    ] = None,
) -> None:
    """Edit an issue as a text in $EDITOR.

    Order, headlines, teasers, takeaways, note and extras. Any change voids an approval.
    """
    if export is not None and read is not None:
        fail("--export and --import cannot be combined.", Exit.USAGE)
    with open_app() as app:
        opened = editing.open_file(app.context, current_user(), issue)
        if export is not None:
            export.write_text(opened.text, encoding="utf-8", newline="\n")
            again = f"newsletter edit {issue} --import {shlex.quote(str(export))}"
            say(f"Issue {issue} is in {export}. Change it, then run `{again}`.")
            return
        changed = _read(read) if read is not None else _in_editor(opened.text)
        if changed is None:
            say("Nothing was changed.")
            return
        try:
            edited = editing.apply_file(app.context, current_user(), opened, changed)
        except NotAllowed as error:
            fail(f"{error}.{_kept(issue, changed) if read is None else ''}")
    if not edited.changes:
        say("Nothing was changed.")
        return
    say(f"{counted(edited.changes, 'change')} made to issue {issue}.")
    say(as_sentence(edited.next_step))


def _in_editor(text: str) -> str | None:
    """Return the text as it was saved in $VISUAL or $EDITOR, None if it is unchanged."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not command:
        if not sys.stdin.isatty():
            fail("There is no terminal for an editor. Use --export and --import.", Exit.USAGE)
        command = "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "issue.txt"
        path.write_text(text, encoding="utf-8", newline="\n")
        try:
            done = subprocess.run([*shlex.split(command), str(path)], check=False)  # noqa: S603 - the person's own editor
        except OSError as error:
            fail(f"Cannot start {command!r}: {error.strerror}. Set EDITOR, or use --export.")
        if done.returncode:
            fail(f"{command} ended with exit code {done.returncode}; nothing was changed.")
        changed = _read(path)
    return None if changed == text else changed


def _kept(issue: int, text: str) -> str:
    """Keep what the person typed and say where: a refused file is work, too."""
    path = Path(f"issue-{issue}-refused.txt").absolute()
    path.write_text(text, encoding="utf-8", newline="\n")
    return f" Your text is saved in {path}."


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        fail(f"Cannot read {path}: {why}.")
