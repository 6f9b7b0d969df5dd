"""What is theirs by right: everything that we hold, another address, erasure.

Each act takes a link that was mailed to the address on file within the hour and works once,
because the links in issues travel with whoever forwards them.
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
    Subscriber,
    SuppressionReason,
)
from subscribers.store import audit, erasures, links, people, proofs, requests, statuses
from subscribers.store.audit import AuditEntry
from subscribers.store.links import SingleUseLink
from subscribers.tokens import LinkClaim, Purpose

LASTS = timedelta(hours=1)
A_DAY = 5
"""How many such links one person is mailed a day."""


def mail_link(connection: sa.Connection, person: Subscriber, now: datetime) -> Effects:
    """NoticeIntent a single-use link to the address on file."""
    if person.suppressed is not None or links.issued_lately(connection, person.id, now) >= A_DAY:
        return Effects("not mailed")
    link = links.issue(connection, person.id, Purpose.MANAGE.value, lasts=LASTS, now=now)
    return Effects("mailed", notices=(_mail("manage", link, person),))


def works(connection: sa.Connection, claim: LinkClaim, now: datetime) -> SingleUseLink | None:
    """Return the link of a claim while it works, without using it."""
    return links.open_link(connection, claim.serial, claim.subscriber_id, claim.purpose.value, now)


def everything(connection: sa.Connection, claim: LinkClaim, now: datetime) -> dict[str, Any] | None:
    """Use the link to get all that is held here about a person; None if it does not work.

    What they were sent is not: it lies with whoever sent it.
    """
    person = _use(connection, claim, Purpose.MANAGE, now)
    if person is None:
        return None
    agreed = proofs.of(connection, [person.id]).get(person.id, [])
    acts = audit.of(connection, person.id)
    audit.record(connection, AuditEntry(READER, "got everything we hold", now, person.id))
    history = [
        {
            "at": one.at.isoformat(),
            "by": one.actor,
            "act": one.act,
            "newsletter": one.newsletter,
            "detail": dict(one.detail or {}),
        }
        for one in acts
    ]
    return directory.record_of(person, agreed) | {
        "history": history,
        "requests": requests.all_of(connection, person.id),
        "links": links.all_of(connection, person.id),
    }


def erase(connection: sa.Connection, claim: LinkClaim, *, pepper: bytes, now: datetime) -> Effects:
    """Use the link to erase a person; the outcome is erased or gone."""
    person = _use(connection, claim, Purpose.MANAGE, now)
    if person is None:
        return Effects("gone")
    return erasure.erase(connection, person, pepper=pepper, actor=READER, now=now)


def change_address(
    connection: sa.Connection, claim: LinkClaim, address: EmailAddress, rules: Rules
) -> Effects:
    """Use the link to ask for another address; a mail goes there, and nothing changes before.

    Whether that address is known to us already must not show. It may be a stranger's: it gets no
    more mail than a sign-up would bring it, and none if it was erased.
    """
    now = rules.now
    person = _use(connection, claim, Purpose.MANAGE, now)
    if person is None:
        return Effects("gone")
    if not _may_ask(connection, address.key, rules):
        return Effects("not mailed")
    erasures.add_asked(connection, address.key, rules.pepper, 1, now)
    link = links.issue(
        connection,
        person.id,
        Purpose.ADDRESS.value,
        lasts=LASTS,
        now=now,
        address=address.text,
        key=address.key,
    )
    return Effects("mailed", notices=(_mail("address-change", link, person, address.text),))


def _may_ask(connection: sa.Connection, key: str, rules: Rules) -> bool:
    kept = erasures.kept(connection, [key], rules.pepper).get(key)
    if kept is not None and kept.reason == SuppressionReason.ERASED:
        return False
    erasures.recognize(connection, [key], rules.pepper)
    if people.suppressed(connection, [key]) or people.find(connection, key) is not None:
        return False
    before = erasures.asked(connection, key, rules.pepper)
    return not rules.limits.tired(before.lately(rules.now), before.times)


def take_address(
    connection: sa.Connection, claim: LinkClaim, *, pepper: bytes, now: datetime
) -> Effects:
    """Use the link that came to the new address; the outcome is changed, taken or gone.

    The hash of the old one stays: no list may bring its owner back under it.
    """
    link = links.use(connection, claim.serial, claim.subscriber_id, Purpose.ADDRESS.value, now)
    person = people.load(connection, claim.subscriber_id) if link is not None else None
    if link is None or person is None:
        return Effects("gone")
    key = str(link.detail["key"])
    erasures.recognize(connection, [key], pepper)
    if people.find(connection, key) is not None or people.suppressed(connection, [key]):
        return Effects("taken")
    try:
        with connection.begin_nested():
            statuses.acted(
                connection, person.id, now, address=str(link.detail["address"]), address_key=key
            )
    except sa.exc.IntegrityError:
        return Effects("taken")
    new, old = (erasures.hashed(one, pepper) for one in (key, person.address_key))
    erasures.forget(connection, new)
    erasures.forget_asked(connection, key, pepper)
    erasures.remember(connection, old, now, erasures.MOVED)
    audit.record(connection, AuditEntry(READER, "changed the address", now, person.id))
    return Effects("changed", entries=(JournalEntry("moved", now, person.id, new, reason=old),))


def _use(
    connection: sa.Connection, claim: LinkClaim, purpose: Purpose, now: datetime
) -> Subscriber | None:
    link = links.use(connection, claim.serial, claim.subscriber_id, purpose.value, now)
    return people.load(connection, claim.subscriber_id) if link is not None else None


def _mail(kind: str, link: SingleUseLink, person: Subscriber, address: str = "") -> NoticeIntent:
    values = {"serial": str(link.serial), "until": link.expires_at.isoformat(), "newsletter": ""}
    return NoticeIntent(kind, f"{kind}:{link.serial}", person.id, person.language, values, address)
