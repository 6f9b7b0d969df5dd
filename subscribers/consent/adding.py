"""Add one subscriber as staff: with evidence of consent, or asked to confirm by email."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from subscribers.consent import signing_up
from subscribers.consent.signing_up import Rules, SignUp
from subscribers.errors import AdditionRefused
from subscribers.model import (
    ATTESTED,
    Effects,
    EmailAddress,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
)
from subscribers.phrase import Phrase
from subscribers.store import audit, erasures, people, proofs, statuses
from subscribers.store.audit import AuditEntry
from subscribers.store.proofs import Consent

ERASED = SuppressionReason.ERASED
_UNSUBSCRIBED_BEFORE = (
    "this person has unsubscribed; they are asked to confirm only if you say where and when they"
    " asked again"
)


@dataclass(frozen=True, slots=True)
class Addition:
    """A subscriber to add; `titles` names the newsletters, `attest` says where and when they agreed.

    `actor` is who adds them.
    """

    address: EmailAddress
    titles: Mapping[str, str]
    actor: str
    name: str = ""
    language: str = ""
    attest: str = ""

    @property
    def source(self) -> str:
        """Return what the proof of consent names as its origin."""
        return f"{self.actor}: {self.attest}" if self.attest else self.actor


def add(connection: sa.Connection, addition: Addition, rules: Rules) -> Effects:
    """Add a subscriber; the outcome is `confirmed`, `emailed`, `not emailed` or `already`.

    With evidence of consent they are confirmed; else they are asked by email, within limits. Those
    who unsubscribed before are asked in any case: their status rises only by their own answer.
    Raise AdditionRefused if they are suppressed, erased, or unsubscribed and nothing attests that
    they asked again.
    """
    key = addition.address.key
    kept = erasures.kept(connection, [key], rules.pepper)
    erasures.recognize(connection, [key], rules.pepper)
    person = people.find(connection, key)
    _check_suppressed(connection, key, erased=key in kept and kept[key].reason == ERASED)
    wanted = _missing(person, addition)
    if not wanted:
        return Effects("already")
    # A kept hash of another kind: an address that unsubscribed, or that its owner gave up.
    returning = key in kept or (person is not None and _has_unsubscribed(person))
    if returning and not addition.attest:
        raise AdditionRefused(_UNSUBSCRIBED_BEFORE)
    subscriber_id = _stored(connection, addition, tuple(wanted), rules)
    if returning or not addition.attest:
        return _ask(connection, subscriber_id, addition, wanted, rules)
    for newsletter in wanted:
        statuses.confirm(connection, subscriber_id, newsletter, rules.now)
        origin = {"origin": f"{ATTESTED}{addition.actor}"}
        statuses.adjust(connection, subscriber_id, newsletter, origin)
    given = [Consent(newsletter, "attested", rules.now, addition.source) for newsletter in wanted]
    proofs.record(connection, subscriber_id, given)
    return Effects("confirmed")


def _check_suppressed(connection: sa.Connection, key: str, *, erased: bool) -> None:
    if erased:
        msg = Phrase("this address was erased on request; only its owner can sign up again")
        raise AdditionRefused(msg)
    suppressed = people.suppressed(connection, [key]).get(key)
    if suppressed is not None:
        msg = Phrase(
            "this address is suppressed ({why}); lift that first, with a reason",
            why=suppressed.reason.value,
        )
        raise AdditionRefused(msg)


def _has_unsubscribed(person: Subscriber) -> bool:
    ended = SubscriptionState.UNSUBSCRIBED
    return any(subscription.state is ended for subscription in person.subscriptions)


def _missing(person: Subscriber | None, addition: Addition) -> dict[str, str]:
    """Return the newsletters, with their titles, to which the person is not subscribed."""
    present = person.subscriptions if person is not None else ()
    confirmed = {
        subscription.newsletter
        for subscription in present
        if subscription.state is SubscriptionState.CONFIRMED
    }
    return {key: title for key, title in addition.titles.items() if key not in confirmed}


def _stored(
    connection: sa.Connection, addition: Addition, newsletters: tuple[str, ...], rules: Rules
) -> int:
    """Store the person and pending subscriptions, and record the act; return the ID."""
    subscriber_id = statuses.known_or_new(
        connection,
        addition.address,
        origin=addition.actor,
        language=addition.language,
        now=rules.now,
    )
    statuses.fill_name(connection, subscriber_id, addition.name)
    statuses.add_pending(
        connection, subscriber_id, newsletters, origin=addition.actor, now=rules.now
    )
    detail = {"attested": addition.attest} if addition.attest else {}
    for newsletter in newsletters:
        act = AuditEntry(addition.actor, "added", rules.now, subscriber_id, newsletter, detail)
        audit.record(connection, act)
    return subscriber_id


def _ask(
    connection: sa.Connection,
    subscriber_id: int,
    addition: Addition,
    titles: Mapping[str, str],
    rules: Rules,
) -> Effects:
    source, language = addition.source, addition.language
    asked = SignUp(addition.address, titles, (), language, source, wording="", network="")
    return signing_up.ask(connection, subscriber_id, asked, rules)
