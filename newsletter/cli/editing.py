"""`newsletter edit`: change an issue in an editor, or by an edit file."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.next_steps import as_sentence
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, say
from newsletter.cli.watching import Number
from newsletter.edit.operations import Operation, SetTest, SetText
from newsletter.errors import NotAllowed
from newsletter.model.subjects import read_test
from newsletter.pipeline.report import counted
from newsletter.usecases import editing, undoing
from newsletter.usecases.context import Context
from newsletter.usecases.editing import Edited

commands = typer.Typer()


FirstSubject = Annotated[
    str | None, typer.Option("--subject", help="Set the subject; empty is the default one.")
]
SecondSubject = Annotated[
    str | None,
    typer.Option("--subject-b", help="Test this subject against the first; empty ends it."),
]
Share = Annotated[
    str, typer.Option("--share", help="With --subject-b: how many get one of them first.")
]
DecideAfter = Annotated[
    str, typer.Option("--decide-after", help="With --subject-b: when the rest gets the first.")
]


@commands.command()
def edit(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the edit file here; change nothing.")
    ] = None,
    read: Annotated[
        Path | None, typer.Option("--import", help="Apply an edit file that was exported.")
    ] = None,
    *,
    subject: FirstSubject = None,
    second: SecondSubject = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back your last edit, and nothing else.")
    ] = False,
    share: Share = "20%",
    decide_after: DecideAfter = "4h",
) -> None:
    """Edit an issue as a text in $EDITOR.

    Order, headlines, teasers, takeaways, note and extras. Any change voids an approval. With
    --subject and --subject-b, only the subjects are changed.
    """
    asked = {"--export": export, "--import": read, "--subject": subject, "--subject-b": second}
    given = [name for name, value in asked.items() if value is not None] + ["--undo"] * undo
    if len(given) > 1 and given != ["--subject", "--subject-b"]:
        fail(f"{' and '.join(given)} cannot be combined.", Exit.USAGE)
    with open_app() as app:
        if undo:
            _tell(_undone(app.context, issue))
            return
        if subject is not None or second is not None:
            operations = list(_subjects(subject, second, share, decide_after))
            _tell(editing.change(app.context, current_user(), issue, operations))
            return
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
    _tell(edited)


def _undone(context: Context, issue: int) -> Edited:
    last = undoing.last_edit(context, current_user(), issue)
    if last is None:
        fail(f"You have made no edit of issue {issue} that can be taken back.")
    return undoing.undo_edit(context, current_user(), issue, last.number)


def _tell(edited: Edited) -> None:
    if not edited.changes:
        say("Nothing was changed.")
        return
    say(f"{counted(edited.changes, 'change')} made to issue {edited.issue_id}.")
    say(as_sentence(edited.next_step))


def _subjects(
    subject: str | None, second: str | None, share: str, decide_after: str
) -> Iterator[Operation]:
    if subject is not None:
        yield SetText("subject", subject)
    if second is not None:
        try:
            test = read_test(second, share, decide_after) if second.strip() else None
        except ValueError as error:
            fail(f"{error}.", Exit.USAGE)
        yield SetTest(test)


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
