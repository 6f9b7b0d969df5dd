"""The states of issues, batches and deliveries: their sets and transitions, in one table each."""

from enum import StrEnum

from subscribers.phrase import Phrase


class IssueState(StrEnum):
    """The state of an issue.

    DRAFT has no current rendering; REVIEW is rendered and waits for approval. An issue stays
    SUBMITTING while any of its batches is unknown or held.
    """

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    PREPARING = "preparing"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def spoken(self) -> str:
        """Return the state as it follows "the issue is"."""
        return _SPOKEN.get(self) or Phrase(self.value)


_SPOKEN = {
    IssueState.DRAFT: Phrase("a draft"),
    IssueState.REVIEW: Phrase("in review"),
    IssueState.PREPARING: Phrase("being prepared"),
    IssueState.SUBMITTING: Phrase("being submitted"),
}
ISSUE_TRANSITIONS = {
    IssueState.DRAFT: {IssueState.REVIEW, IssueState.SKIPPED, IssueState.CANCELLED},
    IssueState.REVIEW: {
        IssueState.DRAFT,
        IssueState.APPROVED,
        IssueState.SKIPPED,
        IssueState.CANCELLED,
    },
    IssueState.APPROVED: {
        IssueState.DRAFT,
        IssueState.PREPARING,
        IssueState.PAUSED,
        IssueState.CANCELLED,
    },
    IssueState.PREPARING: {
        IssueState.SUBMITTING,
        IssueState.PAUSED,
        IssueState.CANCELLED,
    },
    IssueState.SUBMITTING: {IssueState.SUBMITTED, IssueState.PAUSED, IssueState.CANCELLED},
    # A person may still resend a held batch of an issue that was counted as submitted.
    IssueState.SUBMITTED: {IssueState.SUBMITTING},
    # A pause before the freeze resumes to APPROVED, a later one to SUBMITTING.
    IssueState.PAUSED: {
        IssueState.APPROVED,
        IssueState.SUBMITTING,
        IssueState.CANCELLED,
    },
    IssueState.CANCELLED: set(),
    # A person may take a skip back while the slot is still ahead.
    IssueState.SKIPPED: {IssueState.DRAFT},
}
"""The states that each state may change to."""
RESTORED_TRANSITIONS = {
    state: {IssueState.SUBMITTED, IssueState.PAUSED}
    for state in set(IssueState) - {IssueState.SUBMITTED, IssueState.CANCELLED}
}
"""After a restore: an issue that the journal knows to be submitted is not sent again."""

UNAPPROVED = frozenset({IssueState.DRAFT, IssueState.REVIEW})
"""Issues that wait for approval."""
EDITABLE = UNAPPROVED | {IssueState.APPROVED}
"""Issues whose content staff may still change; a change voids the approval."""
SENDABLE = frozenset({IssueState.APPROVED, IssueState.PREPARING})
"""Approved issues whose audience is not frozen yet."""
SENDING = frozenset({IssueState.PREPARING, IssueState.SUBMITTING})
"""Issues that are being sent now."""
PAUSABLE = SENDING | {IssueState.APPROVED}
"""Issues that would go out without another decision of a person."""
MOVABLE = PAUSABLE | {IssueState.PAUSED}
"""Issues whose remaining batches can move to another provider."""
CANCELLABLE = MOVABLE | UNAPPROVED
"""Issues that a person can cancel."""
UNFINISHED = CANCELLABLE
"""Issues that a report lists until they are finished."""
OUT = frozenset(
    {IssueState.PREPARING, IssueState.SUBMITTING, IssueState.SUBMITTED, IssueState.PAUSED}
)
"""Issues whose articles count as printed: no other issue of the newsletter repeats them."""


class BatchState(StrEnum):
    """The state of a batch. REFUSED and HELD need a decision of a person."""

    PREPARED = "prepared"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"


BATCH_TRANSITIONS = {
    BatchState.PREPARED: {
        BatchState.SUBMITTING,
        # By the journal: a part of an interrupted batch, or an attempt lost by a restore.
        BatchState.UNKNOWN,
        BatchState.ACCEPTED,
        BatchState.HELD,
        BatchState.CANCELLED,
    },
    BatchState.SUBMITTING: {
        BatchState.ACCEPTED,
        BatchState.REFUSED,
        BatchState.UNKNOWN,
        # Only when provably nothing was submitted: connection refused, 429.
        BatchState.PREPARED,
    },
    BatchState.UNKNOWN: {
        BatchState.ACCEPTED,
        BatchState.HELD,
        BatchState.PREPARED,
        BatchState.CANCELLED,
    },
    BatchState.HELD: {BatchState.ACCEPTED, BatchState.PREPARED, BatchState.CANCELLED},
    BatchState.REFUSED: {BatchState.ACCEPTED, BatchState.PREPARED, BatchState.CANCELLED},
    # Evidence may show that a batch was accepted before it was cancelled.
    BatchState.CANCELLED: {BatchState.ACCEPTED},
    BatchState.ACCEPTED: set(),
}
"""The states that each state may change to."""

UNSETTLED = frozenset(
    {BatchState.PREPARED, BatchState.SUBMITTING, BatchState.UNKNOWN, BatchState.HELD}
)
"""Batches that keep their issue from being finished."""
IN_DOUBT = frozenset({BatchState.UNKNOWN, BatchState.HELD})
"""Batches whose outcome is not known."""
DECIDABLE = IN_DOUBT | {BatchState.REFUSED}
"""Batches that a person can decide about."""
SETTLED_BY_EVIDENCE = DECIDABLE | {BatchState.PREPARED, BatchState.CANCELLED}
"""Batches that evidence of an earlier attempt marks as accepted."""


class DeliveryState(StrEnum):
    """The state of a delivery; states change by RANK, not by order of arrival.

    WITHDRAWN and REFUSED end before submission. BLOCKED is a refusal by the recipient's server that
    does not mean that the address is dead.
    """

    PENDING = "pending"
    SUBMITTED = "submitted"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BLOCKED = "blocked"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    COMPLAINED = "complained"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    # Enum's is written in Python, and each event of a provider looks states up.
    __hash__ = str.__hash__


SHARED_OUTCOMES = {
    BatchState.ACCEPTED: DeliveryState.SUBMITTED,
    BatchState.CANCELLED: DeliveryState.WITHDRAWN,
}
"""What a batch in this state means for its deliveries that have no outcome of their own."""

RANK = {state: rank for rank, state in enumerate(DeliveryState)}
"""A delivery changes only to a state of a higher rank."""
