"""What was done, by whom and when: the values of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from newsletter.model.actor import Actor


class ActKind(StrEnum):
    """The kinds of acts; OTHER is one that another version of the program recorded."""

    DRAFTED = "issue drafted"
    SKIPPED = "issue skipped"
    EDITED = "issue edited"
    RENDERED = "editions rendered"
    APPROVED = "issue approved"
    VOIDED = "approval voided"
    RETURNED = "changes requested"
    HALF_APPROVED = "first approval given"
    WAIVED = "warning waived"
    PAUSED = "issue paused"
    RESUMED = "issue resumed"
    CANCELLED = "issue cancelled"
    MOVED = "issue moved"
    RESOLVED = "batch resolved"
    STAFF_ADDED = "staff added"
    ROLE_CHANGED = "role changed"
    STAFF_REMOVED = "staff removed"
    LINK_MADE = "sign-in link made"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    TESTED = "test sent"
    SHARED = "preview shared"
    SLOT_SKIPPED = "slot skipped"
    SLOT_RESTORED = "slot restored"
    NEWSLETTER_PAUSED = "newsletter paused"
    NEWSLETTER_RESUMED = "newsletter resumed"
    CHOSE_SUBJECT = "subject chosen"
    SUBSCRIBER_ADDED = "subscriber added"
    SUBSCRIBER_TAGGED = "subscriber tagged"
    SUBSCRIBER_PAUSED = "subscriber paused"
    SUBSCRIBER_ZONE_SET = "subscriber time zone set"
    SUBSCRIBER_UNSUBSCRIBED = "subscriber unsubscribed"
    ADDRESS_SUPPRESSED = "address suppressed"
    SUPPRESSION_LIFTED = "suppression lifted"
    MANAGE_LINK_EMAILED = "manage link emailed"
    DATA_EXPORTED = "data exported"
    SUBSCRIBER_ERASED = "subscriber erased"
    LIST_IMPORTED = "list imported"
    IMPORT_UNDONE = "import undone"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    ARTICLE_HIDDEN = "article hidden"
    ARTICLE_SHOWN = "article shown"
    DUPLICATE_CHOSEN = "duplicate chosen"
    ARTICLE_READ_AGAIN = "article read again"
    SOURCE_COLLECTED = "source collected"
    SOURCE_PAUSED = "source paused"
    SOURCE_RESUMED = "source resumed"
    SENDING_RELEASED = "sending released"
    JOB_RETRIED = "job retried"
    JOB_CANCELLED = "job cancelled"
    OTHER = "other"


class EditKind(StrEnum):
    """What staff do to an issue; UNPARSED is an old record that could not be read."""

    SET_TEXT = "set text"
    SET_BLOCKS = "set blocks"
    SET_TEST = "set subject test"
    PLACE = "place"
    ADD = "add"
    TAKE_OVER = "take over"
    UNDO = "undo"
    PIN = "pin"
    PRINT_AS = "print as"
    REORDER = "reorder"
    CORRECT = "correct"
    REVERT = "revert"
    ACCEPT_SUGGESTED = "accept suggested"
    UNPARSED = "unparsed"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of an issue: of the text `name`, or of `name` of an item.

    `before` and `after` are JSON values; None where there was or is nothing.
    """

    kind: EditKind
    name: str = ""
    article_id: int | None = None
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Act:
    """One act; `before` and `after` hold what changed, `detail` what staff read beside it."""

    at: datetime
    actor: Actor
    kind: ActKind
    issue_id: int | None
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    detail: Mapping[str, object] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
