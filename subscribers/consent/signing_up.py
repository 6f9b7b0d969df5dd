"""Sign up, and confirm a sign-up by email; until then, nothing is subscribed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.consent.limits import SignUpLimits, Traffic, is_wave, prefix_around
from subscribers.model import (
    READER,
    WAY_BACK,
    Effects,
    EmailAddress,
    JournalEntry,
    NoticeIntent,
    NoticeKind,
    SignUpRequest,
    Subscriber,
    Tag,
)
from subscribers.store import audit, erasures, people, proofs, requests, statuses, tags
from subscribers.store.audit import AuditEntry
from subscribers.store.proofs import Consent
from subscribers.store.requests import NewRequest
from subscribers.tokens import LinkClaim

CONFIRM_WITHIN = timedelta(days=14)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up as the form submitted it; `titles` names each newsletter in the notice.

    `name` and `answers` count once the person confirms, and are never in the notice: a stranger may
    have typed them.
    """

    address: EmailAddress
    titles: Mapping[str, str]
    topics: tuple[str, ...]
    language: str
    source: str
    wording: str
    network: str
    name: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_request(self) -> NewRequest:
        """Return the request to store."""
        return NewRequest(
            tuple(self.titles),
            self.topics,
            self.language,
            self.source,
            self.wording,
            self.network,
            self.name,
            self.answers,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a sign-up is checked against: limits, the pepper of erased addresses, the time."""

    limits: SignUpLimits
    pepper: bytes
    now: datetime


def sign_up(connection: sa.Connection, asked: SignUp, rules: Rules) -> Effects:
    """Store a sign-up and request confirmation, within limits; during a wave the email waits.

    The form must show the same answer for every outcome, so that it does not reveal who is
    subscribed. Nothing about an existing subscriber changes before they confirm.
    """
    emailed = requests.emailed_within(connection, _HOUR, rules.now)
    recent = requests.by_network(connection, rules.now, prefix_around(asked.network))
    if not rules.limits.admits(asked.network, recent, emailed + requests.waiting(connection)):
        return Effects("limited")
    erasures.recognize(connection, [asked.address.key], rules.pepper)
    subscriber_id = statuses.known_or_new(
        connection, asked.address, origin="sign-up", language=asked.language, now=rules.now
    )
    statuses.add_pending(
        connection, subscriber_id, tuple(asked.titles), origin=asked.source, now=rules.now
    )
    if emailed >= rules.limits.all_addresses or is_wave(traffic(connection, rules.now)):
        requests.add(
            connection, subscriber_id, asked.as_request, emailed=False, waits=True, now=rules.now
        )
        return Effects("waits")
    return ask(connection, subscriber_id, asked, rules)


def ask(connection: sa.Connection, subscriber_id: int, asked: SignUp, rules: Rules) -> Effects:
    """Ask a subscriber by email to confirm a request; the outcome is `emailed` or `not emailed`.

    No email goes to a suppressed address or to one that has not answered often enough. The request
    is stored in any case.
    """
    emailed = _may_email(connection, subscriber_id, asked.address.key, rules)
    request_id = requests.add(
        connection, subscriber_id, asked.as_request, emailed=emailed, now=rules.now
    )
    if not emailed:
        return Effects("not emailed")
    notice = _notice(NoticeKind.CONFIRM, subscriber_id, request_id, asked, rules.now)
    return Effects("emailed", notices=(notice,))


def release(
    connection: sa.Connection, request_id: int, titles: Mapping[str, str], rules: Rules
) -> tuple[NoticeIntent, ...]:
    """Ask for the confirmation of a request that waited, unless the person must not be emailed."""
    request = requests.load(connection, request_id)
    person = people.load(connection, request.subscriber_id) if request else None
    if request is None or person is None:
        return ()
    emailed = _may_email(connection, person.id, person.address_key, rules)
    if not requests.release(connection, request.id, emailed=emailed, now=rules.now) or not emailed:
        return ()
    asked = SignUp(
        EmailAddress(person.address, person.address_key),
        {key: titles.get(key, key) for key in request.newsletters},
        request.topics,
        request.language,
        request.source,
        request.wording,
        request.network,
    )
    return (_notice(NoticeKind.CONFIRM, person.id, request.id, asked, rules.now),)


def _may_email(connection: sa.Connection, subscriber_id: int, key: str, rules: Rules) -> bool:
    """Return whether an address is not suppressed, and has not been asked too often."""
    ever = requests.emailed_to(connection, subscriber_id)
    today = requests.emailed_to_inbox(connection, key, rules.now)
    before = erasures.unanswered(connection, key, rules.pepper)
    exhausted = rules.limits.exhausted(today + before.within_a_day(rules.now), ever + before.count)
    return not exhausted and key not in people.suppressed(connection, [key])


def goodbye(
    connection: sa.Connection, person: Subscriber, titles: Mapping[str, str], now: datetime
) -> NoticeIntent:
    """Return the notice that confirms an unsubscribe; its link reverses it."""
    asked = SignUp(
        EmailAddress(person.address, person.address_key),
        titles,
        (),
        person.language,
        WAY_BACK,
        "",
        "",
    )
    request_id = requests.add(connection, person.id, asked.as_request, emailed=True, now=now)
    return _notice(NoticeKind.GOODBYE, person.id, request_id, asked, now)


def requested(connection: sa.Connection, claim: LinkClaim) -> SignUpRequest | None:
    """Return the request of a confirmation link, for its page to show; None if it was deleted."""
    return requests.load(connection, claim.serial, claim.subscriber_id)


def confirm(
    connection: sa.Connection,
    claim: LinkClaim,
    offered: Mapping[str, Tag],
    *,
    network: str,
    rules: Rules,
) -> Effects:
    """Confirm a request: subscribe to its newsletters and topics, with the proof of consent.

    A pause ends: they ask for the newsletter now. Its name and answers fill in what the person has not given before.
    The outcome is `confirmed`, `already`, `expired`, `suppressed` or `gone`; repeating it has no
    effect.
    """
    request = requested(connection, claim)
    person = people.load(connection, claim.subscriber_id)
    if request is None or person is None:
        return Effects("gone")
    if refused := _refused(request, person, claim, rules.now):
        return Effects(refused)
    if not requests.confirm(connection, request.id, rules.now):
        return Effects("already")
    _subscribe(connection, person, request, network, rules)
    chosen = [offered[slug] for slug in request.topics if slug in offered]
    tags.give(connection, person.id, chosen)
    name, answers = person.name or request.name, {**request.answers, **person.answers}
    statuses.answer(connection, person, name=name, answers=answers)
    language = {} if person.language else {"language": request.language}
    statuses.acted(connection, person.id, rules.now, **language)
    entries = _forget_hash(connection, person, rules)
    return Effects("confirmed", notices=(_welcome(person, request),), entries=entries)


def _forget_hash(
    connection: sa.Connection, person: Subscriber, rules: Rules
) -> tuple[JournalEntry, ...]:
    """Let an address back in that was erased or given up: its owner has just confirmed it."""
    erasures.forget_unanswered(connection, person.address_key, rules.pepper)
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


def _subscribe(
    connection: sa.Connection,
    person: Subscriber,
    request: SignUpRequest,
    network: str,
    rules: Rules,
) -> None:
    now = rules.now
    statuses.add_pending(connection, person.id, request.newsletters, origin=request.source, now=now)
    for newsletter in request.newsletters:
        if statuses.confirm(connection, person.id, newsletter, now):
            act = "confirmed"
        elif statuses.resume(connection, person.id, newsletter):
            act = "kept"  # "confirmed" would count as a new subscription
        else:
            continue
        asked = Consent(
            newsletter, "requested", request.at, request.source, request.wording, request.network
        )
        agreed = Consent(newsletter, "confirmed", now, request.source, request.wording, network)
        proofs.record(connection, person.id, (asked, agreed))
        topics = {"topics": list(request.topics)} if request.topics else {}
        audit.record(connection, AuditEntry(READER, act, now, person.id, newsletter, topics))


def _welcome(person: Subscriber, request: SignUpRequest) -> NoticeIntent:
    only = request.newsletters[0] if len(request.newsletters) == 1 else ""
    return NoticeIntent(
        NoticeKind.WELCOME,
        f"welcome:{request.id}",
        person.id,
        request.language or person.language,
        {"newsletter": only, "newsletters": " ".join(request.newsletters)},
    )


def _notice(
    kind: NoticeKind, subscriber_id: int, request_id: int, asked: SignUp, now: datetime
) -> NoticeIntent:
    values = {
        "title": ", ".join(asked.titles.values()),
        "serial": str(request_id),
        "until": (now + CONFIRM_WITHIN).isoformat(),
        "newsletter": "",
        "newsletters": " ".join(asked.titles),
    }
    return NoticeIntent(kind, f"{kind}:{request_id}", subscriber_id, asked.language, values)


def traffic(connection: sa.Connection, now: datetime) -> Traffic:
    """Return how many sign-ups of the last hour, and of a usual one, were confirmed."""
    return Traffic(*requests.traffic(connection, now))
