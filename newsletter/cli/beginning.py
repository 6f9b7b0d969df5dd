"""`newsletter init`: begin a publication."""

import os
import secrets as chance
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from newsletter import settings
from newsletter.cli.opening import current_user, expected_errors
from newsletter.cli.show import Exit, fail, say
from newsletter.errors import ConfigurationError
from newsletter.settings import Settings, deploying, secrets, values
from newsletter.settings.first import Answers, example_file, first_configuration

commands = typer.Typer()

PEOPLE = "people.csv"
_FILES = "Files for systemd, timer, cron, nginx or caddy (empty for none)"
PEOPLE_HEAD = "email,name,topics,consented_at,source\n"

_ADVICE = """
Next, in this folder:
  1. Put articles into articles/ (HTML or text files), or add a feed to newsletter.toml.
  2. newsletter doctor                          shows what is still missing
  3. newsletter collect                         then look at them: newsletter articles
  4. newsletter subscribers import people.csv   fill in people.csv first
  5. newsletter draft weekly                    then preview, approve and send it
  6. newsletter serve                           or, from cron: newsletter run
"""


@commands.command()
def init(  # noqa: PLR0913 - every argument is an option of the command
    directory: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The publication's folder.")
    ] = Path(),
    *,
    name: Annotated[str, typer.Option(help="The name that readers know.")] = "",
    url: Annotated[str, typer.Option(help="The address of its public pages.")] = "",
    sender: Annotated[
        str, typer.Option("--from", help='The sender of every email: "Name <address>".')
    ] = "",
    timezone: Annotated[str, typer.Option(help="For example Asia/Seoul.")] = "",
    language: Annotated[str, typer.Option(help="For example en or ko.")] = "",
    postal_address: Annotated[str, typer.Option(help="Required by law in every email.")] = "",
    feed: Annotated[str, typer.Option(help="The address of a feed, if you have one.")] = "",
    files: Annotated[
        str, typer.Option(help="Files for this machine: systemd, timer, cron, nginx, caddy.")
    ] = "",
) -> None:
    """Begin a publication: write newsletter.toml and .env.

    Existing files are kept. In a terminal, asks for what no option answers.
    """
    root = directory.resolve()
    path = root / settings.FILE
    answered = Answers(name, url, sender, timezone, language, postal_address, feed)
    with expected_errors():
        text = "" if path.exists() else first_configuration(_complete(answered, root))
        wanted = deploying.kinds(_answer(_FILES, files, "", deploying.kinds))
        try:
            _write(root, text)
            _write_for_machine(root, wanted, settings.load(root, os.environ))
        except OSError as error:
            fail(f"Cannot write to {root}: {error.strerror}.")
    say(_ADVICE if root == Path.cwd() else _ADVICE.replace("in this folder", f"in {root}"))


def _write_for_machine(root: Path, wanted: Iterable[str], chosen: Settings) -> None:
    """Write the files that start the program and the proxy here, and say what to do with them."""
    machine = deploying.Machine(
        root=root,
        program=_program(),
        user=current_user().name if os.getuid() else "newsletter",
        host=urlsplit(chosen.publication.url).hostname or "",
        listen=chosen.listen,
    )
    for name in [name for kind in wanted for name in deploying.KINDS[kind]]:
        target = root / "deploy" / name
        target.parent.mkdir(exist_ok=True)
        try:
            text = deploying.adjusted(name, machine)
        except ValueError as error:
            fail(f"{error}.", Exit.USAGE)
        if target.exists():
            say(f"Kept: {target}")
            continue
        target.write_text(text, encoding="utf-8")
        say(f"Written: {target}; {deploying.INSTALLING[name]}")


def _program() -> Path:
    """Return the command that was typed, or the one beside this Python."""
    typed = Path(sys.argv[0]).absolute()
    return typed if typed.name == "newsletter" else Path(sys.executable).with_name("newsletter")


def _write(root: Path, text: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    path = root / settings.FILE
    if text:
        path.write_text(text, encoding="utf-8")
        (root / "articles").mkdir(exist_ok=True)
        _write_beside(root)
        say(f"Written: {path}")
    else:
        say(f"Kept: {path}")
    new = secrets.write_first(root, lambda: chance.token_urlsafe(32))
    say(f"{'Written, with new secrets' if new else 'Kept'}: {root / secrets.FILE}")


def _write_beside(root: Path) -> None:
    """Write the files that newsletter.toml and the advice point to, unless they exist."""
    example = example_file()
    beside = {example.name: example.read_text(encoding="utf-8"), PEOPLE: PEOPLE_HEAD}
    for name, text in beside.items():
        if not (root / name).exists():
            (root / name).write_text(text, encoding="utf-8")
            say(f"Written: {root / name}")


def _complete(given: Answers, root: Path) -> Answers:
    """Check what was given and ask for the rest; without a terminal, take the defaults."""
    title = root.name.replace("-", " ").title() or "Our Newsletter"
    name = _answer("Name of the publication", given.name, title, str)
    return Answers(
        name=name,
        url=_answer("Address of its own pages", given.url, "http://127.0.0.1:8025", values.site),
        sender=_answer(
            "Sender of every email", given.sender, f"{name} <brief@example.org>", values.mailbox
        ),
        timezone=_answer("Time zone", given.timezone, "UTC", values.timezone),
        language=_answer("Language", given.language, "en", values.language),
        postal_address=_answer("Postal address (may come later)", given.postal_address, "", str),
        feed=values.page(given.feed) if given.feed else "",
    )


def _answer(question: str, given: str, default: str, check: Callable[[str], object]) -> str:
    asking = not given and sys.stdin.isatty()
    while True:
        text = given or (typer.prompt(question, default=default) if asking else default)
        try:
            check(text)
        except ValueError as error:
            if not asking:
                msg = f"{question}: {error}"
                raise ConfigurationError(msg) from error
            say(str(error))
        else:
            return text.strip()
