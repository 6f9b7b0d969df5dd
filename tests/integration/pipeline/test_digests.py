"""Subscribers who want fewer emails get a digest of what they missed, once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.edit.digest import missed
from newsletter.model.issue import Issue, IssueKind
from newsletter.pipeline.report import Level
from newsletter.store.content import issues
from newsletter.store.tables import deliveries
from subscribers.model import Frequency
from tests.fakes.house import article
from tests.fakes.readers import Reader, reader

ANN, BOB, CYD = "ann@example.org", "bob@example.org", "cyd@example.org"
TUESDAY = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 12, 5, 9, 0, tzinfo=UTC)
DAILY = """
[newsletters.daily]
title = "The Daily Tide"
cadence = "daily 07:00"
approval = "automatic"
lead = "2h"
undo = "0"
items = { min = 1, max = 8 }
"""


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[Reader]:
    """Ann wants each issue of a daily newsletter, Bob a weekly digest of it."""
    with reader(tmp_path, DAILY) as found:
        for address, frequency in ((ANN, "each"), (BOB, "weekly")):
            subscribe(found, address, frequency)
        yield found


def subscribe(found: Reader, address: str, frequency: str) -> None:
    state = found.state(address, "daily")
    if state != "confirmed":
        with found.house.app.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO subscriptions (newsletter, subscriber_id, state, since)"
                    " SELECT 'daily', id, 'confirmed', created_at FROM subscribers"
                    " WHERE address_key = :key"
                ),
                {"key": address},
            )
    chosen = {"form": "preferences", "newsletter": ["weekly", "daily"]}
    answer = found.client.post(
        f"/preferences/{found.token(address, 'daily')}",
        data=chosen | {"frequency.daily": frequency},
    )
    assert answer.status_code == 303


def week(found: Reader, *days: int) -> None:
    """Publish and send one issue on each of these days after Tuesday."""
    for day in days:
        article(found.house.root, f"day{day}", "harbors")
        found.house.pass_at(TUESDAY + timedelta(days=day, hours=-1))
        found.house.pass_at(TUESDAY + timedelta(days=day))


def digests(found: Reader) -> list[Issue]:
    return [issue for issue in found.house.issues() if issue.kind is IssueKind.DIGEST]


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return body.get_content()


def test_a_weekly_digest_collects_what_the_reader_missed_and_is_sent_once(daily: Reader) -> None:
    week(daily, 0, 1, 2)
    assert not any("day1" in text(letter).lower() for letter in daily.letters(BOB))
    assert sum("day1" in text(letter).lower() for letter in daily.letters(ANN)) == 1
    daily.house.pass_at(SATURDAY)
    (digest,) = digests(daily)
    assert (digest.nominal, digest.number < 0) == ("2026-12-05T09:00 weekly", True)
    (letter,) = [found for found in daily.letters(BOB) if "digest" in str(found["Subject"])]
    assert letter["Subject"] == "The Daily Tide: your weekly digest"
    assert all(f"and day{day}" in text(letter).lower() for day in (0, 1, 2))
    assert not [found for found in daily.letters(ANN) if "digest" in str(found["Subject"])]
    for minutes in (1, 2):
        daily.house.pass_at(SATURDAY + timedelta(minutes=minutes))
    with daily.house.app.reader.connect() as connection:
        ledger = connection.execute(
            sa.select(deliveries.c.subscriber_id).where(deliveries.c.issue_id == digest.id)
        ).all()
    assert [row.subscriber_id for row in ledger] == [daily.subscriber(BOB)]


def test_the_next_digest_repeats_nothing(daily: Reader) -> None:
    week(daily, 0, 1, 2)
    daily.house.pass_at(SATURDAY)
    week(daily, 7)
    daily.house.pass_at(SATURDAY + timedelta(days=7))
    assert len(digests(daily)) == 2
    latest = text(daily.letters(BOB)[-1]).lower()
    assert "and day7" in latest
    assert "and day1" not in latest


def test_what_a_digest_did_not_have_is_in_the_next_and_nothing_else(daily: Reader) -> None:
    week(daily, 0, 1)
    daily.house.pass_at(SATURDAY)
    (first,) = digests(daily)
    with daily.house.app.engine.begin() as connection:
        lost, *rest = issues.load_items(connection, first.id)
        assert rest
        issues.replace_items(connection, first.id, rest)
        later = SATURDAY + timedelta(days=7)
        found = missed(connection, "daily", Frequency.WEEKLY, later)
    assert [item.article_id for item in found] == [lost.article_id]


def test_a_digest_is_sent_even_if_no_one_wants_each_issue(daily: Reader) -> None:
    subscribe(daily, ANN, "monthly")
    week(daily, 0, 1)
    daily.house.pass_at(SATURDAY)
    assert "and day1" in text(daily.letters(BOB)[-1]).lower()
    (monthly,) = daily.letters(ANN)[-1:]
    assert monthly["Subject"] == "The Daily Tide: your monthly digest"


def test_who_changes_to_a_digest_within_the_week_gets_only_what_they_missed(daily: Reader) -> None:
    week(daily, 0)
    subscribe(daily, ANN, "weekly")
    week(daily, 1)
    daily.house.pass_at(SATURDAY)
    anns, bobs = text(daily.letters(ANN)[-1]).lower(), text(daily.letters(BOB)[-1]).lower()
    assert ("and day0" in anns, "and day1" in anns) == (False, True)
    assert ("and day0" in bobs, "and day1" in bobs) == (True, True)


def test_there_is_no_digest_without_readers_or_news_and_the_pass_reports_why(daily: Reader) -> None:
    subscribe(daily, BOB, "each")
    week(daily, 0)
    report = daily.house.pass_at(SATURDAY)
    unwanted = (
        "The Daily Tide, weekly digest 2026-12-05T09:00: skipped, no subscriber gets it weekly"
    )
    assert unwanted in [line.message for line in report]
    subscribe(daily, BOB, "weekly")
    reports = [daily.house.pass_at(SATURDAY + timedelta(days=day)) for day in range(1, 8)]
    assert not digests(daily)
    lines = [line for report in reports for line in report if "weekly digest" in line.message]
    (line,) = lines
    assert line.message.endswith("weekly digest 2026-12-12T09:00: skipped, nothing new to print")
    assert (line.level, line.alerted) == (Level.WAITS, True)
    subjects = [str(letter["Subject"]) for letter in daily.letters("notes@harbour.example")]
    (notice,) = [subject for subject in subjects if "digest" in subject]
    assert "the weekly digest of 2026-12-12T09:00 was skipped, nothing new to print" in notice


def test_digests_that_a_later_one_covers_are_one_line(daily: Reader) -> None:
    daily.house.pass_at(TUESDAY)
    report = daily.house.pass_at(SATURDAY + timedelta(days=21, minutes=1))
    (line,) = [each.message for each in report if "covers" in each.message]
    span = "2026-12-05T09:00 to 2026-12-19T09:00 (3 slots)"
    assert line == f"The Daily Tide, weekly digest {span}: skipped, a later digest covers it"
