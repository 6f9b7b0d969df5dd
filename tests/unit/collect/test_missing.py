"""Entries that were removed at the source, and entries that newer ones pushed out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.collect.entry import INDEX, Entry, Listing
from newsletter.collect.missing import complete, was_removed
from newsletter.model.source import Source

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FEED = Source("wire", "feed", url="https://example.org/feed")
FOLDER = Source("desk", "folder", path=Path("articles"))


def at(*minutes: int) -> list[datetime]:
    return [NOON + timedelta(minutes=each) for each in minutes]


@pytest.mark.parametrize(
    ("present", "removed"),
    [
        (at(-30, -20, -10), True),
        (at(-30, -20, 5), True),
        (at(5, 10, 15), False),  # newer entries pushed it out
        (at(-900, 5, 10, 15), False),  # the same, with an old entry that always stays on top
        (at(-30, 5), False),
        (at(0, 0), False),  # collected together: nothing is known about their order
        ([], False),
    ],
)
def test_an_entry_was_removed_if_most_of_the_others_are_older(
    present: list[datetime], removed: bool
) -> None:
    assert was_removed(NOON, present) is removed


@pytest.mark.parametrize(
    ("source", "listing", "keys"),
    [
        (FEED, Listing((Entry("a"), Entry("b"))), {"a", "b"}),
        (FEED, Listing(()), None),
        (FEED, Listing((Entry("a"),), (("b", "unreadable"),)), None),
        (FEED, Listing((Entry("a"),), note=INDEX), None),
        (FOLDER, Listing((Entry("a.md"),), (("b.txt", "too large"),)), {"a.md", "b.txt"}),
        (FOLDER, Listing(()), None),
    ],
)
def test_a_listing_proves_something_only_if_it_is_complete(
    source: Source, listing: Listing, keys: set[str] | None
) -> None:
    assert complete(source, listing) == keys
