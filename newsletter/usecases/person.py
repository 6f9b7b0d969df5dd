"""Look at one subscriber, and do what they ask staff for: pause, unsubscribe, a link, their data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor, Role
from newsletter.store.people import personal, received
from newsletter.store.people.received import IssueOutcome
from newsletter.usecases import people
from newsletter.usecases.context import Context
from subscribers import directory, searching, zones
from subscribers.audience import Question, why
from subscribers.consent import choosing, rights, unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.directory import HistoryLine, Proof, SuppressedAddress
from subscribers.errors import InvalidAddress, Unknown
from subscribers.model import Effects, Subscriber
from subscribers.phrase import Phrase
from subscribers.searching import FoundPeople
from subscribers.segment import Everyone, parse


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page of subscribers; `suppressed` is set if only the suppression of an address is known."""

    found: FoundPeople
    suppressed: SuppressedAddress | None


@dataclass(frozen=True, slots=True)
class Membership:
    """Why a subscriber is in the segment of a newsletter or not; `asked` is a segment to try."""

    newsletter: str
    why: str
    asked: str = ""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """What is known of a subscriber. `stored` holds the latest emails and events, as an export has them."""

    person: Subscriber
    history: Sequence[HistoryLine]
    proofs: Sequence[Proof]
    issues: Sequence[IssueOutcome]
    memberships: Sequence[Membership]
    stored: Mapping[str, Sequence[Mapping[str, object]]]


def search(
    context: Context, actor: Actor, text: str, segment: str = "", after: str = ""
) -> SearchResult:
    """Search by the beginning of an address, a name or a domain, in a segment or everywhere.

    Raises SegmentError if the segment is invalid.
    """
    actor.require(Role.ADMIN)
    text = text.strip()
    rule = parse(segment, dict(context.publication.segments)) if segment.strip() else Everyone()
    with context.reader.begin() as connection:
        found = searching.search(connection, text, rule, after)
        suppressed = None if found.people else _suppressed(connection, context, text)
    return SearchResult(found, suppressed)


def _suppressed(connection: sa.Connection, context: Context, text: str) -> SuppressedAddress | None:
    try:
        if directory.find(connection, text) is not None:
            return None
        return directory.find_suppressed(connection, text, context.journals.pepper)
    except InvalidAddress:
        return None


def address_of(context: Context, actor: Actor, subscriber_id: int) -> str:
    """Return the address of a subscriber; raise Unknown."""
    actor.require(Role.ADMIN)
    with context.reader.begin() as connection:
        return _load(connection, subscriber_id).address


def _load(connection: sa.Connection, subscriber_id: int) -> Subscriber:
    person = directory.load(connection, subscriber_id)
    if person is None:
        msg = Phrase(
            "subscriber {subscriber_id} was not found; their data may have been deleted",
            subscriber_id=subscriber_id,
        )
        raise Unknown(msg)
    return person


def record(context: Context, actor: Actor, subscriber_id: int, segment: str = "") -> PersonRecord:
    """Return what is known of a subscriber, and why they are in a segment or not."""
    actor.require(Role.ADMIN)
    with context.reader.begin() as connection:
        person = _load(connection, subscriber_id)
        keys = [subscription.newsletter for subscription in person.subscriptions]
        return PersonRecord(
            person,
            directory.history(connection, person),
            directory.proofs_of(connection, person),
            received.frozen(connection, keys, person.id),
            _memberships(context, person, segment),
            personal.written_and_done(connection, person.id),
        )


def _memberships(context: Context, person: Subscriber, asked: str) -> list[Membership]:
    saved = dict(context.publication.segments)
    found = []
    for newsletter in context.publication.newsletters:
        for text in dict.fromkeys((newsletter.segment, asked.strip())):
            if text:
                question = Question(newsletter.key, parse(text, saved), context.now())
                chosen = text if text != newsletter.segment else ""
                found.append(Membership(newsletter.title, why(person, question), chosen))
    return found


def pause(
    context: Context, actor: Actor, address: str, *, newsletter: str = "", weeks: int
) -> tuple[str, ...]:
    """Pause a subscription, or all, on request; 0 weeks end a pause. Return what changed."""
    actor.require(Role.ADMIN)
    with context.engine.begin() as connection:
        person = directory.require(connection, address)
        changed = choosing.pause(
            connection, person, newsletter, weeks, actor=str(actor), now=context.now()
        )
        if changed:
            detail = {"newsletters": list(changed), "weeks": weeks}
            people.record(connection, context, actor, ActKind.SUBSCRIBER_PAUSED, person, detail)
    return changed


def set_timezone(context: Context, actor: Actor, address: str, timezone: str) -> str:
    """Set a subscriber's time zone, on request; "" is the newsletter's. Return its name.

    Raises NotAllowed if there is no such zone.
    """
    actor.require(Role.ADMIN)
    chosen = zones.parse(timezone) if timezone.strip() else ""
    if chosen is None:
        msg = Phrase(
            "“{given}” is not a time zone; expected a name such as Asia/Seoul",
            given=timezone.strip()[:40],
        )
        raise NotAllowed(msg)
    with context.engine.begin() as connection:
        person = directory.require(connection, address)
        if choosing.set_timezone(connection, person, chosen, actor=str(actor), now=context.now()):
            kind, detail = ActKind.SUBSCRIBER_ZONE_SET, {"timezone": chosen}
            people.record(connection, context, actor, kind, person, detail)
    return chosen


def unsubscribe(
    context: Context, actor: Actor, address: str, *, newsletter: str = "", reason: str = ""
) -> str:
    """Unsubscribe a person from a newsletter, or from all, on request.

    They get the same goodbye email as from the page. The outcome is `unsubscribed` or `already`.
    """
    actor.require(Role.ADMIN)
    titles = {known.key: known.title for known in context.publication.newsletters}
    wanted = Unsubscribe(newsletter or None, "staff", reason, titles, str(actor))
    pepper = context.journals.pepper

    def act(connection: sa.Connection) -> Effects:
        person = directory.require(connection, address)
        effects = unsubscribing.unsubscribe(
            connection, person.id, wanted, pepper=pepper, now=context.now()
        )
        if effects.outcome == "unsubscribed":
            kind, detail = ActKind.SUBSCRIBER_UNSUBSCRIBED, {"newsletter": newsletter}
            people.record(connection, context, actor, kind, person, detail)
        return effects

    return people.carry_out(context, act).outcome


def email_link(context: Context, actor: Actor, address: str) -> str:
    """Email a person the link with which they manage their data; at most five a day.

    The outcome is `emailed` or `not emailed`: suppressed, or asked too often.
    """
    actor.require(Role.ADMIN)

    def act(connection: sa.Connection) -> Effects:
        person = directory.require(connection, address)
        effects = rights.email_link(connection, person, context.now())
        detail = {"outcome": effects.outcome}
        people.record(connection, context, actor, ActKind.MANAGE_LINK_EMAILED, person, detail)
        return effects

    return people.carry_out(context, act).outcome


def data(context: Context, actor: Actor, address: str) -> dict[str, Any]:
    """Return everything stored about a person, as they would get it themselves."""
    actor.require(Role.ADMIN)
    with context.engine.begin() as connection:
        person = directory.require(connection, address)
        copy = rights.copy_of(connection, person, actor=str(actor), now=context.now())
        people.record(connection, context, actor, ActKind.DATA_EXPORTED, person)
        return copy | personal.of(connection, person.id)
