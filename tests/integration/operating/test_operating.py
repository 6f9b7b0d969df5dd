"""`init`, `next` and `doctor` as a person at the keyboard meets them."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from typer.testing import CliRunner, Result

from newsletter import migrations, settings
from newsletter.cli.main import program
from newsletter.clock import clock
from newsletter.maintenance import checkup
from newsletter.maintenance.readings import Health
from newsletter.settings import deploying
from newsletter.store.content import slots
from newsletter.store.database import open_engine
from tests.fakes.sendgrid import SendGrid
from tests.fakes.smtp import Smtp

ROOT = Path(__file__).parents[3]
GIVEN = (
    "--name=Ö & “Söhne” Review",
    "--url=https://news.example.org",
    "--from=Review <brief@example.org>",
    "--timezone=America/New_York",
    "--postal-address=1 Example Street",
)


CHRISTMAS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20301227
SUMMARY:Boxing Day (observed)
END:VEVENT
END:VCALENDAR
"""
MOVED = (
    "none on Fri 20 Dec (paused on 2030-12-20);"
    " Boxing Day (observed): moved from Fri 27 Dec to Thu 26 Dec"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NEWSLETTER_SECRET_KEY", "NEWSLETTER_PEPPER", "NEWSLETTER_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments)


def test_init_writes_a_publication_that_loads(folder: Path) -> None:
    result = call("init", *GIVEN)
    assert result.exit_code == 0, result.output
    house = settings.load(folder, {}).publication
    assert (house.name, str(house.timezone)) == ("Ö & “Söhne” Review", "America/New_York")
    assert house.newsletters[0].key == "weekly"
    assert "newsletter doctor" in result.output
    assert (folder / "articles").is_dir()
    assert "[newsletters.weekly]" in (folder / "newsletter.example.toml").read_text()
    assert (folder / "people.csv").read_text().startswith("email,")
    named = "newsletter.example.toml, beside this file"
    assert named in (folder / "newsletter.toml").read_text()


def test_init_without_options_or_anybody_to_ask_takes_defaults(folder: Path) -> None:
    assert call("init", "north-review").exit_code == 0
    assert settings.load(folder / "north-review", {}).publication.name == "North Review"


def test_init_never_overwrites(folder: Path) -> None:
    call("init", *GIVEN)
    written = [(folder / name).read_bytes() for name in ("newsletter.toml", ".env")]
    result = call("init", "--name=Another")
    assert result.exit_code == 0
    assert result.output.count("Kept: ") == 2
    assert [(folder / name).read_bytes() for name in ("newsletter.toml", ".env")] == written


def test_init_refuses_a_wrong_answer_before_it_writes(folder: Path) -> None:
    result = call("init", "--timezone=Asia/Soul")
    assert result.exit_code == 2
    assert "Asia/Seoul" in result.output
    assert not list(folder.iterdir())


def test_init_writes_the_files_of_this_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/newsletter/bin/newsletter"])
    result = call("init", *GIVEN, "--files=systemd, timer,cron nginx,caddy")
    assert result.exit_code == 0, result.output
    texts = {path.name: path.read_text() for path in (folder / "deploy").iterdir()}
    assert texts.keys() == set(deploying.INSTALLING)
    assert f"WorkingDirectory={folder}\n" in texts["newsletter.service"]
    assert "ExecStart=/opt/newsletter/bin/newsletter serve" in texts["newsletter.service"]
    assert f"/opt/newsletter/bin/newsletter --dir {folder} run" in texts["crontab"]
    assert "server_name news.example.org;" in texts["nginx.conf"]
    assert "reverse_proxy 127.0.0.1:8025" in texts["Caddyfile"]
    assert "/srv/" not in "".join(texts.values())
    (folder / "deploy" / "crontab").write_text("mine")
    again = call("init", "--files=cron")
    assert again.exit_code == 0
    assert (folder / "deploy" / "crontab").read_text() == "mine"
    refused = call("init", "--files=launchd")
    assert refused.exit_code == 2
    assert "expected some of systemd" in refused.output


@pytest.mark.usefixtures("folder")
def test_next_shows_five_slots_of_each_newsletter_with_their_offset() -> None:
    call("init", *GIVEN)
    rows = [json.loads(line) for line in call("next", "--json").output.splitlines()]
    assert len(rows) == 5
    assert {row["timezone"] for row in rows} == {"America/New_York"}
    assert all(row["offset"] in {"UTC-05:00", "UTC-04:00"} for row in rows)
    assert rows[0]["nominal"].endswith("T08:00")
    assert len(call("next", "--count=2", "--json").output.splitlines()) == 2


def test_next_remarks_on_the_days_on_which_the_clocks_change(folder: Path) -> None:
    call("init", *GIVEN)
    path = folder / "newsletter.toml"
    path.write_text(path.read_text().replace("mon 08:00", "sun 02:30").replace("lead", "# lead"))
    rows = [json.loads(line) for line in call("next", "--count=60", "--json").output.splitlines()]
    notes = [row["note"] for row in rows if row["note"]]
    assert any("does not exist that day, the issue is due at 03:30" in note for note in notes)
    assert any("the clocks have changed since (UTC-04:00 before)" in note for note in notes)


def test_next_shows_a_slot_that_is_on_record_with_its_state(folder: Path) -> None:
    call("init", *GIVEN)
    before = [json.loads(line)["nominal"] for line in call("next", "--json").output.splitlines()]
    engine = open_engine(settings.load(folder, {}).database_url)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        due = clock() + timedelta(days=1)
        slots.claim(connection, "weekly", before[0], due, due)
    engine.dispose()
    after = [json.loads(line) for line in call("next", "--json").output.splitlines()]
    assert [row["nominal"] for row in after] == before
    assert [row["state"] for row in after] == ["claimed", *["coming"] * 4]


def test_next_begins_where_it_is_asked_to_and_names_what_is_off(folder: Path) -> None:
    call("init", *GIVEN)
    (folder / "days.ics").write_text(CHRISTMAS)
    path = folder / "newsletter.toml"
    text = path.read_text().replace("mon 08:00", "fri 08:00")
    off = 'holidays = ["days.ics"]\non_holiday = "before"\npauses = ["2030-12-20"]\n'
    path.write_text(text.replace("lead =", f"{off}lead ="))
    found = call("next", "weekly", "--from=2030-12-13T08:00", "--count=3", "--json").output
    rows = [json.loads(line) for line in found.splitlines()]
    assert [(row["nominal"], row["due_at"], row["note"]) for row in rows] == [
        ("2030-12-13T08:00", "2030-12-13T13:00:00+00:00", ""),
        ("2030-12-27T08:00", "2030-12-26T13:00:00+00:00", MOVED),
        ("2031-01-03T08:00", "2031-01-03T13:00:00+00:00", ""),
    ]
    past = json.loads(call("next", "--from=2020-01-01", "--count=1", "--json").output)
    assert (past["nominal"], past["state"]) == ("2020-01-03T08:00", "passed")
    aware = json.loads(call("next", "--from=2030-12-13T13:00:01Z", "--count=1", "--json").output)
    assert aware["nominal"] == "2030-12-27T08:00"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("since", ["soon", "0001-01-01", "9999-12-31T23:59"])
def test_next_refuses_a_start_that_is_not_a_time(since: str) -> None:
    call("init", *GIVEN)
    result = call("next", f"--from={since}")
    assert result.exit_code == 2
    assert "--from must be" in result.output


@pytest.mark.usefixtures("folder")
def test_next_writes_a_calendar() -> None:
    call("init", *GIVEN)
    events = Calendar.from_ical(call("next", "--ics", "--count=3").output).walk("VEVENT")
    rows = [json.loads(line) for line in call("next", "--json", "--count=3").output.splitlines()]
    assert [event.decoded("DTSTART").isoformat() for event in events] == [
        row["due_at"] for row in rows
    ]


def test_the_version_is_printed() -> None:
    assert re.fullmatch(r"newsletter \d+\.\d+\.\d+\n", call("--version").output)


@pytest.mark.usefixtures("folder")
def test_next_of_an_unknown_newsletter_names_those_there_are() -> None:
    call("init", *GIVEN)
    result = call("next", "daily")
    assert result.exit_code == 2
    assert "Configured: weekly" in result.output


def test_doctor_names_everything_that_is_wrong_with_the_configuration(folder: Path) -> None:
    call("init", *GIVEN)
    path = folder / "newsletter.toml"
    path.write_text(path.read_text().replace("cadence", "cadnce"))
    result = call("doctor")
    assert result.exit_code == 1
    assert result.output.count("fail  configuration") == 2


def test_doctor_of_a_fresh_publication_says_what_to_do_next(folder: Path) -> None:
    call("init", *GIVEN)
    result = call("doctor")
    assert result.exit_code == 3
    assert "newsletter db upgrade" in result.output
    assert not (folder / "newsletter.db").exists()


def test_doctor_is_content_when_everything_is_there(folder: Path) -> None:
    call("init", *GIVEN)
    engine = open_engine(settings.load(folder, {}).database_url)
    migrations.upgrade(engine)
    engine.dispose()
    result = call("doctor", "--json")
    rows = [json.loads(line) for line in result.output.splitlines()]
    parsing = [row for row in rows if row["subject"].startswith("parsing ")]
    assert [row["subject"] for row in parsing] == [
        "parsing user",
        "parsing network",
        "parsing files",
        "parsing limits",
    ]
    assert {row["health"] for row in rows if row not in parsing} == {"ok"}, rows
    if missing := [row["message"] for row in parsing if row["health"] != "ok"]:
        pytest.skip(f"this system does not offer every protection: {missing}")
    assert result.exit_code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")
def test_doctor_names_a_protection_of_parsing_that_is_not_in_force(folder: Path) -> None:
    call("init", *GIVEN)
    configuration = folder / "newsletter.toml"
    text = configuration.read_text() + '\n[collect]\nuser = "no-such-user"\n'
    configuration.write_text(text)
    result = call("doctor")
    assert "parsing user: there is no user" in result.output
    assert "set collect.user" in result.output


def test_doctor_fails_without_a_postal_address_or_a_layout(folder: Path) -> None:
    call("init", "--name=Review")
    path = folder / "newsletter.toml"
    path.write_text(path.read_text() + 'layout = "grand"\n')
    result = call("doctor")
    assert result.exit_code == 1
    assert "fail  postal address" in result.output
    assert "there is no layout 'grand'" in result.output


@pytest.mark.usefixtures("folder")
def test_doctor_says_when_the_database_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    call("init", *GIVEN)
    monkeypatch.setenv("NEWSLETTER_DATABASE_URL", "postgresql://ada:word@127.0.0.1:1/none")
    result = call("doctor")
    assert result.exit_code == 1
    assert "fail  database" in result.output
    assert "word" not in result.output.replace("password", "")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ("CREATE TABLE shoes (size)", "contains tables of another program"),
        (
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('9')",
            "newer",
        ),
    ],
)
def test_doctor_knows_a_database_that_is_not_ours_to_upgrade(
    folder: Path, found: str, says: str
) -> None:
    call("init", *GIVEN)
    with closing(sqlite3.connect(folder / "newsletter.db")) as connection:
        connection.executescript(found)
    result = call("doctor")
    assert result.exit_code == 1
    assert "fail  database" in result.output
    assert says in result.output
    assert "newsletter db upgrade" not in result.output


def test_doctor_says_when_a_folder_is_in_the_place_of_the_database(folder: Path) -> None:
    call("init", *GIVEN)
    (folder / "newsletter.db").mkdir()
    result = call("doctor")
    assert result.exit_code == 1
    assert "fail  database" in result.output


def test_doctor_says_when_the_database_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("init", *GIVEN)
    engine = open_engine(settings.load(folder, {}).database_url)
    migrations.upgrade(engine)
    engine.dispose()
    allowed = os.access  # as root, whom the tests may run as, nothing is forbidden

    def access(path: str | Path, *asked: Any, **how: Any) -> bool:  # noqa: ANN401 - as the system's
        return Path(path).name != "newsletter.db" and allowed(path, *asked, **how)

    monkeypatch.setattr(os, "access", access)
    result = call("doctor")
    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_doctor_says_when_the_outbox_cannot_be_written(folder: Path) -> None:
    call("init", *GIVEN)
    (folder / "outbox").write_text("a file is in the way")
    result = call("doctor")
    assert result.exit_code == 1
    assert "outbox cannot be written" in result.output


def test_doctor_warns_of_secrets_that_others_can_read(folder: Path) -> None:
    call("init", *GIVEN)
    (folder / ".env").chmod(0o644)
    assert "chmod 600" in call("doctor").output


def test_init_asks_a_person_and_asks_again_after_a_wrong_answer(folder: Path) -> None:
    keyboard, terminal = os.openpty()
    answers = [
        "Harbour Review",
        "",
        "Harbour <brief@example.org>",
        "Asia/Soul",
        "Asia/Seoul",
        "",
        "",
        "launchd",
        "cron",
    ]
    os.write(keyboard, "".join(f"{answer}\n" for answer in answers).encode())
    script = "from newsletter.cli.main import program; program()"
    done = subprocess.run(
        [sys.executable, "-c", script, "init"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=terminal,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(keyboard)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert 'did you mean "Asia/Seoul"?' in done.stdout
    house = settings.load(folder, {}).publication
    assert (house.name, str(house.timezone)) == ("Harbour Review", "Asia/Seoul")
    assert house.sender.address == "brief@example.org"
    assert f"--dir {folder} run" in (folder / "deploy" / "crontab").read_text()


def provided(folder: Path, provider: str, *secrets: str) -> list[dict[str, str]]:
    """Return what `doctor --online` says of the provider."""
    call("init", *GIVEN)
    path = folder / "newsletter.toml"
    path.write_text(path.read_text().replace('provider = "outbox"', f'provider = "{provider}"'))
    with (folder / ".env").open("a") as environment:
        environment.writelines(f"{line}\n" for line in secrets)
    rows = [json.loads(line) for line in call("doctor", "--online", "--json").output.splitlines()]
    return [row for row in rows if row["subject"] == "provider online"]


def test_doctor_asks_sendgrid_whether_it_would_take_a_mail_and_sends_none(folder: Path) -> None:
    with SendGrid(folder / "ledger") as server:
        key = "SENDGRID_API_KEY=SG.secret"
        (row,) = provided(folder, "sendgrid", key, f"SENDGRID_API_HOST={server.url}")
        assert row["health"] == "ok", row
        assert server.bodies[0]["mail_settings"] == {"sandbox_mode": {"enable": True}}
        assert not server.ledger.requests()
        server.faults.append("401")
        (row,) = provided(folder, "sendgrid")
    assert row["health"] == "fail"
    assert "authorization grant is invalid" in row["message"]
    assert "SG.secret" not in str(row)


def test_doctor_greets_the_mail_server(folder: Path) -> None:
    with Smtp() as server:
        (row,) = provided(folder, "smtp", f"SMTP_URL={server.url}")
        assert row["health"] == "ok", row
    assert not server.mailbox.messages
    (row,) = provided(folder, "smtp")
    assert row["health"] == "fail"
    assert row["message"].startswith("no connection")
    assert "SMTP_URL" in row["advice"]


def test_doctor_compiles_the_publishers_templates(folder: Path) -> None:
    call("init", *GIVEN)
    own = folder / "templates" / "issue" / "brief"
    own.mkdir(parents=True)
    (own / "subject.txt.j2").write_text("No. {{ issue.number }}")
    assert "ok    templates: yours and the built-in ones compile" in call("doctor").output
    (own / "subject.txt.j2").write_text("{% if x %}")
    result = call("doctor")
    assert result.exit_code == 1
    assert "fail  templates: template issue/brief/subject.txt.j2, line 1" in result.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_a_probe_that_breaks_is_one_line_without_names_of_python(
    error: Exception, message: str
) -> None:
    def broken() -> str:
        raise error

    (reading,) = checkup.online({"SMTP_URL": broken}, Path(".env"))
    assert reading.health is Health.FAIL
    assert message in reading.message
    assert "Error" not in reading.message


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid"])
def test_doctor_online_never_prints_a_traceback(folder: Path, host: str) -> None:
    (row,) = provided(folder, "smtp", f"SMTP_URL=smtp://{host}")
    assert row["health"] == "fail"
    assert "Errno" not in row["message"]
    assert "Error" not in row["message"]
