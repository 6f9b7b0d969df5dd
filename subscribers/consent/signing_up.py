"""Signing up, and the confirmation without which a sign-up is nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.model import (
    READER,
    WAY_BACK,
    Effects,
    EmailAddress,
    JournalEntry,
    NoticeIntent,
    SignUpRequest,
    Subscriber,
    SubscriptionState,
    Tag,
)
from subscribers.store import audit, erasures, people, proofs, requests, statuses, tags
from subscribers.store.audit import AuditEntry
from subscribers.store.proofs import Consent
from subscribers.store.requests import NewRequest
from subscribers.tokens import LinkClaim

CONFIRM_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SignUpLimits:
    """How many sign-ups lead to mail: an hour from one network, a day and ever to one address."""

    network: int = 20
    day: int = 1
    ever: int = 3
    everybody: int = 1_000

    def tired(self, today: int, ever: int) -> bool:
        """Tell whether an address has been asked often enough, and not answered."""
        return today >= self.day or ever >= self.ever


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up as the form gave it; `titles` names each newsletter for the mail."""

    address: EmailAddress
    titles: Mapping[str, str]
    topics: tuple[str, ...]
    language: str
    source: str
    wording: str
    network: str

    @property
    def asked(self) -> NewRequest:
        """Return what is kept of it."""
        return NewRequest(
            tuple(self.titles), self.topics, self.language, self.source, self.wording, self.network
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a sign-up is measured by: limits, the pepper of erased addresses, the time."""

    limits: SignUpLimits
    pepper: bytes
    now: datetime


def sign_up(connection: sa.Connection, asked: SignUp, rules: Rules) -> Effects:
    """Note a sign-up and ask for confirmation, within limits.

    Whoever submitted the form must get the same answer whatever the outcome's word says. Nothing
    about somebody who is known already changes before they confirm.
    """
    if _too_many(connection, asked.network, rules):
        return Effects("limited")
    erasures.recognize(connection, [asked.address.key], rules.pepper)
    person_id = statuses.known_or_new(
        connection, asked.address, origin="sign-up", language=asked.language, now=rules.now
    )
    statuses.add_pending(
        connection, person_id, tuple(asked.titles), origin=asked.source, now=rules.now
    )
    return ask(connection, person_id, asked, rules)


def ask(connection: sa.Connection, subscriber_id: int, asked: SignUp, rules: Rules) -> Effects:
    """Ask somebody by mail to confirm a request, unless they are suppressed or asked enough."""
    now = rules.now
    today, ever = requests.mailed_to(connection, subscriber_id, now)
    before = erasures.asked(connection, asked.address.key, rules.pepper)
    tired = rules.limits.tired(today + before.lately(now), ever + before.times)
    blocked = asked.address.key in people.suppressed(connection, [asked.address.key])
    enough = tired or blocked
    request_id = requests.add(connection, subscriber_id, asked.asked, mailed=not enough, now=now)
    if enough:
        return Effects("not mailed")
    return Effects("mailed", notices=(_mail("confirm", subscriber_id, request_id, asked, now),))


def way_back(
    connection: sa.Connection, person: Subscriber, titles: Mapping[str, str], now: datetime
) -> NoticeIntent:
    """Return the mail that leads back to newsletters that somebody has just left."""
    asked = SignUp(
        EmailAddress(person.address, person.address_key),
        titles,
        (),
        person.language,
        WAY_BACK,
        "",
        "",
    )
    request_id = requests.add(connection, person.id, asked.asked, mailed=True, now=now)
    return _mail("goodbye", person.id, request_id, asked, now)


def requested(connection: sa.Connection, claim: LinkClaim) -> SignUpRequest | None:
    """Return what a confirmation link is about, for its page to show; None if it is gone."""
    return requests.load(connection, claim.serial, claim.subscriber_id)


def confirm(
    connection: sa.Connection,
    claim: LinkClaim,
    offered: Mapping[str, Tag],
    *,
    network: str,
    rules: Rules,
) -> Effects:
    """Confirm a request: its newsletters and topics, with the proof of consent.

    The outcome is confirmed, already, expired, suppressed or gone; repeating changes nothing.
    """
    request = requested(connection, claim)
    person = people.load(connection, claim.subscriber_id)
    if request is None or person is None:
        return Effects("gone")
    if refused := _refused(request, person, claim, rules.now):
        return Effects(refused)
    if not requests.confirm(connection, request.id, rules.now):
        return Effects("already")
    _join(connection, person, request, network, rules)
    chosen = [offered[slug] for slug in request.topics if slug in offered]
    tags.give(connection, person.id, chosen)
    language = {} if person.language else {"language": request.language}
    statuses.acted(connection, person.id, rules.now, **language)
    entries = _returned(connection, person, rules)
    return Effects("confirmed", notices=(_welcome(person, request),), entries=entries)


def _returned(
    connection: sa.Connection, person: Subscriber, rules: Rules
) -> tuple[JournalEntry, ...]:
    """Let an address in again that was erased or given up: its owner has just said so."""
    erasures.forget_asked(connection, person.address_key, rules.pepper)
    hash_ = erasures.hashed(person.address_key, rules.pepper)
    if not erasures.forget(connection, hash_):
        return ()
    return (JournalEntry("returned", rules.now, person.id, hash_),)


def _refused(request: SignUpRequest, person: Subscriber, claim: LinkClaim, now: datetime) -> str:
    if request.confirmed_at is not None:
        return "already"
    if claim.expired(now):
        return "expired"
    return "suppressed" if person.suppressed is not None else ""


def _join(
    connection: sa.Connection,
    person: Subscriber,
    request: SignUpRequest,
    network: str,
    rules: Rules,
) -> None:
    now = rules.now
    statuses.add_pending(connection, person.id, request.newsletters, origin=request.source, now=now)
    for newsletter in request.newsletters:
        if not statuses.confirm(connection, person.id, newsletter, now):
            continue
        asked = Consent(
            newsletter, "requested", request.at, request.source, request.wording, request.network
        )
        agreed = Consent(newsletter, "confirmed", now, request.source, request.wording, network)
        proofs.record(connection, person.id, (asked, agreed))
        topics = {"topics": list(request.topics)} if request.topics else {}
        act = AuditEntry(READER, "confirmed", now, person.id, newsletter, topics)
        audit.record(connection, act)


def _welcome(person: Subscriber, request: SignUpRequest) -> NoticeIntent:
    newsletter = request.newsletters[0] if request.newsletters else ""
    return NoticeIntent(
        "welcome",
        f"welcome:{request.id}",
        person.id,
        request.language or person.language,
        {"newsletter": newsletter},
    )


def _mail(
    kind: str, subscriber_id: int, request_id: int, asked: SignUp, now: datetime
) -> NoticeIntent:
    values = {
        "title": ", ".join(asked.titles.values()),
        "serial": str(request_id),
        "until": (now + CONFIRM_WITHIN).isoformat(),
        "newsletter": "",
    }
    return NoticeIntent(kind, f"{kind}:{request_id}", subscriber_id, asked.language, values)


def _too_many(connection: sa.Connection, network: str, rules: Rules) -> bool:
    limits, now = rules.limits, rules.now
    return (
        requests.from_network(connection, network, now) >= limits.network
        or requests.mailed_lately(connection, now) >= limits.everybody
    )


def still_left(person: Subscriber, titles: Mapping[str, str]) -> dict[str, str]:
    """Return those of `titles` (key to title) that the person has left."""
    gone = {
        one.newsletter
        for one in person.subscriptions
        if one.state is SubscriptionState.UNSUBSCRIBED
    }
    return {key: title for key, title in titles.items() if key in gone}
