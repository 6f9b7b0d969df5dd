"""What a pass says last: every issue of which something waits, and what a person can do."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.next_step import MoveIssue
from newsletter.pipeline.report import Level, Line
from newsletter.render.catalog import open_catalogs
from newsletter.send.context import SendingContext
from newsletter.send.courier import LEASE
from newsletter.store.tables import batches, deliveries, issues, rates
from newsletter.web.desk import today
from tests.fakes.house import MONDAY, House, continued


def mailed(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=3))
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()
    opened.pass_at(MONDAY)
    assert [line for line in opened.pass_at(MONDAY + timedelta(minutes=5)) if line.level] == []


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[House]:
    """Open a publication whose first issue has left; its pass is well."""
    with continued(tmp_path, mailed) as opened:
        yield opened


def put(opened: House, state: str, batch: str, **values: object) -> None:
    """Leave the issue and one of its batches in these states, which no journal contradicts."""
    opened.app.submissions.close()
    shutil.rmtree(opened.root / "submissions", ignore_errors=True)
    with opened.app.engine.begin() as connection:
        connection.execute(issues.update().values(state=state, reason=""))
        one = batches.update().where(batches.c.seq == 1)
        connection.execute(one.values(state=batch, submitted=0, reason="HTTP 413", **values))
        first = deliveries.update().where(deliveries.c.seq == 1)
        connection.execute(first.values(state="pending"))


def status_line(opened: House) -> Line:
    """Make a pass and return its only word about how an issue stands."""
    (line,) = [one for one in opened.app.one_pass() if one.stage == "status"]
    return line


@pytest.mark.parametrize(
    ("state", "batch"), [("submitted", "refused"), ("cancelled", "held"), ("paused", "held")]
)
def test_a_batch_that_needs_a_person_is_said_whatever_became_of_its_issue(
    sent: House, state: str, batch: str
) -> None:
    put(sent, state, batch)
    line = status_line(sent)
    assert line.level is Level.WAITS
    assert f"The Tide No. 1: {state}; batch 1.1 is {batch} (HTTP 413)" in line.message
    assert line.next_step is not None


def test_what_was_refused_of_a_cancelled_issue_needs_nobody(sent: House) -> None:
    put(sent, "cancelled", "refused")
    assert [line for line in sent.app.one_pass() if line.stage == "status"] == []


def test_what_waits_for_a_provider_that_is_gone_says_which_and_what_to_do(sent: House) -> None:
    put(sent, "submitting", "prepared", provider="smtp")
    line = status_line(sent)
    assert line.level is Level.WAITS
    assert "1 person: smtp is not set up" in line.message
    assert line.next_step == MoveIssue(1, "outbox")


def test_an_approved_issue_of_a_newsletter_that_is_gone_waits_for_a_person(sent: House) -> None:
    put(sent, "approved", "accepted")
    without = replace(sent.app.publication, newsletters=())
    sent.app = replace(sent.app, publication=without)
    line = status_line(sent)
    assert line.level is Level.WAITS
    assert "newsletter.toml no longer has it" in line.message


def test_an_issue_whose_freeze_broke_off_is_said(sent: House) -> None:
    put(sent, "preparing", "accepted")
    with sent.app.engine.begin() as connection:
        connection.execute(issues.update().values(approved_hash="another"))
    assert "The Tide No. 1: preparing" in status_line(sent).message


def test_the_desk_says_the_same_words(sent: House) -> None:
    put(sent, "submitted", "refused")
    line = status_line(sent)
    app = sent.app
    with app.reader.connect() as connection:
        context = SendingContext(app.publication, app.senders, sent.at)
        (need,) = today.today_view(connection, context, open_catalogs(None).of("en")).needs
    assert need.what == line.message
    assert need.href == "/issues/1/approve"


def test_a_rate_holds_for_every_provider_and_the_connections_for_the_narrowest(
    sent: House,
) -> None:
    app = sent.app
    wide = replace(app.publication, provider="sendgrid", rate=2)
    closed = SmtpSender("smtp://127.0.0.1:9")
    senders = {**app.senders, "smtp": closed, "sendgrid": closed}
    sent.app = replace(app, publication=wide, senders=senders)
    assert sent.app.context.equipped().connections == 8
    put(sent, "submitting", "prepared", provider="smtp")
    assert sent.app.context.equipped().connections == 4
    assert sent.app.context.equipped().rates["smtp"] == 2
    put(sent, "submitting", "prepared", provider="outbox")
    sent.app.one_pass()
    with app.engine.connect() as connection:
        assert connection.scalars(sa.select(rates.c.name)).all() == ["outbox"]


def test_an_issue_in_doubt_is_not_ok_while_evidence_is_awaited(sent: House) -> None:
    put(sent, "submitting", "unknown", unknown_at=sent.at, provider="sendgrid")
    line = status_line(sent)
    assert line.level is Level.WAITS
    assert "batch 1.1 is unknown" in line.message


@pytest.mark.parametrize(("seconds", "level"), [(30, Level.OK), (90, Level.WAITS)])
def test_a_worker_that_does_not_respond_is_reported(
    sent: House, seconds: int, level: Level
) -> None:
    lease = sent.at - timedelta(seconds=seconds) + LEASE
    put(sent, "submitting", "submitting", owner="elsewhere:1", lease_until=lease)
    line = status_line(sent)
    assert line.level is level
    if level is Level.WAITS:
        assert (
            "its worker has not responded since 08:03 UTC; we wait until 08:06 UTC" in line.message
        )
