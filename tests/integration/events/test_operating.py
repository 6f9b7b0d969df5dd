"""What staff see of events: the checkup, and the command that takes in a file."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from newsletter import settings
from newsletter.app import clock
from newsletter.cli.main import program
from newsletter.store.database import open_engine
from newsletter.store.tables import batches, event_bodies, events
from tests.fakes import webhook
from tests.fakes.house import SECRETS, lay_out
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
