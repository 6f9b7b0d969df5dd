"""Take in emails that came back: bounces, complaints and unsubscribes, each once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from newsletter.esp.returned.mailboxes import Letterbox
from newsletter.esp.returned.reading import Returned, ReturnKind, read
from newsletter.model.actor import Actor, Role
from newsletter.model.delivery import read_delivery
from newsletter.model.event import Event, EventKind, origin
from newsletter.people.effects import apply_effects
from newsletter.store import epoch
from newsletter.store.sending import reports
from newsletter.usecases import events
from newsletter.usecases.context import Context
from newsletter.usecases.events import Drained
from subscribers.consent import unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.tokens import Purpose

PROVIDER = "mail"
"""The name under which bounces are recorded."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an email that came back was, and whether it changed anything.

    `trusted` is false for one that names no delivery provably: it changes nothing.
    """

    kind: ReturnKind
    trusted: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class Emptied:
    """How many emails of a mailbox were of each kind, and how many of them were trusted."""

    kinds: Mapping[ReturnKind, int]
    new: int
    untrusted: int


def empty(context: Context, actor: Actor, letterbox: Letterbox) -> Emptied:
    """Take in every email of a mailbox; each is filed only after its effects are committed."""
    kinds: dict[ReturnKind, int] = {}
    new = untrusted = 0
    for letter in letterbox.letters():
        taken = take(context, actor, letter.raw)
        letter.file()
        kinds[taken.kind] = kinds.get(taken.kind, 0) + 1
        new += taken.new
        untrusted += not taken.trusted and taken.kind in _ABOUT_US
    return Emptied(kinds, new, untrusted)


_ABOUT_US = {ReturnKind.BOUNCE, ReturnKind.COMPLAINT, ReturnKind.UNSUBSCRIBE}


def take(context: Context, actor: Actor, raw: bytes, *, envelope_to: str = "") -> Taken:
    """Take in one email as it came; reading it again changes nothing."""
    actor.require(Role.EDITOR)
    found = read(raw, envelope_to=envelope_to, now=context.now())
    if found.kind is ReturnKind.UNSUBSCRIBE:
        return _unsubscribe(context, found)
    if found.event is None:
        return Taken(found.kind)
    done = events.repeated(partial(_record, context, found, found.event))
    if done is None:
        return Taken(found.kind)
    events.brake_issues(context)
    return Taken(found.kind, trusted=True, new=bool(done.new))


def _record(context: Context, found: Returned, kind: EventKind) -> Drained | None:
    """Record what an email that came back means; None if it proves no delivery."""
    with context.engine.begin() as connection:
        delivery = _proven(context, connection, found)
        if delivery is None:
            return None
        mark = origin(epoch.read(connection), context.publication.url)
        event = Event(
            id=f"mail:{found.id}",
            kind=kind,
            at=found.at,
            origin=mark,
            delivery=delivery,
            reason=found.reason,
        )
        return events.take_in(context, connection, PROVIDER, [event])


def _proven(context: Context, connection: sa.Connection, found: Returned) -> str | None:
    """Return the delivery that an email is about, if it proves that it knows that email.

    Either it was sent to the signed return path, or it returns the email's signed link together
    with its Message-ID, which alone can be guessed.
    """
    for address in found.to:
        if (delivery := context.returns.read(address)) is not None:
            return delivery
    claims = map(context.courier.signer.read, found.tokens)
    people = {claim.subscriber_id for claim in claims if claim is not None}
    for delivery in found.deliveries:
        key = read_delivery(delivery)
        if key is None:
            continue
        recipient = reports.recipients(connection, key[0], [key[1]]).get(key[1])
        if recipient in people:
            return delivery
    return None


def _unsubscribe(context: Context, found: Returned) -> Taken:
    """End the subscription that the token in the subject names."""
    claim = context.courier.signer.read(found.subject_token)
    if claim is None or claim.purpose is not Purpose.ISSUE:
        return Taken(found.kind)
    with context.engine.begin() as connection:
        effects = unsubscribing.unsubscribe(
            connection,
            claim.subscriber_id,
            Unsubscribe(claim.newsletter, "email"),
            pepper=context.journals.pepper,
            now=context.now(),
        )
        apply_effects(connection, effects, context.journals.journal, now=context.now())
    return Taken(found.kind, trusted=True, new=effects.outcome == "unsubscribed")
