"""An outbox that another database has used: its files prove nothing about this one."""

from pathlib import Path

import sqlalchemy as sa

from newsletter.store.tables import epochs
from tests.fakes.house import MONDAY, House, reopened
from tests.fakes.house import house as opened_house

RECIPIENTS = 3


def send(opened: House) -> None:
    """Draft, approve and send the issue of Monday."""
    opened.pass_at(MONDAY.replace(day=28))
    opened.approve()
    opened.pass_at(MONDAY)
    (issue,) = opened.issues()
    assert issue.state == "submitted"


def test_a_new_database_in_a_used_folder_writes_its_own_files(tmp_path: Path) -> None:
    with opened_house(tmp_path) as first:
        send(first)
    before = {path.name: path.read_bytes() for path in (tmp_path / "outbox").iterdir()}
    assert len(before) == RECIPIENTS
    for path in tmp_path.glob("newsletter.db*"):
        path.unlink()
    with opened_house(tmp_path) as second:
        with second.app.engine.begin() as connection:  # the tests copy one migrated file
            connection.execute(sa.update(epochs).values(epoch="another database"))
        # The same numbers, addresses, subject and date: only the edition is another one.
        send(second)
    after = {path.name: path.read_bytes() for path in (tmp_path / "outbox").iterdir()}
    assert len(after) == 2 * RECIPIENTS
    assert before.items() <= after.items()
    again = reopened(tmp_path, MONDAY)
    again.pass_at(MONDAY.replace(hour=9))
    again.app.close()
    assert {path.name for path in (tmp_path / "outbox").iterdir()} == set(after)
