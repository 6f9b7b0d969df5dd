"""A pass under a clock that is far ahead delays nothing once the clock is right again."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.store.tables import articles, slots
from tests.fakes.house import MONDAY, house

DAILY = '[backup]\nfolder = "copies"'


@pytest.mark.parametrize("days", [3, 400])
def test_what_a_clock_that_jumped_put_off_is_done_when_it_is_right_again(
    tmp_path: Path, days: int
) -> None:
    now = MONDAY - timedelta(days=4)
    with house(tmp_path, DAILY, at=now) as opened:
        opened.pass_at(now + timedelta(days=days))
        text = "Title: Ferries return\n\nThe ferries return to the harbour after two years.\n"
        (tmp_path / "articles" / "ferries.txt").write_text(text)
        later = now + timedelta(minutes=5)
        lines = opened.pass_at(later)
        with opened.app.reader.connect() as connection:
            titles = set(connection.scalars(sa.select(articles.c.title)))
            missed = sa.select(slots).where(slots.c.state == "missed", slots.c.due_at > later)
            ahead = connection.execute(missed).all()
    assert "Ferries return" in titles
    assert not ahead
    assert [line for line in lines if line.stage == "backup"]
    if days > 30:
        assert any("a clock had jumped ahead" in line.message for line in lines)
