"""Recipients as columns are equal to recipients who by who."""

import pytest

from newsletter.esp.port import Recipient, Recipients

RECIPIENTS = [
    Recipient(f"7-{n}", f"reader{n}@example.net", f"Reader {n}", f"tok{n}") for n in range(4)
]


def test_recipients_by_column_are_a_sequence_of_recipients() -> None:
    columns = Recipients.of(RECIPIENTS)
    assert list(columns) == RECIPIENTS
    assert len(columns) == len(RECIPIENTS)
    assert columns[2] == RECIPIENTS[2]
    assert columns[-1] == RECIPIENTS[-1]
    assert list(columns[1:3]) == RECIPIENTS[1:3]
    assert RECIPIENTS[3] in columns


def test_columns_are_built_once() -> None:
    columns = Recipients.of(RECIPIENTS)
    assert columns.addresses == tuple(who.address for who in RECIPIENTS)
    assert Recipients.of(columns) is columns


def test_no_recipients_is_an_empty_sequence() -> None:
    assert not Recipients.of([])
    assert list(Recipients()) == []


def test_columns_of_unequal_length_raise_instead_of_losing_a_recipient() -> None:
    columns = Recipients(("7-1", "7-2"), ("a@b.c", "b@c.d"), ("", ""), ("tok1",))
    with pytest.raises(ValueError, match="shorter"):
        list(columns)
