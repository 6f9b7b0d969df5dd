"""Backups are whole, private, few, and made every day."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.maintenance import backup
from newsletter.pipeline.report import Level, Line
from newsletter.store.database import open_engine
from tests.fakes.house import MONDAY, house

DAY = timedelta(days=1)
DAILY = '[backup]\nfolder = "copies"\nkeep = 2'


def subscribers(copy: Path) -> int:
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as opened:
        return int(opened.execute("SELECT count(*) FROM subscribers").fetchone()[0])


def backed_up(report: list[Line]) -> list[Line]:
    return [line for line in report if line.stage == "backup"]


def test_a_pass_keeps_a_copy_once_a_day_and_the_newest_of_them(tmp_path: Path) -> None:
    with house(tmp_path, DAILY, at=MONDAY) as opened:
        folder = tmp_path / "copies"
        for hours in (0, 1, 24, 49):
            opened.pass_at(MONDAY + timedelta(hours=hours))
        names = sorted(path.name for path in folder.iterdir())
    assert names == ["newsletter-20261201T080000Z.db", "newsletter-20261202T090000Z.db"]
    assert {oct((folder / name).stat().st_mode & 0o777) for name in names} == {"0o600"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert subscribers(folder / names[0]) == 4


def test_a_copy_that_cannot_be_made_fails_the_pass_and_is_tried_again(tmp_path: Path) -> None:
    with house(tmp_path, DAILY, at=MONDAY) as opened:
        (tmp_path / "copies").write_text("a file is in the way")
        (line,) = backed_up(opened.pass_at(MONDAY))
        assert line.level is Level.FAILED
        (tmp_path / "copies").unlink()
        assert not backed_up(opened.pass_at(MONDAY + timedelta(minutes=1))), "a disk may be full"
        (line,) = backed_up(opened.pass_at(MONDAY + timedelta(minutes=10)))
        assert line.level is Level.OK


def test_only_files_that_a_backup_named_are_deleted(
    tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    names = ("newsletter.db", "newsletter-20200101T000000Z.db.gz", "newsletter-old.db")
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "newsletter-20200101T000000Z.db").touch()
    made = backup.backup_into(sqlite_engine, tmp_path, 1, MONDAY)
    assert {path.name for path in tmp_path.iterdir()} >= {*names, made.name}
    assert not (tmp_path / "newsletter-20200101T000000Z.db").exists()


def test_a_copy_that_is_not_whole_is_not_kept(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    with closing(sqlite3.connect(damaged)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("CREATE INDEX i ON t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(5000)])
        connection.commit()
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql='CREATE INDEX i ON t (x DESC)' WHERE name='i'"
        )
        connection.commit()
    engine = open_engine(f"sqlite:///{damaged}")
    with pytest.raises(NotAllowed, match="is not whole"):
        backup.backup(engine, tmp_path / "copy.db")
    engine.dispose()
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".*part"))


@pytest.mark.parametrize("name", ["copy #1.db", "100%41.db", "what?.db"])
def test_the_copy_is_checked_whatever_its_name(
    tmp_path: Path, sqlite_engine: sa.Engine, name: str
) -> None:
    copy = tmp_path / name
    backup.backup(sqlite_engine, copy)
    content = bytearray(copy.read_bytes())
    content[4096:12288] = bytes(8192)
    copy.write_bytes(content)
    with pytest.raises(NotAllowed, match="cannot be restored"):
        backup.copy_whole(copy, tmp_path / "restored.db")
    assert {path.name for path in tmp_path.iterdir()} == {name, "newsletter.sqlite3"}


def test_postgresql_is_left_to_its_own_tool(pg_engine: sa.Engine, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="pg_dump"):
        backup.backup_into(pg_engine, tmp_path, 3, MONDAY)
