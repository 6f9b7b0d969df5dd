"""Ask subscribers who seem inactive whether they still want a newsletter; pause those who do not answer.

What makes someone inactive is known to the sender of the issues, not here.
"""

from datetime import datetime

import sqlalchemy as sa

from subscribers.model import (
    INACTIVE,
    READER,
    WITHOUT_END,
    Effects,
    NoticeIntent,
    NoticeKind,
    Subscription,
    SubscriptionState,
)
from subscribers.store import audit, people, statuses
from subscribers.store.audit import AuditEntry
from subscribers.store.tables import subscribers, subscriptions, suppressions


def candidates(
    connection: sa.Connection, newsletter: str, *, since: datetime, after: int, limit: int
) -> list[int]:
    """Return the IDs, above `after`, of subscribers who might be inactive since a time.

    They were subscribed before it, have done nothing on our pages since, get the newsletter, and can
    be emailed.
    """
    s, person = subscriptions.c, subscribers.c
    suppressed = sa.exists().where(suppressions.c.address_key == person.address_key)
    query = (
        sa.select(s.subscriber_id)
        .join(subscribers, person.id == s.subscriber_id)
        .where(
            s.newsletter == newsletter,
            s.subscriber_id > after,
            s.state == SubscriptionState.CONFIRMED.value,
            sa.or_(s.paused_until.is_(None), s.paused_until <= since),
            sa.func.coalesce(s.confirmed_at, s.since) <= since,
            sa.or_(person.acted_at.is_(None), person.acted_at <= since),
            ~suppressed,
        )
        .order_by(s.subscriber_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def question(
    connection: sa.Connection,
    subscriber_id: int,
    newsletter: str,
    *,
    now: datetime,
    until: datetime,
) -> Effects:
    """Return the notice that asks; the outcome is `asked`, or `gone` if they do not get the newsletter."""
    person = people.load(connection, subscriber_id)
    if person is None or not _is_current(person.subscription(newsletter), now):
        return Effects("gone")
    notice = NoticeIntent(
        NoticeKind.STILL_WANTED,
        f"{NoticeKind.STILL_WANTED}:{newsletter}:{subscriber_id}:{now.date().isoformat()}",
        subscriber_id,
        person.language,
        {"newsletter": newsletter, "until": until.isoformat()},
    )
    return Effects("asked", notices=(notice,))


def pause(
    connection: sa.Connection, subscriber_id: int, newsletter: str, *, actor: str, now: datetime
) -> Effects:
    """Pause the subscription of someone who did not answer; the outcome is `paused` or `unchanged`."""
    person = people.load(connection, subscriber_id)
    if person is None or not _is_current(person.subscription(newsletter), now):
        return Effects("unchanged")
    paused = {"paused_until": WITHOUT_END, "reason": INACTIVE}
    statuses.adjust(connection, subscriber_id, newsletter, paused)
    detail = {"reason": INACTIVE}
    audit.record(connection, AuditEntry(actor, "paused", now, subscriber_id, newsletter, detail))
    return Effects("paused")


def keep(
    connection: sa.Connection, subscriber_id: int, newsletter: str, *, now: datetime
) -> Effects:
    """Record that someone still wants a newsletter, and end the pause that `pause` began.

    The outcome is `kept`, or `gone` if they are not subscribed. Repeating it is harmless.
    """
    person = people.load(connection, subscriber_id)
    subscription = person.subscription(newsletter) if person else None
    if subscription is None or subscription.state is not SubscriptionState.CONFIRMED:
        return Effects("gone")
    if subscription.paused_as_inactive:
        resumed = {"paused_until": None, "reason": ""}
        statuses.adjust(connection, subscriber_id, newsletter, resumed)
    statuses.acted(connection, subscriber_id, now)
    audit.record(connection, AuditEntry(READER, "kept", now, subscriber_id, newsletter))
    return Effects("kept")


def _is_current(subscription: Subscription | None, now: datetime) -> bool:
    if subscription is None or subscription.state is not SubscriptionState.CONFIRMED:
        return False
    return subscription.paused_until is None or subscription.paused_until <= now
