"""What staff are alerted about; the documentation has a page for each, under the same name."""

from enum import StrEnum

FOLDER = "docs/alerts"
"""The folder of the documentation that has the pages."""


class AlertTopic(StrEnum):
    """The kind of an alert. Its value is the name of the page that says what to do."""

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
        return f"{FOLDER}/{self}.md"
