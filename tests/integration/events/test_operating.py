"""What staff see of events: the checkup, and the command that takes in a file."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from newsletter import settings
from newsletter.cli.main import program
from newsletter.clock import clock
from newsletter.store.database import open_engine
from newsletter.store.tables import batches, event_bodies, events
from tests.fakes import returned, webhook
from tests.fakes.house import MONDAY, SECRETS, House, house, lay_out
from tests.fakes.issues import add_issue
from tests.fakes.webhook import Webhook

KEY = Webhook().public_key


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lay_out(tmp_path)
    path = tmp_path / "newsletter.toml"
    path.write_text(path.read_text().replace('provider = "outbox"', 'provider = "sendgrid"'))
    lines = [f"{name}={value}" for name, value in SECRETS.items()]
    (tmp_path / ".env").write_text("\n".join([*lines, "SENDGRID_API_KEY=SG.x", ""]))
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments)


def _line() -> str:
    lines = _call("doctor").output.splitlines()
    return next(line for line in lines if " events: " in line)


def _submitted(folder: Path, ago: timedelta) -> None:
    engine = open_engine(settings.load(folder, {}).database_url)
    with engine.begin() as connection:
        issue_id = add_issue(connection)
        row = {"issue_id": issue_id, "seq": 1, "edition_id": 1, "first_seq": 1, "last_seq": 1}
        state = {"provider": "sendgrid", "state": "accepted", "settled_at": clock() - ago}
        connection.execute(batches.insert().values(**row, **state))
    engine.dispose()


@pytest.mark.usefixtures("folder")
def test_doctor_warns_without_a_key_and_with_a_wrong_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _line().startswith("warn")
    assert "/hooks/sendgrid" in _call("doctor").output
    monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", "TUZrdw==")
    assert "is not a verification key" in _line()
    monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", KEY)
    assert _line() == "ok    events: none yet"


def test_doctor_warns_when_events_stop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", KEY)
    _submitted(folder, timedelta(hours=3))
    assert _line().startswith("warn")
    assert "none received yet" in _line()
    engine = open_engine(settings.load(folder, {}).database_url)
    with engine.begin() as connection:
        connection.execute(events.insert().values(id="1", kind="delivered", at=clock()))
    assert _line().startswith("ok")
    with engine.begin() as connection:
        body = {"provider": "sendgrid", "received_at": clock(), "body": b"?", "problem": "not JSON"}
        connection.execute(event_bodies.insert().values(**body))
    engine.dispose()
    assert "could not be read" in _line()


def test_a_file_of_events_is_taken_in(folder: Path) -> None:
    file = folder / "events.json"
    file.write_bytes(webhook.body([webhook.event("delivered", 1, clock(), "nl-other")]))
    result = _call("events", "replay", str(file))
    assert result.output.splitlines()[0] == "1 event: 1 new, 0 about our emails."
    file.write_text("nothing of this kind")
    result = _call("events", "replay", str(file))
    assert result.exit_code == 1
    assert "JSON" in result.output
    engine = open_engine(settings.load(folder, {}).database_url)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 1
    engine.dispose()


def test_doctor_warns_about_smtp_without_a_mailbox_for_bounces(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_URL", "smtp://localhost:25")
    path = folder / "newsletter.toml"
    path.write_text(path.read_text().replace('"sendgrid"', '"smtp"'))
    assert "warn  bounces" in _call("doctor").output
    path.write_text(path.read_text().replace('"smtp"', '"smtp"\nbounces = "bounces@example.org"'))
    assert "ok    bounces: go to bounces@example.org" in _call("doctor").output
    monkeypatch.setenv("BOUNCE_MAILBOX", "imaps://u:hidden@host?then=burn")
    result = _call("doctor")
    assert "BOUNCE_MAILBOX" in result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (returned.EXIM, "Bounce, which proves no email of this publication: nothing to do."),
        (b"Subject: hello\n\nhello\n", "Other, which proves no email of this publication"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_email_is_taken_in_from_a_pipe(raw: bytes, line: str) -> None:
    result = CliRunner().invoke(program, ["bounce", "--to", "bounces@example.org"], input=raw)
    assert result.exit_code == 0
    assert result.output.startswith(line)


def test_the_mail_server_is_asked_to_try_again(folder: Path) -> None:
    (folder / "newsletter.toml").write_text("[publication]\n")
    result = CliRunner().invoke(program, ["bounce"], input=returned.EXIM)
    assert result.exit_code == 75


def test_a_pass_reads_the_mailbox_every_two_minutes(tmp_path: Path) -> None:
    box = tmp_path / "box"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    with house(tmp_path / "house", at=MONDAY) as opened:
        made = replace(opened.app.settings, bounce_mailbox=f"maildir:{box}")
        opened.app = replace(opened.app, settings=made)
        (box / "new" / "1").write_bytes(returned.EXIM)
        assert _mailbox_lines(opened, 0) == [
            "1 bounce: 0 new; 1 prove no email of this publication"
        ]
        (box / "new" / "2").write_bytes(returned.plain("a@example.net", "Hello", "x"))
        assert _mailbox_lines(opened, 1) == []
        assert _mailbox_lines(opened, 2) == ["1 other: 0 new"]
        (box / "new" / "3").write_bytes(b"x")
        (box / "cur").rename(box / "old")
        shutil.rmtree(box / "new")
        assert "not a Maildir" in _mailbox_lines(opened, 4)[0]


def _mailbox_lines(opened: House, minutes: int) -> list[str]:
    lines = opened.pass_at(MONDAY + timedelta(minutes=minutes))
    return [line.message for line in lines if line.stage == "mailbox"]
