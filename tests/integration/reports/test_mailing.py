"""Staff get the report of an issue by email: once, a day after it was submitted."""

from datetime import timedelta
from pathlib import Path

from newsletter.model.actor import MACHINE
from newsletter.render.report_view import sections
from newsletter.store.counting import domains
from newsletter.usecases import mailing_reports, reporting
from tests.fakes.house import MONDAY, House, house

DAY = timedelta(days=1)


def _sent(opened: House) -> House:
    opened.pass_at(MONDAY - 3 * DAY)
    opened.pass_at(MONDAY - DAY)
    opened.approve()
    opened.pass_at(MONDAY)
    return opened


def _reports(opened: House) -> list[str]:
    """Return the reports in the outbox, as text."""
    found = [path.read_text("utf-8") for path in opened.app.settings.outbox.glob("notice-*.eml")]
    return [text for text in found if "Subject: Report: The Tide No. 1" in text]


def test_the_report_is_emailed_a_day_later_and_only_once(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        _sent(opened)
        opened.pass_at(MONDAY + DAY - timedelta(minutes=1))
        assert _reports(opened) == []
        done = opened.pass_at(MONDAY + DAY + timedelta(minutes=1))
        assert "The Tide No. 1: the report is emailed" in [line.message for line in done]
        opened.pass_at(MONDAY + DAY + timedelta(minutes=2))
        opened.pass_at(MONDAY + 2 * DAY)
        (report,) = _reports(opened)
        assert "WHERE EVERY RECIPIENT IS" in report
        assert "not reported: the emails were written to a folder" in report.replace("=\n", "")


def test_the_domains_are_counted_for_the_report_without_any_event(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        _sent(opened)
        opened.at = MONDAY + DAY + timedelta(minutes=1)
        assert mailing_reports.email_reports(opened.app.context, MACHINE) == ["The Tide No. 1"]
        assert mailing_reports.email_reports(opened.app.context, MACHINE) == []
        with opened.app.reader.connect() as connection:
            assert sum(domains.of(connection, 1).values()) == 3


def test_an_old_report_is_not_emailed(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        _sent(opened)
        opened.at = MONDAY + 8 * DAY
        assert mailing_reports.email_reports(opened.app.context, MACHINE) == []


def test_before_sending_a_report_has_nothing_to_show(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - 3 * DAY)
        opened.pass_at(MONDAY - DAY)
        report = reporting.issue_report(opened.app.context, 1)
        catalog = opened.app.templates.catalogs.of("en")
        assert sections(report, catalog, opened.app.publication.timezone) == ()
        assert report.topics
