"""A list says that someone unsubscribed elsewhere: before or after they agreed here."""

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from subscribers.model import Frequency, Subscriber, Subscription, SubscriptionState
from subscribers.roster.deciding import Change, Known, decide
from subscribers.roster.reading import open_listing
from subscribers.roster.row import ImportRow, Terms
from subscribers.roster.row_reader import RowReader
from tests.fakes.people import NOW

ADDRESS = "a@example.org"


def change_of(path: Path, cells: dict[str, str], agreed: str) -> Change:
    """Return what a row does to someone who agreed here at a time."""
    path.write_text(f"email,{','.join(cells)}\n{ADDRESS},{','.join(cells.values())}\n")
    listing = open_listing(path)
    reader = RowReader(Terms(path.name, NOW, into=("weekly",)), listing.layout)
    (row,) = (reader.read(raw) for raw in listing.rows())
    assert isinstance(row, ImportRow)
    at = datetime.fromisoformat(agreed).replace(tzinfo=UTC)
    confirmed = SubscriptionState.CONFIRMED
    subscription = Subscription("weekly", confirmed, Frequency.EACH, None, at, at, "", "form")
    person = Subscriber(1, ADDRESS, ADDRESS, "", "en", "form", at, at, (subscription,))
    return decide(row, Known(person, chose=True))


@pytest.mark.parametrize(
    ("cell", "agreed", "ends"),
    [
        ("2025-05-01", "2025-04-30T23:00", True),
        ("2025-05-01", "2025-05-01T09:00", True),  # perhaps later on the same day
        ("2025-05-01", "2025-05-02T00:00", False),
        ("2025-05-01T10:00", "2025-05-01T10:00", True),
        ("2025-05-01T10:00", "2025-05-01T10:01", False),
        ("05/01/2025", "2025-04-30T09:00", True),  # 5 January or May 1
        ("05/01/2025", "2025-05-02T09:00", False),
        ("05.13.2025", "2025-05-12T09:00", True),
        ("13.05.2025", "2025-05-14T09:00", False),
        ("1 May 2025", "2025-05-02T09:00", False),
        ("2025년 5월 1일", "2025-05-02T09:00", False),
        ("yes", "2025-05-02T09:00", True),  # no date
        ("0000-00-00 is not a date", "2025-05-02T09:00", True),
        ("1970-01-01", "2025-05-02T09:00", True),  # a placeholder
    ],
)
def test_a_subscription_stays_only_if_they_agreed_provably_later(
    cell: str, agreed: str, ends: bool, tmp_path: Path
) -> None:
    found = change_of(tmp_path / "list.csv", {"unsubscribed_at": cell}, agreed)
    assert bool(found.lowered) is ends


def test_the_order_of_the_columns_does_not_matter(tmp_path: Path) -> None:
    cells = {
        "status": "unsubscribed",
        "unsubscribed_at": "2024-05-01",
        "deleted_at": "2024-06-01",
        "blocked": "yes",
        "do_not_contact": "2024-07-01",
    }
    changes = [
        change_of(tmp_path / "list.csv", dict(order), "2024-05-20")
        for order in permutations(cells.items())
    ]
    (lowered,) = {change.lowered for change in changes}
    assert lowered[0].since == datetime(2024, 6, 1, tzinfo=UTC)
    assert len({change.suppression for change in changes}) == 1
