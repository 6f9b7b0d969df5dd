"""Whole passes over a small publication: what is due is done once, and said."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from newsletter.dispatch import embedded
from newsletter.maintenance import backup, renamed
from newsletter.maintenance.readings import Health
from newsletter.model.actor import Actor
from newsletter.model.agenda import SlotRecord
from newsletter.model.next_step import ApproveIssue
from newsletter.model.states import IssueState
from newsletter.pipeline.report import Level, Line, Step
from newsletter.store.content import issues, slots
from tests.fakes.house import MONDAY, House, article, house, leave_all, reopened

FRIDAY = MONDAY - timedelta(days=3)
SATURDAY = MONDAY - timedelta(days=2) + timedelta(minutes=1)


@pytest.fixture
def weekly(tmp_path: Path) -> Iterator[House]:
    """Open a publication with a weekly newsletter on Mondays at 08:00, drafted two days before."""
    with house(tmp_path) as opened:
        yield opened


def gravest(report: list[Line]) -> Level:
    """Return the level that decides the exit code."""
    return max((line.level for line in report), default=Level.OK)


def said(report: list[Line]) -> str:
    """Return a report as one text."""
    return "\n".join(line.message for line in report)


def alerts(opened: House) -> list[str]:
    """Return the subjects of the notices that were submitted."""
    found = sorted(opened.app.settings.outbox.glob("notice*.eml"))
    return [str(message_from_bytes(p.read_bytes(), policy=default)["Subject"]) for p in found]


def test_nothing_is_drafted_before_the_lead_begins(weekly: House) -> None:
    report = weekly.pass_at(FRIDAY)
    assert weekly.issues() == []
    assert "2 new" in said(report)
    assert gravest(report) is Level.OK


def test_a_draft_waits_for_a_person_and_says_so(weekly: House) -> None:
    weekly.pass_at(FRIDAY)
    report = weekly.pass_at(SATURDAY)
    (issue,) = weekly.issues()
    assert issue.state is IssueState.REVIEW
    assert gravest(report) is Level.WAITS
    assert report[-1].next_step == ApproveIssue(issue.id)
    assert weekly.mails() == []


def test_an_approved_issue_leaves_at_its_slot_once(weekly: House) -> None:
    weekly.pass_at(FRIDAY)
    weekly.pass_at(SATURDAY)
    weekly.approve()
    weekly.pass_at(MONDAY - timedelta(minutes=1))
    assert weekly.mails() == []
    report = weekly.pass_at(MONDAY)
    assert weekly.mails() == ["1-1", "1-2", "1-3"]
    assert "3 recipients frozen, 1 left out" in said(report)
    assert [one.state for one in weekly.issues()] == [IssueState.SUBMITTED]
    again = weekly.pass_at(MONDAY + timedelta(minutes=5))
    assert [line for line in again if line.stage == "send"] == []
    assert weekly.mails() == ["1-1", "1-2", "1-3"]


@pytest.mark.parametrize("more", ["", 'approval = "automatic"'])
def test_two_passes_at_once_make_one_issue_and_one_email_each(tmp_path: Path, more: str) -> None:
    with house(tmp_path, more) as opened:
        other = reopened(tmp_path, FRIDAY)
        pair = (opened, other)

        def both(at: datetime) -> list[Line]:
            with ThreadPoolExecutor(2) as pool:
                return [
                    line for report in pool.map(lambda h: h.pass_at(at), pair) for line in report
                ]

        assert gravest(both(FRIDAY)) is Level.OK
        assert gravest(both(SATURDAY)) is (Level.OK if more else Level.WAITS)
        assert len(opened.issues()) == 1
        if not more:
            opened.approve()
        assert gravest(both(MONDAY)) is Level.OK
        opened.pass_at(MONDAY)
        assert opened.mails() == ["1-1", "1-2", "1-3"]
        assert [one.state for one in opened.issues()] == [IssueState.SUBMITTED]
        other.app.close()


def test_a_locked_database_ends_the_pass_at_its_first_writer(weekly: House) -> None:
    tried = []

    def perform(step: Step) -> list[Line]:
        tried.append(step.name)
        with impatient.begin() as connection:
            connection.execute(sa.text("UPDATE marks SET at = at"))
        return []

    impatient = weekly.app.engine
    with impatient.begin() as holding:
        holding.execute(sa.text("UPDATE marks SET at = at"))
        hurry = "PRAGMA busy_timeout = 50"
        sa.event.listen(impatient, "checkout", lambda raw, *_: raw.execute(hurry).close())
        report = embedded.run([Step("journals"), Step("reconcile")], perform, Event())
    assert tried == ["journals"]
    (line,) = report
    assert line.level is Level.FAILED
    assert "locked the database" in line.message


def test_a_slot_with_nothing_new_is_skipped_with_its_reason(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        for path in (tmp_path / "articles").iterdir():
            path.unlink()
        opened.pass_at(SATURDAY)
        assert opened.issues() == []
        report = opened.pass_at(MONDAY)
        assert [one.state for one in opened.issues()] == [IssueState.SKIPPED]
        assert "skipped, nothing new to print" in said(report)
        (subject,) = alerts(opened)
        assert "The Tide: the issue of 2026-11-30T08:00 was skipped" in subject


def test_what_was_collected_at_once_with_the_slot_is_in_the_issue(tmp_path: Path) -> None:
    with house(tmp_path, at=MONDAY - timedelta(days=4)) as opened:
        opened.pass_at(FRIDAY)
        article(tmp_path, "third", "ships")
        opened.pass_at(SATURDAY)
        with opened.app.reader.connect() as connection:
            titles = {item.title for item in issues.load_items(connection, 1)}
        assert "About ships and third" in titles


def test_an_automatic_newsletter_leaves_without_a_person(tmp_path: Path) -> None:
    with house(tmp_path, 'approval = "automatic"') as opened:
        opened.pass_at(FRIDAY)
        opened.pass_at(SATURDAY)
        assert opened.issues()[0].state is IssueState.REVIEW
        opened.pass_at(MONDAY - timedelta(minutes=59))
        assert str(opened.issues()[0].approved_by) == "policy:automatic approval"
        opened.pass_at(MONDAY)
        assert len(opened.mails()) == 3


@pytest.mark.parametrize(
    ("policy", "state"),
    [("hold", IssueState.REVIEW), ("skip", IssueState.SKIPPED), ("send", IssueState.SUBMITTED)],
)
def test_a_late_issue_follows_its_policy(tmp_path: Path, policy: str, state: IssueState) -> None:
    with house(tmp_path, f'late = {{ grace = "2h", then = "{policy}" }}') as opened:
        opened.pass_at(FRIDAY)
        opened.pass_at(SATURDAY)
        report = opened.pass_at(MONDAY + timedelta(hours=1))
        assert gravest(report) is Level.WAITS
        opened.pass_at(MONDAY + timedelta(hours=2, minutes=1))
        assert [one.state for one in opened.issues()] == [state]


def test_a_slot_that_nobody_was_running_for_is_missed_and_fails_the_pass(tmp_path: Path) -> None:
    with house(tmp_path, 'catch_up = "none"') as opened:
        opened.pass_at(FRIDAY)
        report = opened.pass_at(MONDAY + timedelta(days=1))
        assert gravest(report) is Level.FAILED
        assert "missed, nothing was running when it was due" in said(report)
        assert "was missed" in "\n".join(alerts(opened))
        assert gravest(opened.pass_at(MONDAY + timedelta(days=1, minutes=1))) is Level.OK


def test_many_missed_slots_are_one_line_and_one_alert(tmp_path: Path) -> None:
    with house(tmp_path, 'catch_up = "none"') as opened:
        opened.pass_at(FRIDAY)
        report = opened.pass_at(MONDAY + timedelta(days=15))
        (line,) = [one.message for one in report if "missed" in one.message]
        assert "2026-11-30T08:00 to 2026-12-14T08:00 (3 slots): missed" in line
        (alert,) = [subject for subject in alerts(opened) if "missed" in subject]
        assert "3 issues were missed, from 2026-11-30T08:00 to 2026-12-14T08:00" in alert


def test_a_source_that_became_empty_or_fails_stays_in_the_report_until_it_recovers(
    weekly: House,
) -> None:
    weekly.pass_at(FRIDAY)
    folder = weekly.root / "articles"
    hidden = folder.rename(weekly.root / "hidden")
    folder.mkdir()
    emptied = "readable but empty; it had 2 entries before"
    for hours, stage in ((1, "watch"), (2, "watch"), (2.1, "status")):  # at last, neither is due
        report = weekly.pass_at(FRIDAY + timedelta(hours=hours))
        lines = [line for line in report if line.stage != "collect" and emptied in line.message]
        assert [(line.stage, line.level) for line in lines] == [(stage, Level.WAITS)]
    folder.rmdir()
    assert gravest(weekly.pass_at(FRIDAY + timedelta(hours=4))) is Level.FAILED
    assert "source desk: " in said(weekly.pass_at(FRIDAY + timedelta(hours=4.1)))
    hidden.rename(folder)
    weekly.pass_at(FRIDAY + timedelta(hours=8))
    assert "source desk: " not in said(weekly.pass_at(FRIDAY + timedelta(hours=8.1)))


def test_what_a_renamed_key_leaves_behind_is_named(weekly: House) -> None:
    weekly.pass_at(FRIDAY)
    tide = replace(weekly.app.publication.newsletters[0], key="tide", sources=("harbor",))
    publication = replace(weekly.app.publication, newsletters=(tide,), sources=())
    with weekly.app.reader.connect() as connection:
        found = list(renamed.examine(connection, publication, FRIDAY))
        assert not list(renamed.examine(connection, weekly.app.publication, FRIDAY))
    assert [(reading.subject, reading.health) for reading in found] == [
        ("newsletter weekly", Health.WARN),
        ("source desk", Health.WARN),
    ]
    assert found[0].message.startswith("3 confirmed subscribers")


def test_a_template_with_an_unknown_name_is_one_clear_line(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "issue" / "brief"
    own.mkdir(parents=True)
    (own / "body.txt.j2").write_text("{{ weather }}\n", encoding="utf-8")
    with house(tmp_path) as opened:
        opened.pass_at(FRIDAY)
        report = opened.pass_at(SATURDAY)
        (line,) = [one for one in report if one.level is Level.FAILED]
        assert "body.txt.j2, line 1" in line.message
        assert "weather" in line.message
        assert opened.mails() == []


def test_an_article_that_cannot_be_read_stops_nothing_else(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        (tmp_path / "articles" / "empty.txt").write_bytes(b"")
        (tmp_path / "articles" / "noise.html").write_bytes(bytes(range(256)) * 40)
        report = opened.pass_at(FRIDAY)
        assert "2 new" in said(report)
        assert "2 not taken" in said(report)


def test_a_restored_database_learns_again_who_left_before_it_sends(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(FRIDAY)
        opened.pass_at(SATURDAY)
        backup.backup(opened.app.engine, tmp_path / "copy.db")
        opened.at = SATURDAY + timedelta(hours=1)
        leave_all(opened, "ann@example.org")
    shutil.copy(tmp_path / "copy.db", tmp_path / "newsletter.db")
    for ending in ("-wal", "-shm"):
        (tmp_path / f"newsletter.db{ending}").unlink(missing_ok=True)
    opened = reopened(tmp_path, MONDAY - timedelta(hours=1))
    opened.approve()
    assert "1 unsubscribe or deletion applied" in said(opened.pass_at(MONDAY))
    to = {message_from_bytes(p.read_bytes())["To"] for p in opened.app.settings.outbox.glob("1-*")}
    assert sorted(to) == ["Bob <bob@example.org>", "cyd@example.org"]
    assert "replayed" not in said(opened.pass_at(MONDAY + timedelta(minutes=5)))
    opened.app.close()


def test_a_house_without_an_address_is_not_bothered_before_something_leaves(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as opened:
        publication = replace(opened.app.publication, postal_address="")
        opened.app = replace(opened.app, publication=publication)
        report = opened.pass_at(FRIDAY)
        assert gravest(report) is Level.OK, said(report)


def test_a_newsletter_that_cannot_be_rendered_does_not_stop_the_next(tmp_path: Path) -> None:
    broken = '[newsletters.broken]\ntitle = "The Ebb"\ncadence = "mon 08:00"\nlayout = "letter"'
    with house(tmp_path, more=broken):
        letter = tmp_path / "templates" / "issue" / "letter"
        letter.mkdir(parents=True)
        (letter / "subject.txt.j2").write_text("{{ nonsense }}")
        reopening = reopened(tmp_path, SATURDAY)
        try:
            reopening.pass_at(FRIDAY)
            report = reopening.pass_at(SATURDAY)
        finally:
            reopening.app.close()
        assert "subject.txt.j2, line 1: 'nonsense' is undefined" in said(report)
        assert "The Ebb" in said(report)
        assert "The Tide No. 1 waits for approval" in said(report)
        assert said(report).count("nonsense") == 1


def test_a_step_that_breaks_leaves_the_others_their_turn() -> None:
    def perform(step: Step) -> list[Line]:
        match step.name:
            case "send":
                raise OSError(28, "No space left on device", "/outbox/1-1.eml")
            case "draft":
                msg = "a bug"
                raise KeyError(msg)
            case _:
                return [Line("notices", "1 notice submitted")]

    steps = [Step(name) for name in ("send", "draft", "send", "notices")]
    report = embedded.run(steps, perform, Event())
    assert [line.stage for line in report] == ["send", "draft", "notices"]
    assert report[0].message == "/outbox/1-1.eml cannot be used: No space left on device"
    assert report[1].message == "unexpected error; the log has the details"


def test_other_steps_go_on_beside_a_long_one() -> None:
    sent = Event()

    def perform(step: Step) -> list[Line]:
        match step.name:
            case "collect":
                assert sent.wait(60)
                return [Line("collect", "2 new")]
            case "send":
                sent.set()
                return [Line("send", "The Tide waits", Level.WAITS)]
        return [Line("notices", "1 notice submitted")]

    beside = {"collect": (Step("notices"), Step("send"))}
    steps = [Step("collect"), Step("send"), Step("notices")]
    report = embedded.run(steps, perform, Event(), beside=beside)
    assert [line.stage for line in report] == ["notices", "send", "collect", "notices"]


def test_a_publication_opens_while_somebody_else_writes(weekly: House) -> None:
    with weekly.app.engine.begin():
        other = reopened(weekly.root, FRIDAY)
        assert other.issues() == []
        other.app.close()


def test_a_pass_says_when_what_is_approved_leaves(weekly: House) -> None:
    weekly.pass_at(FRIDAY)
    weekly.pass_at(SATURDAY)
    weekly.approve()
    report = weekly.pass_at(SATURDAY + timedelta(hours=1))
    assert "The Tide No. 1 is approved and goes out Mon 30 Nov 2026 08:00 UTC" in said(report)
    assert gravest(report) is Level.OK


def test_a_pass_says_how_every_unfinished_issue_stands(weekly: House) -> None:
    weekly.pass_at(SATURDAY)
    with weekly.app.engine.begin() as connection:
        for number in range(2, 60):
            new = issues.NewIssue("weekly", None, f"special {number}", MONDAY)
            paused = issues.insert(connection, new, actor=Actor.person("ada"), now=SATURDAY)
            issues.move(connection, paused, from_states=[IssueState.DRAFT], to=IssueState.PAUSED)
    report = weekly.pass_at(SATURDAY)
    assert "The Tide No. 1 waits for approval" in said(report)
    assert "The Tide No. 59: paused" in said(report)


def test_sets_too_rare_for_an_edition_of_their_own_are_reported(tmp_path: Path) -> None:
    with house(tmp_path, "max_editions = 1") as opened:
        opened.pass_at(FRIDAY)
        report = said(opened.pass_at(SATURDAY))
        assert "max_editions" in report
        assert "max_editions" not in said(opened.pass_at(SATURDAY + timedelta(minutes=5)))


def test_a_slot_in_a_pause_is_skipped_with_its_reason_and_reported_once(tmp_path: Path) -> None:
    with house(tmp_path, 'pauses = ["2026-11-30"]', at=MONDAY - timedelta(days=1)) as opened:
        opened.pass_at(opened.at)
        report = opened.pass_at(MONDAY + timedelta(minutes=1))
        assert "slot 2026-11-30T08:00: skipped, paused on 2026-11-30" in said(report)
        assert gravest(report) is not Level.FAILED
        assert "skipped" not in said(opened.pass_at(MONDAY + timedelta(minutes=2)))
        with opened.app.reader.connect() as connection:
            found = slots.records(connection, "weekly", MONDAY)
        assert found == {"2026-11-30T08:00": SlotRecord("skipped", "paused on 2026-11-30")}
        assert [issue.nominal for issue in opened.issues()] == []
        assert not alerts(opened)
