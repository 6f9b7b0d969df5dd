"""Draft a digest: what regular issues printed, for subscribers who do not want each of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.edit.run import claimed
from newsletter.model.actor import Actor
from newsletter.model.issue import NOTHING_NEW, IssueKind, Item
from newsletter.model.slot import Due
from newsletter.store.content import issues
from newsletter.store.content.issues import NewIssue
from subscribers.audience import has_subscribers
from subscribers.model import Frequency

PERIOD = {Frequency.WEEKLY: timedelta(days=7), Frequency.MONTHLY: timedelta(days=31)}


@dataclass(frozen=True, slots=True)
class DigestSlot:
    """The digest of a newsletter for the subscribers with a frequency, and when it is due."""

    newsletter: str
    frequency: Frequency
    due: Due


@dataclass(frozen=True, slots=True)
class NoDigest:
    """Why the digest of a slot is not needed; `wanted` says that there are subscribers for it."""

    reason: str
    wanted: bool


def draft(
    engine: sa.Engine, slot: DigestSlot, *, subject: str, now: datetime, actor: Actor
) -> int | NoDigest | None:
    """Draft the digest of a slot; return its id, or None if the slot is taken.

    The caller puts a slot without a digest on record. An article is in one digest of a frequency at
    most.
    """
    newsletter, frequency, when = slot.newsletter, slot.frequency, slot.due
    with engine.connect() as connection:
        wanted = connection.scalar(has_subscribers(newsletter, frequency)) is not None
        items = missed(connection, newsletter, frequency, now) if wanted else []
    if not items:
        return NoDigest(NOTHING_NEW if wanted else f"no subscriber gets it {frequency}", wanted)
    nominal = f"{when.nominal} {frequency.value}"
    new = NewIssue(
        newsletter,
        None,
        nominal,
        when.due_at,
        kind=IssueKind.DIGEST,
        subject=subject,
        reader_time=when.reader_time,
        ends_at=when.ends_at,
    )
    return claimed(engine, new, items, now=now, actor=actor)


def missed(
    connection: sa.Connection, newsletter: str, frequency: Frequency, now: datetime
) -> list[Item]:
    """Return the items of the issues sent since the last digest, newest issue first.

    They look back two periods, so that an issue that was sent while a digest was drafted is in the
    next one. The first digest looks back one period.
    """
    period = PERIOD[frequency]
    sent, taken = issues.digested(connection, newsletter, frequency.value, now - 2 * period)
    if not taken:
        sent, _ = issues.digested(connection, newsletter, frequency.value, now - period)
    found: dict[int, Item] = {}
    for issue_id in reversed(sent):
        for item in issues.load_items(connection, issue_id):
            if item.included and item.article_id not in taken:
                reason = f"printed in issue {issue_id}"
                kept = replace(item, reason=reason, pinned=False, form="")
                found.setdefault(item.article_id, kept)
    return [replace(item, position=place) for place, item in enumerate(found.values(), 1)]
