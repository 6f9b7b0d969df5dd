"""A database that is put back from a copy: no number comes twice, nobody erased stays."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from newsletter import migrations
from newsletter.cli.main import program
from newsletter.maintenance import backup
from newsletter.migrations import configuration
from newsletter.model.actor import Actor
from newsletter.store import numbers
from newsletter.store.content import issues
from newsletter.store.database import open_engine
from newsletter.store.people import notices
from newsletter.store.people.notices import Notice
from newsletter.store.tables import issues as issue_table
from newsletter.web.main import public_site
from subscribers.model import NoticeKind
from tests.fakes.house import SECRETS, leave_all, reopened
from tests.fakes.people import NOW, add_person
from tests.fakes.readers import HOST, Reader, reader

FAR = numbers.STEP


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a publication, as the program is called in it."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def type_in(*words: str) -> Result:
    """Run the program."""
    return CliRunner().invoke(program, list(words))


def add_issue(connection: sa.Connection) -> int:
    """Draft an issue and return its id."""
    new = issues.NewIssue("weekly", None, "", NOW)
    return issues.insert(connection, new, actor=Actor.person("x"), now=NOW)


def add_notice(connection: sa.Connection, key: str) -> int:
    """Queue a notice and return its id."""
    notices.queue(connection, Notice(NoticeKind.CONFIRM, key), now=NOW)
    return int(connection.scalar(sa.text("SELECT max(id) FROM notices")) or 0)


def test_after_a_gap_no_number_follows_the_last_one(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = add_person(connection, "a@example.org"), add_issue(connection)
        numbers.skip(connection)
        later = add_person(connection, "b@example.org"), add_issue(connection)
        never_used_before = add_notice(connection, "confirm:1")
    assert [after - before for before, after in zip(first, later, strict=True)] == [FAR + 1] * 2
    assert never_used_before == FAR + 1


def test_the_number_of_a_row_that_was_deleted_is_not_used_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = add_notice(connection, "confirm:1")
        connection.exec_driver_sql("DELETE FROM notices")
        assert add_notice(connection, "confirm:2") > first


def test_what_stood_in_a_table_before_it_kept_its_numbers_is_there_afterwards(
    tmp_path: Path,
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/old.sqlite3")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
        first = connection.exec_driver_sql(  # the columns of that time, whatever came since
            "INSERT INTO issues (newsletter, number, kind, state, nominal, due_at, blocks,"
            " drafted_at, created_by)"
            " VALUES ('weekly', 1, 'regular', 'draft', '', '2026-01-01', '[]', '2026-01-01', 'x')"
        ).lastrowid
    migrations.upgrade(engine)
    with engine.begin() as connection:
        assert connection.scalar(sa.select(issue_table.c.id)) == first
        connection.execute(issue_table.delete())
        assert add_issue(connection) > first
    engine.dispose()


def copied_back(root: Path) -> None:
    """Put the copy in the place of the database, as a person with `cp` would."""
    shutil.copy(root / "copy.db", root / "newsletter.db")
    for ending in ("-wal", "-shm"):
        (root / f"newsletter.db{ending}").unlink(missing_ok=True)


def again(found: Reader) -> Reader:
    """Open what lies in the folder as a new process would."""
    house = reopened(found.house.root, found.house.at)
    client = TestClient(public_site(house.app), base_url=HOST, follow_redirects=False)
    return Reader(house, client)


@pytest.mark.parametrize("by", ["our command", "hand"])
def test_an_old_link_opens_nobody_elses_page_after_a_restore(folder: Path, by: str) -> None:
    with reader(folder) as before:
        backup.backup(before.house.app.engine, folder / "copy.db")
        before.sign_up("paula@example.org")
        before.client.post(before.link("paula@example.org", "confirm"))
        old = before.token("paula@example.org")
        before.house.at += timedelta(minutes=5)
        leave_all(before.house, "ann@example.org")
    if by == "hand":
        copied_back(folder)
    else:
        done = type_in("db", "restore", "copy.db")
        assert "1 unsubscribe or deletion applied" in done.output
    before.house.at += timedelta(minutes=5)
    after = again(before)
    after.letters("nobody")
    after.sign_up("quentin@example.org")
    assert after.letters("quentin@example.org"), "its notice has a number that no file has"
    after.client.post(after.link("quentin@example.org", "confirm"))
    assert after.client.get(f"/preferences/{old}").status_code == 404
    after.client.post(f"/unsubscribe/{old}", data={"List-Unsubscribe": "One-Click"})
    assert after.state("quentin@example.org") == "confirmed"
    assert after.state("ann@example.org") == "unsubscribed"
    after.house.app.close()


def test_an_ordinary_pass_leaves_the_numbers_alone(folder: Path) -> None:
    with reader(folder) as found:
        leave_all(found.house, "ann@example.org")
        found.house.at += timedelta(minutes=5)
        found.letters("nobody")
        found.sign_up("quentin@example.org")
        assert found.subscriber("quentin@example.org") < FAR


def test_the_replaced_database_is_named_and_goes_after_a_week(folder: Path) -> None:
    with reader(folder) as found:
        backup.backup(found.house.app.engine, folder / "copy.db")
        present = found.house.at
    kept = folder / "newsletter.db.before-restore"
    assert f"The replaced database is {kept}" in type_in("db", "restore", "copy.db").output
    opened = reopened(folder, present)
    opened.app.one_pass()
    assert kept.exists()
    old = (present - timedelta(days=8)).timestamp()
    os.utime(kept, (old, old))
    opened.at += timedelta(hours=1)
    opened.app.one_pass()
    opened.app.close()
    assert list(folder.glob("*before-restore*")) == []


def test_the_replaced_database_keeps_what_a_killed_process_left_in_its_log(folder: Path) -> None:
    with reader(folder) as found:
        backup.backup(found.house.app.engine, folder / "copy.db")
    leave_in_the_log = (
        "import os, sqlite3; made = sqlite3.connect('newsletter.db', isolation_level=None);"
        "made.execute('pragma journal_mode = wal');"
        "made.execute(\"insert into marks values ('last words', 7)\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", leave_in_the_log], cwd=folder, check=True)
    assert type_in("db", "restore", "copy.db").exit_code == 0
    with closing(sqlite3.connect(folder / "newsletter.db.before-restore")) as kept:
        found = kept.execute("select at from marks where name = 'last words'").fetchall()
    assert found == [(7,)]


@pytest.mark.parametrize("how", [("restore", "copy.db"), ("replay",)])
def test_mail_to_somebody_erased_since_the_backup_goes_with_the_restore(
    folder: Path, how: tuple[str, ...]
) -> None:
    with reader(folder) as found:
        found.sign_up("paula@example.org")
        letter = found.link("paula@example.org", "confirm")
        found.client.post(letter)
        backup.backup(found.house.app.engine, folder / "copy.db")
        kept = [path.read_bytes() for path in (folder / "outbox").iterdir()]
    assert type_in("subscribers", "forget", "paula@example.org", "--yes").exit_code == 0
    (folder / "outbox" / "notice-1.eml").write_bytes(kept[0])
    if how == ("replay",):
        copied_back(folder)
    assert type_in("db", *how).exit_code == 0
    held = [path for path in folder.glob("*/*.eml") if b"paula" in path.read_bytes()]
    assert not held
    assert b"paula" not in (folder / "newsletter.db").read_bytes()
