"""A week of the sample publication in seven reports.

They are compared as a whole with `tests/snapshots/reports/week.txt`. `SNAPSHOTS=write` writes it again.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from newsletter import app, settings
from newsletter.app import App
from newsletter.cli.lists import terms_of
from newsletter.cli.next_steps import as_sentence
from newsletter.cli.running import MARKS
from newsletter.pipeline.report import Line
from newsletter.store.content import issues
from newsletter.usecases import reviewing, sending
from newsletter.usecases.reviewing import Approved
from subscribers.roster.reading import open_listing
from subscribers.roster.run import ImportJob, apply
from tests.fakes.house import STAFF
from tests.fakes.schedulers import environ_of
from tests.fakes.schema import add_database
from tests.fakes.sendgrid import SendGrid

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "newsletter" / "cli" / "samples"
SNAPSHOT = ROOT / "tests" / "snapshots" / "reports" / "week.txt"
SEOUL = ZoneInfo("Asia/Seoul")
MONDAY = datetime(2026, 11, 30, tzinfo=SEOUL)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXTS = ("counting-trucks.txt", "small-clubs.txt", "translators-desk.txt", "winter-grid.txt")
MORE = "reader{}@readers.example,,en,Trade,,each,2026-03-02,sign-up page\n"
"""The rest of the list, so that freezing an audience needs space on the disk."""
PAGES = ("slow-minerals.html", "night-school.en.html", "ledger-and-deterrent.html")


@dataclass
class Week:
    """The publication, its clock, and the reports of its passes so far."""

    app: App
    root: Path
    provider: SendGrid
    at: datetime = MONDAY
    text: str = ""

    def run(self, hour: float) -> None:
        """Make a pass at an hour of the day, one part after the other, and keep its report."""
        self.at = self.at.replace(hour=0, minute=0) + hour * HOUR
        lines = [line for part in self.app.parts().values() for line in part()]
        # The disk of this machine is no part of the story; which batch fails first depends on threads.
        texts = [printed(line) for line in lines if "disk is nearly full" not in line.message]
        texts = list(dict.fromkeys(re.sub(r"batch 5\.\d", "batch 5.n", text) for text in texts))
        self.text += f"\n{self.at:%H:%M}\n" + ("".join(texts) or "  Nothing is due.\n")

    def day(self, name: str) -> None:
        """Begin the next day."""
        first = not self.text
        self.at = MONDAY if first else self.at.replace(hour=0, minute=0) + DAY
        self.text += f"{'' if first else chr(10)}{self.at:%A}: {name}\n"

    def approve(self, number: int) -> None:
        """Approve an issue as a person does."""
        result = reviewing.approve(self.app.context, STAFF, number)
        assert isinstance(result, Approved), result

    def arrives(self, name: str) -> None:
        """Let an article arrive in its source."""
        folder = "texts" if name.endswith(".txt") else "pages"
        shutil.copyfile(SAMPLES / folder / name, self.root / folder / name)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let the database not grow any more, as on a full disk."""
        engine = self.app.engine

        def limit(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA max_page_count=1").close()  # that is: its present size

        engine.dispose()
        sa.event.listen(engine, "connect", limit)
        yield
        sa.event.remove(engine, "connect", limit)
        engine.dispose()


def printed(line: Line) -> str:
    """Return a line as `newsletter run` prints it."""
    step = f"{'':12} {as_sentence(line.next_step)}\n" if line.next_step else ""
    return f"{MARKS[line.level]} {line.stage:<10} {line.message}\n{step}"


@pytest.fixture
def week(tmp_path: Path) -> Iterator[Week]:
    shutil.copytree(SAMPLES, tmp_path, dirs_exist_ok=True)
    for folder in ("texts", "pages"):
        for path in (tmp_path / folder).iterdir():
            if path.is_file():
                path.unlink()
    text = (tmp_path / "newsletter.toml").read_text(encoding="utf-8")
    weekly, _, _rest = text.partition("[newsletters.review]")
    for old, new in (
        ('provider = "outbox"', 'provider = "sendgrid"'),
        ('cadence = "mon 08:00"', 'cadence = "daily 08:00"'),
        ('lead = "3d"', 'lead = "20h"'),
        ("backfill = 20", "backfill = 2"),
        ('content = "followed-first"', 'content = "same"'),
    ):
        assert old in weekly, old
        weekly = weekly.replace(old, new)
    (tmp_path / "newsletter.toml").write_text(weekly, encoding="utf-8")
    with (tmp_path / "subscribers.csv").open("a", encoding="utf-8") as people:
        people.writelines(MORE.format(number) for number in range(300))
    add_database(tmp_path / "newsletter.db")
    with SendGrid(tmp_path / "ledger") as provider:
        provider.keep = False
        environ = environ_of("sqlite:///newsletter.db", provider.url)
        opened = app.open_app(settings.load(tmp_path, environ))
        made = Week(opened, tmp_path, provider)
        made.app = replace(opened, now=lambda: made.at.astimezone(ZoneInfo("UTC")))
        listing = open_listing(tmp_path / "subscribers.csv")
        terms = terms_of(opened.publication, "subscribers.csv", MONDAY, into=["weekly"])
        job = ImportJob(listing, terms, opened.settings.pepper)
        apply(opened.engine, job, actor="test", clock=lambda: MONDAY)
        yield made
        opened.senders["sendgrid"].close()
        opened.close()


def test_seven_reports_say_what_happened(week: Week) -> None:
    three_days(week)
    three_more(week)
    the_last_day(week)
    deliveries = [to[1] for request in week.provider.ledger.requests() for to in request["to"]]
    assert len(deliveries) == len(set(deliveries))
    week.text += (
        f"\n{len(deliveries):,} emails were accepted, and no recipient got an issue twice.\n"
    )
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
        SNAPSHOT.write_text(week.text, encoding="utf-8")
    assert week.text == SNAPSHOT.read_text(encoding="utf-8"), (
        "the reports have changed; read them, then write them with SNAPSHOTS=write"
    )


def three_days(week: Week) -> None:
    week.day("articles arrive, and staff approve the first issue.")
    week.arrives(TEXTS[0])
    week.run(12)
    week.approve(1)
    week.run(18)

    week.day("the first issue is sent; no one approves the second one.")
    week.run(8)
    week.arrives(TEXTS[1])
    week.run(12)

    week.day("staff approve at half past nine.")
    week.run(7)
    week.run(8)
    week.run(9)
    week.approve(2)
    week.run(9.5)
    week.arrives(TEXTS[2])
    week.run(12)
    week.approve(3)


def three_more(week: Week) -> None:
    week.day("a source breaks; at noon the machine is switched off.")
    week.run(8)
    (week.root / "feed.xml").write_text("<html>Service unavailable</html>", encoding="utf-8")
    for hour in (9, 9.5, 10.5, 11.5):
        week.run(hour)

    week.day("the machine was off until two o'clock, over one slot.")
    week.arrives(TEXTS[3])
    week.run(14)
    week.approve(latest(week))

    week.day("the disk is full until ten o'clock.")
    with week.full_disk():
        week.run(8)
    week.run(10)
    week.arrives(PAGES[0])
    week.run(12)
    week.approve(latest(week))


def the_last_day(week: Week) -> None:
    week.day("the provider has withdrawn the key; staff enter a new one at ten.")
    week.provider.faults.extend(["401"] * 50)
    week.run(8)
    week.run(8.5)
    week.provider.faults.clear()
    sending.resume(week.app.context, STAFF, latest(week))
    week.run(10)


def latest(week: Week) -> int:
    """Return the id of the latest issue."""
    with week.app.reader.connect() as connection:
        return issues.recent(connection)[0].id
