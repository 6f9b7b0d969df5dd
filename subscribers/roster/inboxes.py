"""What the rows of a file say about an inbox that they share: ann@ and ann+news@; pure.

An inbox that its owner left under one address gets nothing under another, whichever row is first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from subscribers.model import inbox_of
from subscribers.roster.row import ImportRow
from subscribers.roster.statuses import RowStatus
from subscribers.store.inboxes import Departure

_LEFT, _BOUNCED, _STAYS = range(3)
"""What the rows of an inbox say at worst. A bounce without a tag concerns tagged addresses only."""

_BY_A_ROW = Departure("", "", "another row says that the owner of the same inbox has left")


def inbox_entry(address_key: str) -> str:
    """Return the key of an inbox, which differs from every address: it contains a space."""
    return f"inbox {inbox_of(address_key)}"


def of_inbox(address_key: str, status: RowStatus) -> Iterator[tuple[str, int, int, int]]:
    """Yield what a row says about its inbox: entry, number of rows, rank, strength.

    A tagged address counts as two rows: what others say about the inbox concerns it.
    """
    is_tagged = inbox_of(address_key) != address_key
    rank = _STAYS
    if status.left:
        rank = _LEFT
    elif status.bounced and not is_tagged:
        rank = _BOUNCED
    if is_tagged or rank is not _STAYS:
        yield inbox_entry(address_key), 2 if is_tagged else 1, rank, -1


def withheld_from(row: ImportRow, inbox: int) -> ImportRow:
    """Return a row; with a mark if another row says that the owner of its inbox has left."""
    key = row.address.key
    if inbox == _STAYS or (inbox == _BOUNCED and inbox_of(key) == key):
        return row
    return replace(row, departed=True)


def elsewhere_ended(
    row: ImportRow, departures: Mapping[str, Sequence[Departure]]
) -> tuple[Departure, ...]:
    """Return what was ended under the other addresses of a row's inbox, here or in the file."""
    by_a_row = (_BY_A_ROW,) if row.departed else ()
    if not departures:
        return by_a_row
    key = row.address.key
    found = departures.get(inbox_of(key), ())
    return (*by_a_row, *(departure for departure in found if departure.address_key != key))
