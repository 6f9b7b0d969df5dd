"""A pass applies what a copy of the database lacks, however recent, and nothing else."""

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance.journals import Journals, catch_up
from newsletter.people.effects import apply_effects
from newsletter.store import numbers
from newsletter.store.database import open_reader
from subscribers.consent.unsubscribing import Unsubscribe, unsubscribe
from subscribers.journal import Journal
from subscribers.store.tables import subscriptions
from tests.fakes.house import MONDAY, House, house, leave_all, reopened
from tests.fakes.people import NOW, PEPPER, add_person

SOON = timedelta(seconds=1)


def copied_back(root: Path) -> None:
    """Put the copy in the place of the database, as a person with `cp` would."""
    shutil.copy(root / "copy.db", root / "newsletter.db")
    for ending in ("-wal", "-shm"):
        (root / f"newsletter.db{ending}").unlink(missing_ok=True)


def copy_of(opened: House) -> None:
    """Copy the database by hand, with nothing left in its log."""
    opened.app.engine.dispose()
    opened.app.reader.dispose()
    shutil.copy(opened.root / "newsletter.db", opened.root / "copy.db")


def test_an_unsubscribe_one_second_before_a_copy_is_put_back_counts(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - timedelta(days=2))
        opened.approve()
        copy_of(opened)
        opened.at = MONDAY - 2 * SOON
        leave_all(opened, "ann@example.org")
    copied_back(tmp_path)
    again = reopened(tmp_path, MONDAY - SOON)
    lines = again.pass_at(MONDAY)
    again.app.close()
    assert any("1 unsubscribe or deletion" in line.message for line in lines), lines
    mails = [path.read_text("utf-8") for path in (tmp_path / "outbox").glob("1-*.eml")]
    assert mails, "the issue went out"
    assert not [mail for mail in mails if "To: Ann" in mail or "ann@example.org" in mail]


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    """The journal of this machine, read as of now."""
    journal = Journal(tmp_path / "departures.jsonl")
    return Journals(journal, PEPPER, tmp_path / "outbox", lambda: NOW, "here")


def reading(engine: sa.Engine) -> sa.Engine:
    """Open the same database for reading."""
    return open_reader(engine.url.render_as_string(hide_password=False))


def unsubscribed(connection: sa.Connection, journals: Journals, person: int) -> None:
    """Unsubscribe somebody in an open transaction."""
    effects = unsubscribe(connection, person, Unsubscribe("weekly", "page"), pepper=PEPPER, now=NOW)
    apply_effects(connection, effects, journals.journal, now=NOW)


def test_a_transaction_that_is_still_open_is_waited_for(
    engine: sa.Engine, journals: Journals
) -> None:
    with engine.begin() as connection:
        ann = add_person(connection, "ann@example.org")
    reader, found = reading(engine), list[int]()
    passing = threading.Thread(target=lambda: found.append(catch_up(engine, reader, journals)))
    with engine.begin() as connection:
        unsubscribed(connection, journals, ann)
        passing.start()
        passing.join(0.5)
        assert passing.is_alive(), "it waits for the transaction"
    passing.join(30)
    assert found == [0], "the database lacked nothing"
    with engine.begin() as connection:
        assert add_person(connection, "bob@example.org") < numbers.STEP
    reader.dispose()


def test_what_a_rolled_back_transaction_wrote_is_applied_once(
    engine: sa.Engine, journals: Journals
) -> None:
    with engine.begin() as connection:
        ann = add_person(connection, "ann@example.org")
    with engine.connect() as connection:
        transaction = connection.begin()
        unsubscribed(connection, journals, ann)
        transaction.rollback()
    reader = reading(engine)
    assert [catch_up(engine, reader, journals) for _ in range(3)] == [1, 0, 0]
    with engine.connect() as connection:
        assert list(connection.scalars(sa.select(subscriptions.c.state))) == ["unsubscribed"]
    reader.dispose()


def test_another_journal_of_the_same_length_is_read_from_its_beginning(
    engine: sa.Engine, journals: Journals
) -> None:
    with engine.begin() as connection:
        people = [add_person(connection, f"{name}@example.org") for name in ("ann", "bob")]
    reader, journal = reading(engine), journals.journal
    for person in people:
        with engine.connect() as connection:
            transaction = connection.begin()
            unsubscribed(connection, journals, person)
            transaction.rollback()
    ann, bob = journal.path.read_text().splitlines(keepends=True)
    assert len(ann) == len(bob)
    journal.path.write_text(ann)
    assert catch_up(engine, reader, journals) == 1
    journal.path.write_text(bob)
    assert catch_up(engine, reader, journals) == 1
    with engine.connect() as connection:
        assert set(connection.scalars(sa.select(subscriptions.c.state))) == {"unsubscribed"}
    reader.dispose()
