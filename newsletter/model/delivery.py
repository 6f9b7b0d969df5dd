"""One edition to one recipient: its states and how they move."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """Moves by RANK, not by arrival; WITHDRAWN and REFUSED end before submission."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    COMPLAINED = "complained"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


RANK = {state: rank for rank, state in enumerate(DeliveryState)}


def delivery_id(issue_id: int, seq: int) -> str:
    """Return the opaque, stable id that travels with the mail."""
    return f"{issue_id}-{seq}"


def advance(present: DeliveryState, seen: DeliveryState) -> DeliveryState:
    """Return the state after an event; an event that ranks lower changes nothing."""
    return seen if RANK[seen] > RANK[present] else present
