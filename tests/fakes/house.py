"""A small publication in a folder, opened for real, with a clock that the test sets."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from newsletter import app, settings
from newsletter.cli.lists import terms_of
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.report import CollectReport
from newsletter.model.actor import Actor
from newsletter.model.issue import Issue
from newsletter.people.effects import apply_effects
from newsletter.pipeline.report import Line
from newsletter.store.content import issues
from newsletter.usecases import reviewing
from newsletter.usecases.reviewing import Approved
from subscribers import directory
from subscribers.consent.unsubscribing import Unsubscribe, unsubscribe
from subscribers.roster.reading import open_listing
from subscribers.roster.run import ImportJob, apply
from tests.fakes.schema import add_database

STAFF = Actor.person("mina")
SECRETS = {"NEWSLETTER_SECRET_KEY": "s" * 40, "NEWSLETTER_PEPPER": "p" * 40}
MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
CONFIGURATION = """
[publication]
name = "Harbour Notes"
url = "http://127.0.0.1:8025"
timezone = "UTC"
language = "en"
from = "Harbour Notes <notes@harbour.example>"
postal_address = "3 Quay Street, Harbour"
provider = "outbox"

[topics.ships]
[topics.fish]

[sources.desk]
kind = "folder"
path = "articles/"

[newsletters.weekly]
title = "The Tide"
cadence = "mon 08:00"
lead = "2d"
undo = "0"
spread = "0"
{more}
"""
PEOPLE = """email,name,topics,consented_at,source
ann@example.org,Ann,ships,2026-01-02,form
bob@example.org,Bob,fish,2026-01-02,form
cyd@example.org,,,2026-01-02,form
dan@example.org,Dan,ships,,
"""


@dataclass(slots=True)
class House:
    """The opened publication. `at` is the time on its clock, `dispatch` makes a pass."""

    app: app.App
    root: Path
    at: datetime
    dispatch: Callable[[app.App], list[Line]] = app.App.one_pass

    def pass_at(self, at: datetime) -> list[Line]:
        """Set the clock and make one pass."""
        self.at = at
        return self.dispatch(self.app)

    def approve(self, issue_id: int = 1) -> None:
        """Approve an issue as a person does."""
        result = reviewing.approve(self.app.context, STAFF, issue_id)
        assert isinstance(result, Approved), result

    def issues(self) -> list[Issue]:
        """Return every issue, oldest first."""
        with self.app.reader.connect() as connection:
            return issues.recent(connection)[::-1]

    def mails(self) -> list[str]:
        """Return the names of the submitted emails, without notices."""
        found = (path.stem for path in self.app.settings.outbox.glob("*.eml"))
        return sorted(name for name in found if not name.startswith("notice"))


def article(root: Path, name: str, topic: str, words: int = 120) -> None:
    """Write an article into the folder source."""
    text = " ".join(f"The {topic} sentence number {n} says something." for n in range(words // 7))
    (root / "articles").mkdir(parents=True, exist_ok=True)
    (root / "articles" / f"{name}.txt").write_text(
        f"About {topic} and {name}\n\nBy Ada Keel\n\nNovember 27, 2026\n\n  • #{topic}\n\n{text}\n",
        encoding="utf-8",
    )


def lay_out(root: Path, more: str = "") -> None:
    """Write the publication's files."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "newsletter.toml").write_text(CONFIGURATION.format(more=more), encoding="utf-8")
    (root / "people.csv").write_text(PEOPLE, encoding="utf-8")
    add_database(root / "newsletter.db")
    article(root, "first", "ships")
    article(root, "second", "fish")


@contextmanager
def house(
    root: Path,
    more: str = "",
    at: datetime = MONDAY - timedelta(days=4),
    *,
    database: str = "",
) -> Iterator[House]:
    """Open the publication in `root`, or with another database, with its four people imported."""
    lay_out(root, more)
    elsewhere = {"NEWSLETTER_DATABASE_URL": database} if database else {}
    built = _opened(root, at, SECRETS | elsewhere)
    opened = built.app
    listing = open_listing(root / "people.csv")
    terms = terms_of(opened.publication, "people.csv", at, into=["weekly"])
    apply(
        opened.engine,
        ImportJob(listing, terms, opened.settings.pepper),
        actor="test",
        clock=lambda: built.at,
    )
    try:
        yield built
    finally:
        opened.close()


def reopened(root: Path, at: datetime) -> House:
    """Open the publication in `root` as a new process does. The caller closes it."""
    return _opened(root, at, SECRETS)


def _opened(root: Path, at: datetime, environment: Mapping[str, str]) -> House:
    built = House(app.open_app(settings.load(root, environment)), root, at)

    def collect(names: Sequence[str] = ()) -> CollectReport:
        return built.app.collect(names, shared_sandbox())

    built.app = replace(built.app, now=lambda: built.at, collector=collect)
    return built


@cache
def shared_sandbox() -> Sandbox:
    """Return a sandbox for all publications: to start its process takes longer than a test."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


@contextmanager
def continued(root: Path, prepare: Callable[[House], None], more: str = "") -> Iterator[House]:
    """Open a publication as `prepare` left it.

    `prepare` runs once for each configuration; every further call copies what it wrote.
    """
    folder, at = _prepared(prepare, more)
    shutil.copytree(folder, root, dirs_exist_ok=True)
    opened = reopened(root, at)
    try:
        yield opened
    finally:
        opened.app.close()


@cache
def _prepared(prepare: Callable[[House], None], more: str) -> tuple[Path, datetime]:
    root = Path(tempfile.mkdtemp(prefix="house-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    with house(root, more) as opened:
        prepare(opened)
    return root, opened.at


def mail(opened: House) -> None:
    """Draft the first issue a day early, and send it on Monday."""
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()
    opened.pass_at(MONDAY)


def leave_all(opened: House, address: str) -> None:
    """Unsubscribe a person from every newsletter, as the page does."""
    with opened.app.engine.begin() as connection:
        person = directory.require(connection, address)
        request = Unsubscribe(None, "page")
        pepper = opened.app.settings.pepper
        outcome = unsubscribe(connection, person.id, request, pepper=pepper, now=opened.at)
        apply_effects(connection, outcome, opened.app.journal, now=opened.at)
