"""Two hosts with a journal each share a database that is restored from a backup."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.model.states import IssueState
from newsletter.store.database import open_engine
from tests.fakes.engine import work_once
from tests.fakes.fleet import Fleet
from tests.fakes.postgres import Postgres
from tests.fakes.sendgrid import SendGrid

PEOPLE = 60


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SendGrid]:
    with SendGrid(tmp_path / "ledger") as server:
        yield server


def host(engine: sa.Engine, folder: Path, sink: SendGrid) -> Fleet:
    folder.mkdir(exist_ok=True)
    made = Fleet(engine, folder, sink.url)
    made.ledger, made.issue_id, made.people = sink.ledger, 1, PEOPLE
    return made


def restored(postgres: Postgres, backup: sa.URL) -> Iterator[sa.Engine]:
    with postgres.database(str(backup.database)) as url:
        engine = open_engine(url.render_as_string(hide_password=False))
        yield engine
        engine.dispose()


def command(fleet: Fleet, *words: str) -> None:
    with fleet.program("db", *words) as program:
        assert program.wait(60) == 0, fleet.log()


def test_what_a_host_sent_that_did_not_freeze_the_issue_is_not_sent_again(
    postgres: Postgres, migrated_database: str, tmp_path: Path, sink: SendGrid
) -> None:
    with postgres.database(migrated_database) as url:
        engine = open_engine(url.render_as_string(hide_password=False))
        first, second = (host(engine, tmp_path / name, sink) for name in ("first", "second"))
        first.freeze(PEOPLE, size=5)
        engine.dispose()
        with postgres.database(str(url.database)) as backup:
            with second.opened() as app:
                work_once(app, ("send",))
            assert len(sink.ledger.copies()) == PEOPLE
            for before in restored(postgres, backup):
                first, second = (
                    host(before, tmp_path / name, sink) for name in ("first", "second")
                )
                command(first, "replay", "--hold")
                command(second, "replay")
                assert "60 more recipients have the email" in second.log()
                with first.opened() as app:
                    work_once(app, ("send",))
                    assert first.state() is IssueState.SUBMITTING, "it is held"
                command(first, "release")
                with first.opened() as app:
                    work_once(app, ("send", "edit"))
                    app.look_after_host()
                assert first.state() is IssueState.SUBMITTED
        engine.dispose()
    assert set(sink.ledger.copies().values()) == {1}
    folded = (tmp_path / "second" / "submissions" / "1.log").read_text()
    assert folded.startswith("I ")
