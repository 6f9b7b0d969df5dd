"""Count how subscriptions began and ended in a period, and how old they are.

A period is read from the audit by its index on time; an import by the subscribers it added.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from subscribers.model import INACTIVE, SubscriptionState, SuppressionReason, TagKind
from subscribers.store.audit import LIFTED
from subscribers.store.imports import origin
from subscribers.store.tables import (
    audit,
    consents,
    import_changes,
    imports,
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
    tags,
)

AT_ONCE = 1_000
CONFIRMED = SubscriptionState.CONFIRMED.value


class SubscriptionChange(StrEnum):
    """How a newsletter won or lost a subscriber."""

    CONFIRMED = "confirmed"
    IMPORTED = "imported"
    RETURNED = "returned"
    """Confirmed after an unsubscribe, or allowed to be emailed again."""
    UNSUBSCRIBED = "unsubscribed"
    ENDED_BY_IMPORT = "ended by an import"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    """Suppressed for any other reason."""
    PAUSED = "paused"
    ERASED = "erased"


class AgeGroup(StrEnum):
    """How long ago a subscription was confirmed; paused ones are apart."""

    MONTH = "30 days"
    QUARTER = "90 days"
    YEAR = "1 year"
    TWO_YEARS = "2 years"
    OLDER = "older"
    PAUSED = "paused"
    INACTIVE = "inactive"
    """Paused because the subscriber did not answer whether they still want the newsletter."""


UP_TO = {
    AgeGroup.MONTH: timedelta(days=30),
    AgeGroup.QUARTER: timedelta(days=90),
    AgeGroup.YEAR: timedelta(days=365),
    AgeGroup.TWO_YEARS: timedelta(days=730),
}

Counted = Counter[tuple[str, SubscriptionChange, str]]
"""Numbers by newsletter, change, and the import that made it ("" for none)."""


def first_act(connection: sa.Connection) -> datetime | None:
    """Return when the first act was recorded, None if nothing has happened."""
    return connection.scalar(sa.select(audit.c.at).order_by(audit.c.at).limit(1))


def changes(connection: sa.Connection, since: datetime, until: datetime) -> Counted:
    """Count the subscriptions that began and ended from `since` to before `until`."""
    during = (audit.c.at >= since, audit.c.at < until)
    found: Counted = Counter()
    for query in (_begun(), _unsubscribed(), _suppressed(), _lifted(), _paused()):
        each = query.where(*during).subquery()
        grouped = sa.select(each.c.newsletter, each.c.kind, sa.func.count())
        for key, kind, number in connection.execute(
            grouped.group_by(each.c.newsletter, each.c.kind)
        ):
            found[key, SubscriptionChange(kind), ""] += number
    erased = sa.select(audit.c.detail).where(audit.c.act == "erased", *during)
    for detail in connection.scalars(erased):
        for key in detail.get("newsletters", ()):
            found[key, SubscriptionChange.ERASED, ""] += 1
    applied = sa.select(imports.c.id, imports.c.applied_at).where(
        imports.c.state == "applied", imports.c.applied_at >= since, imports.c.applied_at < until
    )
    for import_id, applied_at in connection.execute(applied).all():
        for key, kind, number in _imported(connection, import_id, applied_at):
            found[key, kind, origin(import_id)] += number
    return found


def undone(connection: sa.Connection) -> list[str]:
    """Return the imports that were undone, by their origin: what they changed does not count."""
    query = sa.select(imports.c.id).where(imports.c.state == "undone")
    return [origin(import_id) for import_id in connection.scalars(query)]


def ages(connection: sa.Connection, now: datetime) -> Counter[tuple[str, AgeGroup]]:
    """Count the subscriptions of addresses that may be emailed; this reads all of them."""
    s = subscriptions.c
    paused = s.paused_until > now
    group = sa.case(
        (sa.and_(paused, s.reason == INACTIVE), AgeGroup.INACTIVE.value),
        (paused, AgeGroup.PAUSED.value),
        *(
            (sa.func.coalesce(s.confirmed_at, s.since) > now - age, each.value)
            for each, age in UP_TO.items()
        ),
        else_=AgeGroup.OLDER.value,
    )
    query = sa.select(s.newsletter, group.label("age")).where(s.state == CONFIRMED)
    # Suppressed ones are counted apart and subtracted: to look up every address takes far longer.
    suppressed = query.select_from(
        suppressions.join(
            subscribers, subscribers.c.address_key == suppressions.c.address_key
        ).join(subscriptions, s.subscriber_id == subscribers.c.id)
    )
    found: Counter[tuple[str, AgeGroup]] = Counter()
    for sign, part in ((1, query.subquery()), (-1, suppressed.subquery())):
        grouped = sa.select(part.c.newsletter, part.c.age, sa.func.count())
        for key, age, number in connection.execute(grouped.group_by(part.c.newsletter, part.c.age)):
            found[key, AgeGroup(age)] += sign * number
    return found


def followed(connection: sa.Connection) -> Counter[tuple[str, str]]:
    """Count the subscribers of each newsletter by the topics they follow; this reads all of them."""
    query = (
        sa.select(subscriptions.c.newsletter, tags.c.slug, sa.func.count())
        .select_from(
            tags.join(subscriber_tags, subscriber_tags.c.tag_id == tags.c.id).join(
                subscriptions, subscriptions.c.subscriber_id == subscriber_tags.c.subscriber_id
            )
        )
        .where(tags.c.kind == TagKind.TOPIC.value, subscriptions.c.state == CONFIRMED)
        .group_by(subscriptions.c.newsletter, tags.c.slug)
    )
    return Counter({(key, slug): number for key, slug, number in connection.execute(query)})


def _was_confirmed(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether an unsubscribe ended a confirmed subscription; an erasure deletes the detail."""
    was = table.c.detail["was"].as_string()
    return sa.and_(table.c.act == "unsubscribed", sa.func.coalesce(was, CONFIRMED) == CONFIRMED)


def _begun() -> sa.Select[str, str]:
    a, earlier = audit.c, audit.alias("earlier")
    before = sa.exists().where(
        earlier.c.subscriber_id == a.subscriber_id,
        earlier.c.newsletter == a.newsletter,
        earlier.c.id < a.id,
        _was_confirmed(earlier),
    )
    attested = sa.exists().where(
        consents.c.subscriber_id == a.subscriber_id,
        consents.c.newsletter == a.newsletter,
        consents.c.act == "attested",
        consents.c.at == a.at,
    )
    returned, confirmed = SubscriptionChange.RETURNED.value, SubscriptionChange.CONFIRMED.value
    kind = sa.case((before, returned), else_=confirmed).label("kind")
    began = sa.or_(a.act == "confirmed", sa.and_(a.act == "added", attested))
    return sa.select(a.newsletter, kind).where(began)


def _unsubscribed() -> sa.Select[str, str]:
    kind = sa.literal(SubscriptionChange.UNSUBSCRIBED.value).label("kind")
    return sa.select(audit.c.newsletter, kind).where(_was_confirmed(audit))


def _paused() -> sa.Select[str, str]:
    until = audit.c.detail["paused_until"].as_string()
    began = sa.and_(audit.c.act == "set", until.is_not(None), until != "None")
    kind = sa.literal(SubscriptionChange.PAUSED.value).label("kind")
    return sa.select(audit.c.newsletter, kind).where(sa.or_(audit.c.act == "paused", began))


def _suppressed() -> sa.Select[str, str]:
    """Select first suppressions; a stronger reason for the same address is not another loss."""
    detail = audit.c.detail
    kind = sa.case(
        {
            SuppressionReason.BOUNCE.value: SubscriptionChange.BOUNCED.value,
            SuppressionReason.COMPLAINT.value: SubscriptionChange.COMPLAINED.value,
        },
        value=detail["reason"].as_string(),
        else_=SubscriptionChange.SUPPRESSED.value,
    ).label("kind")
    first = (audit.c.act == "suppressed", detail["before"].as_string().is_(None))
    return sa.select(subscriptions.c.newsletter, kind).where(*first, *_subscribed_then())


def silent(
    connection: sa.Connection, newsletter: str, since: datetime, readers: sa.Select[tuple[int]]
) -> int:
    """Count the subscriptions confirmed before a time whose subscribers are not among `readers`."""
    s = subscriptions.c
    query = sa.select(sa.func.count()).where(
        s.newsletter == newsletter,
        s.state == CONFIRMED,
        s.confirmed_at <= since,
        s.subscriber_id.not_in(readers),
    )
    return int(connection.scalar(query) or 0)


def _lifted() -> sa.Select[str, str]:
    kind = sa.literal(SubscriptionChange.RETURNED.value).label("kind")
    lifted = audit.c.act == LIFTED
    return sa.select(subscriptions.c.newsletter, kind).where(lifted, *_subscribed_then())


def _subscribed_then() -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for subscriptions that were confirmed at the time of the act."""
    s = subscriptions.c
    return (s.subscriber_id == audit.c.subscriber_id, *_confirmed_at(audit.c.at))


def _confirmed_at(at: datetime | sa.Column[datetime]) -> tuple[sa.ColumnElement[bool], ...]:
    s = subscriptions.c
    return s.confirmed_at <= at, sa.or_(s.state == CONFIRMED, s.since > at)


def _imported(
    connection: sa.Connection, import_id: int, applied_at: datetime
) -> Iterator[tuple[str, SubscriptionChange, int]]:
    """Yield what an import began and ended; one number for all new subscribers of a newsletter."""
    s = subscriptions.c
    new = (
        sa.select(s.newsletter, sa.func.count())
        .join(subscribers, subscribers.c.id == s.subscriber_id)
        .where(subscribers.c.origin == origin(import_id), *_confirmed_at(applied_at))
        .group_by(s.newsletter)
    )
    for key, number in connection.execute(new):
        yield key, SubscriptionChange.IMPORTED, number
    changed = sa.select(import_changes.c.change).where(import_changes.c.import_id == import_id)
    for change in connection.scalars(changed.execution_options(yield_per=AT_ONCE)):
        for key, state in change["subscribed"].items():
            if state == CONFIRMED:
                yield key, SubscriptionChange.IMPORTED, 1
        for key, before in change["unsubscribed"].items():
            if before["state"] == CONFIRMED:
                yield key, SubscriptionChange.ENDED_BY_IMPORT, 1
