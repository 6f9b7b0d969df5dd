"""Tell staff that an issue needs them: one notice per cause."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.publication import Publication
from newsletter.model.states import IssueState
from newsletter.store import acts
from newsletter.store.content import issues
from newsletter.store.people import notices

MACHINE = "newsletter"
"""Who acted, in the record, when no person did."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What happened (`word` makes the notice unique), and what a person should do next."""

    word: str
    what: str
    next_step: str


def stop(
    connection: sa.Connection,
    publication: Publication,
    issue_id: int,
    cause: Cause,
    *,
    now: datetime,
) -> bool:
    """Pause an issue by itself and tell staff; return whether it was still leaving."""
    leaving = [IssueState.SUBMITTING]
    stopped = issues.move(
        connection, issue_id, frm=leaving, to=IssueState.PAUSED, reason=cause.what
    )
    if stopped:
        detail = {"reason": cause.what}
        acts.record(connection, acts.Act(now, MACHINE, "pause", issue_id, detail))
        tell(connection, publication, issue_id, cause, now=now)
    return stopped


def tell(
    connection: sa.Connection,
    publication: Publication,
    issue_id: int,
    cause: Cause,
    *,
    now: datetime,
) -> None:
    """Queue a staff alert; the same word about the same issue is said once."""
    announce(connection, publication, f"{issue_id}:{cause.word}", cause, now=now)


def announce(
    connection: sa.Connection, publication: Publication, key: str, cause: Cause, *, now: datetime
) -> None:
    """Queue a staff alert that is about no issue; what has the same key is said once."""
    reply_to = publication.reply_to or publication.sender
    notices.queue(
        connection,
        notices.Notice(
            kind="alert",
            key=f"alert:{key}",
            address=publication.alerts or reply_to.address,
            language=publication.language,
            values={"what": cause.what, "next_step": cause.next_step},
        ),
        now=now,
    )
