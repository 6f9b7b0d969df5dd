"""Every pass leaves a report, staff hear of each new problem once, and a switch watches it all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.cli.running import watched
from newsletter.dispatch.heartbeat import Heartbeat
from newsletter.model.actor import MACHINE
from newsletter.model.pass_report import Figures, Level, PassLine, PassReport
from newsletter.pipeline.report import Line
from newsletter.store import passes
from newsletter.store.people import notices
from newsletter.usecases import pass_reports
from tests.fakes.house import MONDAY, House, house
from tests.fakes.receiver import receiver

MINUTE = timedelta(minutes=1)
FRIDAY = MONDAY - timedelta(days=3)


@pytest.fixture
def weekly(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as opened:
        yield opened


def broken(opened: House) -> None:
    """Break the template of the newsletter, which fails every pass that renders."""
    own = opened.root / "templates" / "issue" / "brief"
    own.mkdir(parents=True)
    (own / "body.txt.j2").write_text("{{ weather }}\n", encoding="utf-8")


def alerts(opened: House) -> list[str]:
    asked = sa.text("SELECT \"values\" FROM notices WHERE kind = 'alert' ORDER BY id")
    with opened.app.reader.connect() as connection:
        return [json.loads(row[0])["what"] for row in connection.execute(asked)]


def test_a_pass_leaves_a_report_with_its_lines_and_where_everything_is(weekly: House) -> None:
    weekly.pass_at(FRIDAY)
    weekly.pass_at(MONDAY - timedelta(days=1))
    drafted, first = pass_reports.history(weekly.app.context, limit=5)
    assert any("drafted" in line.message for line in drafted.lines)
    assert drafted.level is Level.WAITS
    assert drafted.figures.issues == {"review": 1}
    assert drafted.figures.waiting == 1
    assert drafted.figures.next_slots == {"weekly": "2026-11-30T08:00:00+00:00"}
    assert (first.figures.sources, first.figures.articles_new) == (1, 2)
    assert first.level is Level.OK
    assert pass_reports.history(weekly.app.context, limit=5, troubled=True) == [drafted]
    assert pass_reports.last_success(weekly.app.context) == drafted.ended_at.timestamp()


def test_a_part_of_a_pass_leaves_a_report_only_when_it_says_something_new(weekly: House) -> None:
    parts = weekly.app.parts()
    weekly.at = MONDAY - timedelta(days=1)
    parts["collect"]()
    for minutes in range(4):
        weekly.at = MONDAY - timedelta(days=1) + MINUTE * (minutes + 1)
        parts["issues"]()
    found = pass_reports.history(weekly.app.context, limit=10)
    assert [report.part for report in found] == ["issues", "issues", "collect"]


def test_a_new_problem_alerts_staff_at_once_and_only_once(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        broken(opened)
        at = MONDAY - timedelta(days=1)
        for minutes in range(3):
            opened.pass_at(at + MINUTE * minutes)
        (what,) = alerts(opened)
        assert "body.txt.j2, line 1" in what
        assert "weather" in "".join(
            path.read_text() for path in opened.app.settings.outbox.glob("notice*.eml")
        )


def test_a_problem_is_new_again_after_a_day_without_it(weekly: House) -> None:
    context = weekly.app.context
    line = PassLine("send", "3 batches failed", Level.FAILED)
    more = replace(line, message="4 batches failed")

    def passed(hours: int, *lines: PassLine) -> bool:
        weekly.at = MONDAY + timedelta(hours=hours)
        report = PassReport("pass", weekly.at, weekly.at, lines, Figures())
        return pass_reports.record(context, MACHINE, report, lines)

    assert passed(0, line)
    assert not passed(1, more)
    assert not passed(20, line)
    assert not passed(30)
    assert passed(45, line)
    assert alerts(weekly) == ["3 batches failed"] * 2


def test_several_new_problems_are_one_alert(weekly: House) -> None:
    lines = [PassLine("send", f"{name} failed", Level.FAILED) for name in ("this", "that")]
    report = PassReport("pass", MONDAY, MONDAY, tuple(lines), Figures())
    assert pass_reports.record(weekly.app.context, MACHINE, report, lines)
    assert alerts(weekly) == ["this failed (and 1 more)"]


def test_what_has_its_own_alert_and_what_passes_is_not_reported_twice(tmp_path: Path) -> None:
    with house(tmp_path, 'catch_up = "none"') as opened:
        opened.pass_at(FRIDAY)
        (opened.root / "articles").rename(opened.root / "elsewhere")
        report = opened.pass_at(MONDAY + timedelta(days=1))
        assert {line.stage for line in report if line.level is Level.FAILED} == {"collect", "draft"}
        assert alerts(opened) == ["The Tide: the issue of 2026-11-30T08:00 was missed"]


def test_old_reports_are_deleted(engine: sa.Engine) -> None:
    old, new = MONDAY - timedelta(days=100), MONDAY
    with engine.begin() as connection:
        for at in (old, new):
            passes.insert(connection, PassReport("pass", at, at, (), Figures()))
        assert passes.purge(connection, MONDAY - timedelta(days=90)) == 1
        assert [report.ended_at for report in passes.recent(connection, limit=9)] == [new]


def test_a_cause_is_opened_once_and_forgotten_on_both_databases(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert passes.open_problem(connection, "send: it broke", MONDAY)
        assert not passes.open_problem(connection, "send: it broke", MONDAY + MINUTE)
        passes.forget_problems(connection, MONDAY + MINUTE)
        assert not passes.open_problem(connection, "send: it broke", MONDAY + MINUTE)
        passes.forget_problems(connection, MONDAY + 2 * MINUTE)
        assert passes.open_problem(connection, "send: it broke", MONDAY + 2 * MINUTE)


def test_an_alert_goes_to_the_webhook_once_even_if_its_email_has_to_be_tried_again(
    weekly: House,
) -> None:
    with receiver() as server:
        secret = f"mattermost+{server.url}/hooks/secret"
        weekly.app = replace(
            weekly.app, settings=replace(weekly.app.settings, alert_webhook_url=secret)
        )
        broken_line = PassLine("send", "ann@example.org failed", Level.FAILED)
        report = PassReport("pass", MONDAY, MONDAY, (broken_line,), Figures())
        pass_reports.record(weekly.app.context, MACHINE, report, report.lines)
        with weekly.app.engine.begin() as connection:
            connection.execute(sa.text("UPDATE notices SET attempt = 1 WHERE id > 1"))
        server.status = 503
        found = weekly.pass_at(MONDAY)
    texts = [json.loads(body)["text"] for _, _, body in server.posted]
    assert texts == ["Harbour Notes: (address) failed\nThe report of the pass has more."]
    (line,) = [line for line in found if "not announced" in line.message]
    assert line.message == "an alert was not announced: the webhook answers 503"
    with weekly.app.reader.connect() as connection:
        assert not notices.count(connection)


def test_the_switch_is_pinged_with_the_result_of_each_pass_even_one_that_breaks() -> None:
    def fail() -> list[Line]:
        msg = "the disk is gone"
        raise OSError(msg)

    pings: list[str] = []
    heart = Heartbeat("https://hc.example.org/u", lambda url: pings.append(url) or "")
    now = iter(MONDAY + MINUTE * count for count in range(9)).__next__
    watched("pass", lambda: [Line("send", "well")], heart, now)()
    watched("pass", lambda: [Line("send", "someone waits", Level.WAITS)], heart, now)()
    watched("pass", lambda: [Line("send", "broken", Level.FAILED)], heart, now)()
    with pytest.raises(OSError, match="the disk"):
        watched("pass", fail, heart, now)()
    good, bad = "https://hc.example.org/u", "https://hc.example.org/u/fail"
    assert pings == [good, good, bad, bad]
