"""Only a date or a plain yes in the consent column confirms anybody."""

import pytest

from subscribers.model import SubscriptionState
from subscribers.roster.layout import Layout
from subscribers.roster.reading import RawRow
from subscribers.roster.row import ImportRow, Terms
from subscribers.roster.row_reader import RowReader
from tests.fakes.people import NOW


def standing(cell: str, attest: str = "") -> SubscriptionState:
    reader = RowReader(
        Terms("people.csv", NOW, into=("weekly",), attest=attest), Layout("columns", "utf-8", ",")
    )
    row = reader.read(RawRow(2, {"address": "ada@example.org", "consent": cell}))
    assert isinstance(row, ImportRow)
    return row.subscriptions[0].state


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-02",
        "2026-03-02 10:00:00",
        "2026-03-02T10:00:00+09:00",
        "02/03/2026 1:05 PM",
        "2 Mar 2026",
        "March 2, 2026",
        "2026. 3. 2.",
        "2026년 3월 2일",
        "1772409600",
        "Yes",
        "예",
    ],
)
def test_a_date_or_a_yes_confirms(cell: str) -> None:
    assert standing(cell) is SubscriptionState.CONFIRMED


@pytest.mark.parametrize(
    "cell",
    ["no", "0", "never", "N/A", "nein", "미동의", "unknown", "pending", "not yet"],
)
@pytest.mark.parametrize("attest", ["", "the book fair"])
def test_anything_else_stays_pending_whatever_is_attested_for_all(cell: str, attest: str) -> None:
    assert standing(cell, attest) is SubscriptionState.PENDING


@pytest.mark.parametrize(
    "cell", ["withdrawn 2026-03-02", "Revoked", "opt-out", "거부", "widerrufen"]
)
def test_a_consent_that_was_withdrawn_ends_the_subscription(cell: str) -> None:
    assert standing(cell, "the book fair") is SubscriptionState.UNSUBSCRIBED


def test_an_empty_cell_goes_by_what_is_attested_for_all() -> None:
    assert standing("", "the book fair") is SubscriptionState.CONFIRMED
    assert standing("") is SubscriptionState.PENDING
