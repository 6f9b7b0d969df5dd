"""Commands for beginning and keeping watch: `init`, `next`, `doctor`."""

import os
import secrets as chance
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from newsletter import settings
from newsletter.app import clock
from newsletter.cli import checkup
from newsletter.cli.checkup import Health, Reading
from newsletter.cli.opening import expected_errors
from newsletter.cli.show import Exit, fail, print_rows, say
from newsletter.errors import ConfigurationError
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Due, coming, local, note, offset
from newsletter.settings import secrets, values
from newsletter.settings.first import Answers, first_configuration

commands = typer.Typer()

_ADVICE = """
Next, in this folder:
  1. Put articles into articles/ (HTML or text files), or name a feed in newsletter.toml.
  2. newsletter doctor                          says what is still missing
  3. newsletter collect                         and look: newsletter articles
  4. newsletter subscribers import people.csv   (add --attest "where and when" if they consented)
  5. newsletter draft weekly                    then preview, approve and send it
  6. newsletter serve                           or, from cron: newsletter run
"""


@commands.command()
def init(  # noqa: PLR0913 - every argument is an option of the command
    directory: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The publication's folder.")
    ] = Path(),
    *,
    name: Annotated[str, typer.Option(help="The house, as readers know it.")] = "",
    url: Annotated[str, typer.Option(help="Where its own pages will live.")] = "",
    sender: Annotated[str, typer.Option("--from", help='"Name <address>" of every mail.')] = "",
    timezone: Annotated[str, typer.Option(help="Such as Asia/Seoul.")] = "",
    language: Annotated[str, typer.Option(help="Such as en or ko.")] = "",
    postal_address: Annotated[str, typer.Option(help="Required by law in every mail.")] = "",
    feed: Annotated[str, typer.Option(help="The address of a feed, if there is one.")] = "",
) -> None:
    """Begin a publication: write newsletter.toml and .env.

    Never overwrites either. Asks for what no option answers when there is somebody to ask.
    """
    root = directory.resolve()
    path = root / settings.FILE
    answered = Answers(name, url, sender, timezone, language, postal_address, feed)
    with expected_errors():
        text = "" if path.exists() else first_configuration(_complete(answered, root))
        try:
            _write(root, text)
        except OSError as error:
            fail(f"Cannot write to {root}: {error.strerror}.")
        settings.load(root, os.environ)
    say(_ADVICE if root == Path.cwd() else _ADVICE.replace("in this folder", f"in {root}"))


def _write(root: Path, text: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    path = root / settings.FILE
    if text:
        path.write_text(text, encoding="utf-8")
        (root / "articles").mkdir(exist_ok=True)
        say(f"Written: {path}")
    else:
        say(f"Kept as it is: {path}")
    new = secrets.write_first(root, lambda: chance.token_urlsafe(32))
    say(f"{'Written, with fresh secrets' if new else 'Kept as it is'}: {root / secrets.FILE}")


def _complete(given: Answers, root: Path) -> Answers:
    """Check what was given and ask for the rest; without anybody to ask, take the default."""
    title = root.name.replace("-", " ").title() or "Our Newsletter"
    name = _answer("Name of the publication", given.name, title, str)
    return Answers(
        name=name,
        url=_answer("Address of its own pages", given.url, "http://127.0.0.1:8025", values.site),
        sender=_answer(
            "Sender of every mail", given.sender, f"{name} <brief@example.org>", values.mailbox
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


@commands.command("next")
def show_next(
    newsletter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="Only this one.")] = "",
    *,
    count: Annotated[int, typer.Option(min=1, max=400, help="How many of each.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Show the coming slots, and where daylight saving matters."""
    with expected_errors():
        house = settings.load(Path.cwd(), os.environ).publication
    chosen = [one for one in house.newsletters if newsletter in {"", one.key}]
    if not chosen:
        if not house.newsletters:
            fail("There is no newsletter yet; add a [newsletters.NAME] table to newsletter.toml.")
        known = ", ".join(one.key for one in house.newsletters)
        fail(f'There is no newsletter "{newsletter}"; there are: {known}.', Exit.USAGE)
    now = clock()
    rows = [row for one in chosen for row in _slot_rows(one, now, count)]
    print_rows(rows, ("newsletter", "due", "offset", "in", "note"), as_json=as_json)


def _slot_rows(newsletter: Newsletter, now: datetime, count: int) -> Iterator[dict[str, str]]:
    zone = newsletter.timezone
    before = offset(now, zone)
    for slot in coming(newsletter.cadence, zone, now, count):
        at = offset(slot.due_at, zone)
        yield {
            "newsletter": newsletter.key,
            "due": f"{local(slot.due_at, zone):%a %d %b %Y %H:%M}",
            "offset": at,
            "in": _away(slot, now),
            "note": _remark(newsletter, slot, before if before != at else ""),
            "nominal": slot.nominal,
            "due_at": slot.due_at.isoformat(),
            "timezone": str(zone),
        }
        before = at


def _remark(newsletter: Newsletter, slot: Due, changed_from: str) -> str:
    caution = note(datetime.fromisoformat(slot.nominal), newsletter.timezone)
    if changed_from:
        shift = f"the clocks have changed since ({changed_from} before)"
        return f"{caution}; {shift}" if caution else shift
    return caution


def _away(slot: Due, now: datetime) -> str:
    days, rest = divmod(int((slot.due_at - now).total_seconds()), 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


@commands.command()
def doctor(
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the provider too; nothing is sent.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Say what works, what should be done, and what is broken.

    Exit code 0: all is well; 3: something should be done; 1: something does not work.
    """
    readings = list(_readings(online=online))
    if as_json:
        print_rows(map(_reading_row, readings), (), as_json=True)
    else:
        for reading in readings:
            say(f"{reading.health.value:<4}  {reading.subject}: {reading.says}")
            if reading.advice:
                say(f"      → {reading.advice}")
    healths = {reading.health for reading in readings}
    if Health.FAIL in healths:
        raise SystemExit(int(Exit.FAILED))
    raise SystemExit(int(Exit.WAITS if Health.WARN in healths else Exit.OK))


def _readings(*, online: bool) -> Iterator[Reading]:
    try:
        loaded = settings.load(Path.cwd(), os.environ)
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Reading(Health.FAIL, "configuration", line, "correct it and run this again")
        return
    yield from checkup.examine(loaded, clock())
    if online:
        yield from checkup.online(loaded, clock())


def _reading_row(reading: Reading) -> dict[str, str]:
    return {
        "health": reading.health.value,
        "subject": reading.subject,
        "says": reading.says,
        "advice": reading.advice,
    }
