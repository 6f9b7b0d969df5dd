"""Alert staff by email: each cause once."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from newsletter.model import next_step
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.next_step import NextStep
from newsletter.model.publication import Publication
from newsletter.store.people import notices
from subscribers.model import NoticeKind


@dataclass(frozen=True, slots=True)
class Alert:
    """What happened and what to do about it.

    `key` identifies the cause: alerts with the same key are sent once. `advice` is a sentence;
    `next_step` is what the letter turns into a command. `topic` leads to the documentation.
    """

    key: str
    what: str
    advice: str = ""
    next_step: NextStep | None = None
    topic: AlertTopic = field(kw_only=True)


def queue(
    connection: sa.Connection, publication: Publication, alert: Alert, *, now: datetime
) -> None:
    """Queue an alert unless one with the same key was queued before."""
    notices.queue(
        connection,
        notices.Notice(
            kind=NoticeKind.ALERT,
            key=f"alert:{alert.key}",
            address=mailbox(publication),
            language=publication.language,
            values={
                "what": alert.what,
                "next_step": alert.advice,
                "place": alert.topic.place,
                "step": next_step.as_values(alert.next_step) if alert.next_step else None,
            },
        ),
        now=now,
    )


def mailbox(publication: Publication) -> str:
    """Return the address that alerts go to."""
    reply_to = publication.reply_to or publication.sender
    return publication.alerts or reply_to.address
