"""Months of a publication in three time zones, with three schedulers that are killed at random."""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from newsletter import settings
from newsletter.cli.lists import terms_of
from newsletter.store.tables import batches, deliveries, issues, slots
from subscribers.roster.reading import open_listing
from subscribers.roster.run import ImportJob, apply
from tests.fakes import schedulers
from tests.fakes.house import PEOPLE, article
from tests.fakes.schedulers import Plan
from tests.fakes.sendgrid import SendGrid

PUBLICATION = """
[publication]
name = "Harbor Notes"
url = "http://127.0.0.1:8025"
timezone = "UTC"
language = "en"
from = "Harbor Notes <notes@harbor.example>"
postal_address = "3 Quay Street, Harbor"
provider = "sendgrid"

[topics.ships]
[topics.fish]

[sources.desk]
kind = "folder"
path = "articles/"
backfill = 100
"""
NEWSLETTER = """
[newsletters.{key}]
title = "Tides of {key}"
timezone = "{zone}"
cadence = "{cadence}"
send_at = "{send_at}"
lead = "2h"
approval = "automatic"
undo = "0"
spread = "0"
max_age = "5200w"
content = "same"
items = {{ min = 1, max = 1 }}
digests = {{ weekly = "1st wed of jan 09:00", monthly = "1st wed of jan 09:00" }}
"""
SETTLED = timedelta(days=4)
"""How long after the end what was in doubt is held; less than a week, when the next slots are due."""
CONFIRMED = 3
"""How many of the four people get every issue."""
READERS = {"ann": "Pacific/Apia", "bob": "America/New_York"}
"""The time zones of two of them, as they begin their addresses."""


@dataclass(frozen=True)
class Title:
    """A newsletter and the nominal local times at which it is due, from another source than ours."""

    key: str
    zone: str
    cadence: str
    nominals: tuple[str, ...]
    send_at: str = "slot"

    @property
    def zones(self) -> tuple[str, ...]:
        """Return the zones in which an issue is due at its local time."""
        return (self.zone, *READERS.values()) if self.send_at == "reader" else (self.zone,)


@dataclass(frozen=True)
class Season:
    """The time that is simulated. From `changed` on, New York keeps its summer time for good.

    The schedulers look so many minutes `around` a slot, and every so many `hours`.
    """

    begin: datetime
    end: datetime
    titles: tuple[Title, ...]
    kills: float
    around: tuple[int, ...] = (1, 61)
    hours: tuple[int, int] = (40, 120)
    changed: datetime | None = None


def nights(*days: str, at: str) -> tuple[str, ...]:
    return tuple(f"2026-{day}T{at}" for day in days)


SPRING = Season(
    datetime(2026, 3, 5, 12, tzinfo=UTC),
    datetime(2026, 3, 30, tzinfo=UTC),
    (
        Title("york", "America/New_York", "2nd sun 02:30", nights("03-08", at="02:30")),
        Title("london", "Europe/London", "last sun 01:30", nights("03-29", at="01:30")),
        Title(
            "seoul",
            "Asia/Seoul",
            "2nd,last sun 02:30",
            nights("03-08", "03-29", at="02:30"),
            send_at="reader",
        ),
    ),
    kills=0.25,
)
AUTUMN = Season(
    datetime(2026, 10, 22, 12, tzinfo=UTC),
    datetime(2026, 11, 9, tzinfo=UTC),
    (
        Title(
            "york", "America/New_York", "1st,2nd sun 01:30", nights("11-01", "11-08", at="01:30")
        ),
        Title("london", "Europe/London", "last sun 01:30", nights("10-25", at="01:30")),
        Title(
            "seoul",
            "Asia/Seoul",
            "1st,last sun 01:30",
            nights("10-25", "11-01", at="01:30"),
            send_at="reader",
        ),
    ),
    kills=0.25,
    changed=datetime(2026, 11, 3, tzinfo=UTC),
)


def every_sunday(at: str) -> tuple[str, ...]:
    first = datetime(2026, 1, 4)  # noqa: DTZ001 - a local day
    return tuple(f"{first + timedelta(weeks=week):%Y-%m-%d}T{at}" for week in range(52))


YEAR = Season(
    datetime(2026, 1, 1, 12, tzinfo=UTC),
    datetime(2026, 12, 28, tzinfo=UTC),
    (
        Title("york", "America/New_York", "sun 02:30", every_sunday("02:30")),
        Title("york-early", "America/New_York", "sun 01:30", every_sunday("01:30")),
        Title("london", "Europe/London", "sun 01:30", every_sunday("01:30")),
        Title("seoul", "Asia/Seoul", "sun 02:30", every_sunday("02:30"), send_at="reader"),
    ),
    kills=0.15,
    hours=(12, 60),
    changed=datetime(2026, 11, 3, tzinfo=UTC),
)


def steps(season: Season) -> list[str]:
    """Return the times at which the schedulers look."""
    rng = random.Random(4)
    found = {season.begin, season.end, season.end + SETTLED}
    at = season.begin
    while at < season.end:
        found.add(at)
        at += timedelta(minutes=rng.randint(*(60 * hours for hours in season.hours)))
    for title in season.titles:
        for nominal in title.nominals:
            for zone in title.zones:
                wall = datetime.fromisoformat(nominal).replace(tzinfo=ZoneInfo(zone))
                due_at = wall.astimezone(UTC)
                found |= {due_at + timedelta(minutes=minutes) for minutes in season.around}
    return [moment.isoformat() for moment in sorted(found)]


def with_zones(people: str) -> str:
    """Return a list with a column of time zones."""
    header, *rows = people.strip().split("\n")
    zones = (READERS.get(row.partition("@")[0], "") for row in rows)
    return "\n".join([f"{header},timezone", *map(",".join, zip(rows, zones, strict=True))])


@contextmanager
def played(season: Season, database: sa.Engine, root: Path) -> Iterator[Counter[str]]:
    """Play a season; yield how many copies of an issue each recipient got, by delivery."""
    described = [NEWSLETTER.format(**vars(title)) for title in season.titles]
    (root / "newsletter.toml").write_text(PUBLICATION + "".join(described), "utf-8")
    (root / "people.csv").write_text(with_zones(PEOPLE), "utf-8")
    for number in range(max(len(title.nominals) for title in season.titles)):
        article(root, f"article-{number}", "ships")
    url = database.url.render_as_string(hide_password=False)
    with SendGrid(root / "ledger") as provider:
        environ = schedulers.environ_of(url, provider.url)
        chosen = settings.load(root, environ)
        listing = open_listing(root / "people.csv")
        keys = [title.key for title in season.titles]
        terms = terms_of(chosen.publication, "people.csv", season.begin, into=keys)
        job = ImportJob(listing, terms, chosen.pepper)
        apply(database, job, actor="test", clock=lambda: season.begin)
        rules = schedulers.changed_rules(root, "America/New_York", "America/Puerto_Rico")
        change = season.changed.isoformat() if season.changed else ""
        plan = Plan(
            str(root), environ, steps(season), season.kills, rules=str(rules), change=change
        )
        counts = schedulers.play(plan)
        sys.stdout.write(f"\n{database.dialect.name}: {counts}")
        assert counts["kills"] > 0
        yield Counter(
            delivery
            for request in provider.ledger.requests()
            for _address, delivery in request["to"]
            if delivery.partition("-")[0].isdigit()
        )


def judge(season: Season, database: sa.Engine, copies: Counter[str]) -> None:
    """Check that every slot has one issue, and every recipient one copy or a batch that is held.

    Digests have slots too, with a colon in their names.
    """
    with database.connect() as connection:
        claimed = connection.execute(
            sa.select(slots.c.newsletter, slots.c.nominal, sa.func.count(issues.c.id))
            .outerjoin(issues, issues.c.slot_id == slots.c.id)
            .where(
                slots.c.nominal < f"{season.end:%Y-%m-%dT%H:%M}", ~slots.c.newsletter.contains(":")
            )
            .group_by(slots.c.id, slots.c.newsletter, slots.c.nominal)
        ).all()
        drafted = connection.scalar(sa.select(sa.func.count()).select_from(issues))
        frozen = connection.execute(
            sa.select(deliveries.c.issue_id, deliveries.c.seq, batches.c.state).join(
                batches,
                sa.and_(
                    batches.c.issue_id == deliveries.c.issue_id,
                    deliveries.c.seq.between(batches.c.first_seq, batches.c.last_seq),
                ),
            )
        ).all()
        states = Counter(connection.scalars(sa.select(issues.c.state)))
    expected = {(title.key, nominal) for title in season.titles for nominal in title.nominals}
    assert {(row[0], row[1]): row[2] for row in claimed} == dict.fromkeys(expected, 1)
    assert drafted == len(expected)
    assert set(copies.values()) == {1}
    assert Counter(row[0] for row in frozen) == dict.fromkeys(range(1, drafted + 1), CONFIRMED)
    recipients = {f"{issue}-{seq}": state for issue, seq, state in frozen}
    assert copies.keys() <= recipients.keys()
    missed = {recipients[delivery] for delivery in recipients.keys() - copies.keys()}
    assert missed <= {"held"}
    sys.stdout.write(
        f"\n{len(expected)} slots, {drafted} issues {dict(states)}, {len(copies)} copies, "
        f"{len(recipients) - len(copies)} recipients held, no one twice\n"
    )


def test_spring_forward_with_schedulers_that_are_killed(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    with played(SPRING, sqlite_engine, tmp_path) as copies:
        judge(SPRING, sqlite_engine, copies)


def test_autumn_back_and_changed_rules_with_schedulers_that_are_killed(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    with played(AUTUMN, pg_engine, tmp_path) as copies:
        judge(AUTUMN, pg_engine, copies)


@pytest.mark.torture
def test_a_year_with_schedulers_that_are_killed(engine: sa.Engine, tmp_path: Path) -> None:
    with played(YEAR, engine, tmp_path) as copies:
        judge(YEAR, engine, copies)
