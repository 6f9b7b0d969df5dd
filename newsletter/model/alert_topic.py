"""What staff are alerted about; docs/operating.md has a section for each, under the same name."""

from enum import StrEnum

PAGE = "docs/operating.md"
"""The page of the documentation that has the sections."""


class AlertTopic(StrEnum):
    """The kind of an alert. Its value is the anchor of the section that says what to do."""

    APPROVAL_IS_DUE = "an-issue-is-not-approved"
    APPROVAL_VOIDED = "an-approval-was-voided"
    SKIPPED = "an-issue-was-skipped"
    MISSED = "an-issue-was-missed"
    STOPPED = "the-provider-stopped-an-issue"
    BRAKE = "too-many-complaints-or-bounces"
    REFUSED = "a-batch-was-refused"
    HELD = "batches-are-held"
    RESTORED = "the-database-was-restored"
    DROPPED = "the-provider-dropped-emails"
    WAVE = "a-wave-of-sign-ups"
    FAILURE = "something-failed-in-a-pass"
    WATCH = "the-watchdog-found-something"

    @property
    def place(self) -> str:
        """Return where the documentation says what to do."""
        return f"{PAGE}#{self}"
