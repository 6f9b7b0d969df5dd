"""The deliveries that are submitted in one call to the provider: states and identity."""

from enum import StrEnum


class BatchState(StrEnum):
    """See DESIGN section 5; `REFUSED` needs a person, `HELD` waits for one."""

    PREPARED = "prepared"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"


UNSETTLED = (BatchState.PREPARED, BatchState.SUBMITTING, BatchState.UNKNOWN, BatchState.HELD)


def batch_id(issue_id: int, seq: int) -> str:
    """Return the id of a batch as people and providers see it."""
    return f"{issue_id}.{seq}"


def attempt_id(batch: str, attempt: int) -> str:
    """Return the id of one attempt; it travels with every mail of the batch."""
    return f"{batch}:{attempt}"
