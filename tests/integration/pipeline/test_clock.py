"""A clock that was far ahead puts nothing off, and an issue that is far too late waits for a person."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.model.days_off import Pause
from newsletter.model.departure import is_overtaken
from newsletter.pipeline.report import Level
from newsletter.store.tables import articles, slots
from newsletter.usecases import drafting, planning, sending
from newsletter.usecases.drafting import Drafted
from tests.fakes.house import MONDAY, STAFF, House, article, house, reopened

DAILY = '[backup]\nfolder = "copies"'


@pytest.mark.parametrize("days", [3, 400])
def test_what_a_clock_that_jumped_put_off_is_done_when_it_is_right_again(
    tmp_path: Path, days: int
) -> None:
    now = MONDAY - timedelta(days=4)
    with house(tmp_path, DAILY, at=now) as opened:
        opened.pass_at(now + timedelta(days=days))
        text = "Title: Ferries return\n\nThe ferries return to the harbour after two years.\n"
        (tmp_path / "articles" / "ferries.txt").write_text(text)
        later = now + timedelta(minutes=5)
        lines = opened.pass_at(later)
        with opened.app.reader.connect() as connection:
            titles = set(connection.scalars(sa.select(articles.c.title)))
            missed = sa.select(slots).where(slots.c.state == "missed", slots.c.due_at > later)
            ahead = connection.execute(missed).all()
    assert "Ferries return" in titles
    assert not ahead
    assert [line for line in lines if line.stage == "backup"]
    if days > 30:
        assert any("a clock had jumped ahead" in line.message for line in lines)


def _approved(tmp_path: Path, opened: House) -> None:
    article(tmp_path, "harbour", "ships")
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()


def test_an_approved_issue_that_goes_out_late_is_reported(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        _approved(tmp_path, opened)
        lines = opened.pass_at(MONDAY + timedelta(days=5))
        assert [issue.state for issue in opened.issues()] == ["submitted"]
    assert any("120h late" in line.message for line in lines), lines


@pytest.mark.parametrize(
    ("rules", "days"), [("", 8), ('catch_up = "none"', 1), ('approval = "automatic"', 8)]
)
def test_an_issue_whose_time_is_long_over_waits_for_a_person(
    tmp_path: Path, rules: str, days: int
) -> None:
    with house(tmp_path, rules) as opened:
        if "automatic" in rules:
            opened.pass_at(MONDAY - timedelta(minutes=30))
            assert [issue.state for issue in opened.issues()] == ["approved"]
        else:
            _approved(tmp_path, opened)
        for minutes in (0, 1):
            lines = opened.pass_at(MONDAY + timedelta(days=days, minutes=minutes))
            assert not opened.mails()
            assert [line for line in lines if line.level is Level.WAITS]
        opened.approve()
        opened.pass_at(MONDAY + timedelta(days=days, minutes=2))
        assert opened.issues()[0].state == "submitted"


def test_staff_may_insist_on_a_policy_that_sends_however_late_it_is(tmp_path: Path) -> None:
    with house(tmp_path, 'catch_up = "all"') as opened:
        _approved(tmp_path, opened)
        opened.pass_at(MONDAY + timedelta(days=60))
        assert opened.issues()[0].state == "submitted"


def test_a_cadence_that_moves_to_another_time_of_the_day_sends_one_issue_that_day(
    tmp_path: Path,
) -> None:
    with house(tmp_path, 'approval = "automatic"') as opened:
        opened.pass_at(MONDAY - timedelta(days=1))
        settings = tmp_path / "newsletter.toml"
        settings.write_text(settings.read_text().replace("mon 08:00", "mon 09:30"))
        later = reopened(tmp_path, MONDAY - timedelta(hours=20))
        article(tmp_path, "third", "ships")
        report = [line for minutes in (0, 90, 95) for line in later.pass_at(at(minutes))]
        assert [issue.state for issue in later.issues()] == ["submitted"]
        assert any("was drafted for 08:00" in line.message for line in report), report
        later.pass_at(MONDAY + timedelta(days=7, minutes=90))
        assert [issue.nominal for issue in later.issues()] == [
            "2026-11-30T08:00",
            "2026-12-07T09:30",
        ]
        later.app.close()


def at(minutes: int) -> datetime:
    """Return a time on Monday, so many minutes after the first slot."""
    return MONDAY + timedelta(minutes=minutes)


def test_a_policy_for_late_approvals_does_not_send_what_is_far_too_late(tmp_path: Path) -> None:
    with house(tmp_path, 'late = { grace = "2h", then = "send" }') as opened:
        _approved(tmp_path, opened)
        for minutes in (0, 1, 30):
            opened.pass_at(MONDAY + timedelta(days=8, minutes=minutes))
        assert not opened.mails()


def test_an_issue_that_a_person_lets_go_out_late_goes_out(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        _approved(tmp_path, opened)
        context = opened.app.context
        sending.pause(context, STAFF, 1, reason="wait")
        opened.at = MONDAY + timedelta(days=8)
        sending.resume(context, STAFF, 1)
        opened.pass_at(MONDAY + timedelta(days=8, minutes=1))
        assert opened.issues()[0].state == "submitted"


def test_a_pause_of_staff_keeps_the_latest_issue_the_latest(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        _approved(tmp_path, opened)
        week = Pause(date(2026, 12, 6), date(2026, 12, 12), "We are moving.")
        opened.at = MONDAY - timedelta(hours=1)
        planning.pause_newsletter(opened.app.context, STAFF, "weekly", week)
        opened.pass_at(MONDAY + timedelta(days=8))
        assert opened.issues()[0].state == "submitted"


def test_a_special_issue_leaves_the_regular_one_of_its_day(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        early = MONDAY - timedelta(days=4)
        opened.pass_at(early)
        article(tmp_path, "special", "fish")
        opened.pass_at(early + timedelta(minutes=30))
        at = datetime(2026, 11, 30, 15, 0)  # noqa: DTZ001 - local to the newsletter
        assert isinstance(drafting.draft_special(opened.app.context, STAFF, "weekly", at), Drafted)
        article(tmp_path, "regular", "ships")
        opened.pass_at(MONDAY - timedelta(days=1))
        nominals = {issue.nominal for issue in opened.issues()}
        assert "2026-11-30T08:00" in nominals


def test_an_issue_is_not_overtaken_by_the_times_of_its_own_readers(tmp_path: Path) -> None:
    with house(tmp_path, 'catch_up = "none"') as opened:
        _approved(tmp_path, opened)
        issue = replace(opened.issues()[0], ends_at=MONDAY + timedelta(hours=26))
        newsletter = opened.app.publication.require_newsletter("weekly")
        assert not is_overtaken(issue, newsletter, MONDAY + timedelta(hours=25))
        assert is_overtaken(issue, newsletter, MONDAY + timedelta(hours=29))
