"""Deliveries: one edition to one recipient."""

import re
from hashlib import blake2b

from newsletter.model.row_number import row_numbers
from newsletter.model.states import RANK, DeliveryState


def delivery_id(issue_id: int, seq: int) -> str:
    """Return the opaque, stable id that travels with the email."""
    return f"{issue_id}-{seq}"


def edition_mark(nonce: str) -> str:
    """Return what follows a delivery in its Message-ID: deliveries of two databases have equal ids.

    It depends on the random nonce of the edition, and is empty for a letter without one.
    """
    return "." + blake2b(nonce.encode(), digest_size=4).hexdigest() if nonce else ""


_DELIVERY = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,9})", re.ASCII)


def read_delivery(text: str) -> tuple[int, int] | None:
    """Return (issue, seq) of a delivery id, or None if `text` is not one."""
    found = _DELIVERY.fullmatch(text)
    numbers = row_numbers(found[1], found[2]) if found else None
    return (numbers[0], numbers[1]) if numbers else None


def notice_id(number: int) -> str:
    """Return the id that takes a delivery's place in a notice: opaque, stable, and no delivery's."""
    return f"notice-{number}"


_NOTICE = re.compile(r"notice-([1-9][0-9]{0,9})", re.ASCII)


def read_notice(text: str) -> int | None:
    """Return the number of the notice that an id names, or None if `text` is not one."""
    found = _NOTICE.fullmatch(text)
    numbers = row_numbers(found[1]) if found else None
    return numbers[0] if numbers else None


def delivery_number(text: str) -> int:
    """Return the number of a delivery within its issue; raise ValueError if it is not an id."""
    key = read_delivery(text)
    if key is None:
        msg = f"{text!r} is not a delivery id"
        raise ValueError(msg)
    return key[1]


def advance(present: DeliveryState, seen: DeliveryState) -> DeliveryState:
    """Return the state after an event; an event that ranks lower changes nothing."""
    return seen if RANK[seen] > RANK[present] else present
