"""Rows of one address are found, however many addresses repeat."""

import sqlite3
from collections.abc import Iterator

import pytest

from subscribers.store.seen import MOST, Seen

NOTED = [
    (key, 1, rank, strength)
    for key, rank, strength in (
        *(("a", 2, -1), ("b", 2, -1), ("a", 0, 1)),
        *(("c", 1, -1), ("b", 1, -1), ("a", 2, -1)),
    )
]
"""Address key, one row, its rank and strength, of rows 1 to 6."""


@pytest.fixture
def file() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect("", isolation_level=None)
    yield opened
    opened.close()


@pytest.mark.parametrize("most", [0, 1, 2, MOST])
def test_the_first_row_of_an_address_is_taken_with_what_all_of_them_say(
    file: sqlite3.Connection, most: int
) -> None:
    seen = Seen(file, most)
    seen.note(NOTED[:3])
    seen.note(NOTED[3:])
    shown = [(key, number) for number, (key, *_stated) in enumerate(NOTED, 1)]
    found = [*seen.claim(shown[:4]), *seen.claim(shown[4:])]
    assert [(address.rows, address.claimed_by) for address in found] == [
        (3, 0),
        (2, 0),
        (3, 1),
        (1, 0),
        (2, 2),
        (3, 1),
    ]
    assert [(address.rank, address.strength) for address in found if address.rows > 1] == [
        (0, 1),
        (1, -1),
        (0, 1),
        (1, -1),
        (0, 1),
    ]


def test_an_address_that_comes_twice_only_the_second_time_is_taken_once(
    file: sqlite3.Connection,
) -> None:
    seen = Seen(file)
    seen.note([("a", 1, 2, -1)])
    first, second = seen.claim([("a", 1), ("a", 2)])
    assert (first.claimed_by, second.claimed_by) == (0, 1)


def test_what_counts_for_two_rows_has_a_rank_without_another_row(file: sqlite3.Connection) -> None:
    seen = Seen(file)
    assert seen.ranks(["a"]) == [2]
    seen.note([("a", 2, 0, -1), ("b", 1, 1, -1)])
    assert seen.ranks(["a", "b", "c"]) == [0, 2, 2]
