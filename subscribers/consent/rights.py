"""The rights of subscribers: a copy of their data, a change of address, erasure.

Each act needs a link that was emailed to the address on file within the hour and works once. The
links in issues are not enough, because issues get forwarded.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscribers import directory, erasure
from subscribers.consent.signing_up import Rules
from subscribers.model import (
    READER,
    Effects,
    EmailAddress,
    JournalEntry,
    NoticeIntent,
    NoticeKind,
    Subscriber,
    SuppressionReason,
)
from subscribers.store import audit, erasures, links, people, proofs, requests, statuses
from subscribers.store.audit import AuditEntry
from subscribers.store.links import SingleUseLink
from subscribers.tokens import LinkClaim, Purpose

LASTS = timedelta(hours=1)
PER_DAY = 5
"""Maximum number of such links emailed to one subscriber per day."""


def email_link(connection: sa.Connection, person: Subscriber, now: datetime) -> Effects:
    """Email a single-use link to the address on file."""
    if (
        person.suppressed is not None
        or links.issued_within_a_day(connection, person.id, now) >= PER_DAY
    ):
        return Effects("not emailed")
    link = links.issue(connection, person.id, Purpose.MANAGE, lasts=LASTS, now=now)
    return Effects("emailed", notices=(_notice(NoticeKind.MANAGE, link, person),))


def open_link(connection: sa.Connection, claim: LinkClaim, now: datetime) -> SingleUseLink | None:
    """Return the link of a claim if it still works, without using it."""
    return links.open_link(connection, claim.serial, claim.subscriber_id, claim.purpose, now)


def export_all(connection: sa.Connection, claim: LinkClaim, now: datetime) -> dict[str, Any] | None:
    """Use the link to return everything stored here about a subscriber; None if it does not work.

    The caller adds what newsletter stores: the issues that they were sent.
    """
    person = _use(connection, claim, Purpose.MANAGE, now)
    return copy_of(connection, person, actor=READER, now=now) if person is not None else None


def copy_of(
    connection: sa.Connection, person: Subscriber, *, actor: str, now: datetime
) -> dict[str, Any]:
    """Return everything stored here about a subscriber, and record who took the copy."""
    consents = proofs.consents_of(connection, [person.id]).get(person.id, [])
    entries = audit.entries_of(connection, person.id)
    audit.record(connection, AuditEntry(actor, "exported", now, person.id))
    history = [
        {
            "at": entry.at.isoformat(),
            "by": entry.actor,
            "act": entry.act,
            "newsletter": entry.newsletter,
            "detail": dict(entry.detail or {}),
        }
        for entry in entries
    ]
    return directory.record_of(person, consents) | {
        "history": history,
        "requests": requests.all_of(connection, person.id),
        "links": links.all_of(connection, person.id),
    }


def erase(connection: sa.Connection, claim: LinkClaim, *, pepper: bytes, now: datetime) -> Effects:
    """Use the link to erase a subscriber; the outcome is `erased` or `gone`."""
    person = _use(connection, claim, Purpose.MANAGE, now)
    if person is None:
        return Effects("gone")
    return erasure.erase(connection, person, pepper=pepper, actor=READER, now=now)


def change_address(
    connection: sa.Connection, claim: LinkClaim, address: EmailAddress, rules: Rules
) -> Effects:
    """Use the link to request another address; it must be confirmed by an email to that address.

    The answer must not show whether the address is known. It may belong to someone else: it gets no
    more emails than a sign-up would cause, and none if it was erased.
    """
    now = rules.now
    person = _use(connection, claim, Purpose.MANAGE, now)
    if person is None:
        return Effects("gone")
    if not _may_ask(connection, address.key, rules):
        return Effects("not emailed")
    erasures.add_unanswered(connection, address.key, rules.pepper, 1, now)
    link = links.issue(
        connection,
        person.id,
        Purpose.ADDRESS,
        lasts=LASTS,
        now=now,
        address=address.text,
        key=address.key,
    )
    return Effects(
        "emailed", notices=(_notice(NoticeKind.ADDRESS_CHANGE, link, person, address.text),)
    )


def _may_ask(connection: sa.Connection, key: str, rules: Rules) -> bool:
    kept = erasures.kept(connection, [key], rules.pepper).get(key)
    if kept is not None and kept.reason == SuppressionReason.ERASED:
        return False
    erasures.recognize(connection, [key], rules.pepper)
    if people.suppressed(connection, [key]) or people.find(connection, key) is not None:
        return False
    before = erasures.unanswered(connection, key, rules.pepper)
    return not rules.limits.exhausted(before.within_a_day(rules.now), before.count)


def take_address(
    connection: sa.Connection, claim: LinkClaim, *, pepper: bytes, now: datetime
) -> Effects:
    """Use the link sent to the new address; the outcome is `changed`, `taken` or `gone`.

    The hash of the old address stays, so that no import adds its owner again under it.
    """
    link = links.use(connection, claim.serial, claim.subscriber_id, Purpose.ADDRESS, now)
    person = people.load(connection, claim.subscriber_id) if link is not None else None
    if link is None or person is None:
        return Effects("gone")
    key = str(link.detail["key"])
    erasures.recognize(connection, [key], pepper)
    if people.find(connection, key) is not None or people.suppressed(connection, [key]):
        return Effects("taken")
    try:  # a sign-up with the new address may have been committed since the check above
        with connection.begin_nested():
            statuses.acted(
                connection, person.id, now, address=str(link.detail["address"]), address_key=key
            )
    except sa.exc.IntegrityError:
        return Effects("taken")
    new, old = (erasures.hashed(address, pepper) for address in (key, person.address_key))
    erasures.forget(connection, new)
    erasures.forget_unanswered(connection, key, pepper)
    erasures.remember(connection, old, now, erasures.MOVED)
    audit.record(connection, AuditEntry(READER, "changed the address", now, person.id))
    return Effects("changed", entries=(JournalEntry("moved", now, person.id, new, reason=old),))


def _use(
    connection: sa.Connection, claim: LinkClaim, purpose: Purpose, now: datetime
) -> Subscriber | None:
    link = links.use(connection, claim.serial, claim.subscriber_id, purpose, now)
    return people.load(connection, claim.subscriber_id) if link is not None else None


def _notice(
    kind: NoticeKind, link: SingleUseLink, person: Subscriber, address: str = ""
) -> NoticeIntent:
    values = {"serial": str(link.serial), "until": link.expires_at.isoformat(), "newsletter": ""}
    return NoticeIntent(kind, f"{kind}:{link.serial}", person.id, person.language, values, address)
