"""Recipients by column are the recipients, one by one."""

import pytest

from newsletter.esp.port import Recipient, Recipients

PEOPLE = [Recipient(f"7-{n}", f"reader{n}@example.net", f"Reader {n}", f"tok{n}") for n in range(4)]


def test_recipients_by_column_are_a_sequence_of_recipients() -> None:
    columns = Recipients.of(PEOPLE)
    assert list(columns) == PEOPLE
    assert len(columns) == len(PEOPLE)
    assert columns[2] == PEOPLE[2]
    assert columns[-1] == PEOPLE[-1]
    assert list(columns[1:3]) == PEOPLE[1:3]
    assert PEOPLE[3] in columns


def test_columns_are_turned_once() -> None:
    columns = Recipients.of(PEOPLE)
    assert columns.addresses == tuple(one.address for one in PEOPLE)
    assert Recipients.of(columns) is columns


def test_nobody_is_no_recipient() -> None:
    assert not Recipients.of([])
    assert list(Recipients()) == []


def test_columns_of_unequal_length_break_instead_of_losing_somebody() -> None:
    columns = Recipients(("7-1", "7-2"), ("a@b.c", "b@c.d"), ("", ""), ("tok1",))
    with pytest.raises(ValueError, match="shorter"):
        list(columns)
