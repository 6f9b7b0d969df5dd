"""Act on subscribers: add, tag, suppress, erase, import; each act with its effects, in one transaction.

The rules are in the package `subscribers`. An act returns its effects (notices to queue, rows to
erase, journal entries), and this module carries them out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.maintenance.erasing import erase_elsewhere
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.next_step import NextStep, UndoImport
from newsletter.model.vocabulary import topics_by_name
from newsletter.people.effects import apply_effects
from newsletter.store import acts
from newsletter.usecases.context import Context
from subscribers import directory, erasure, suppression
from subscribers.consent import adding
from subscribers.consent.adding import Addition
from subscribers.consent.limits import SignUpLimits
from subscribers.consent.signing_up import Rules
from subscribers.model import (
    Effects,
    EmailAddress,
    Subscriber,
    Suppression,
    SuppressionReason,
    Tag,
    TagKind,
    slug,
)
from subscribers.phrase import Phrase
from subscribers.roster import run, undoing
from subscribers.roster.cells import clean
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.names import full_name
from subscribers.roster.reading import ListFile
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob, OnProgress
from subscribers.roster.undoing import Beside, Undone


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """The tags of a subscriber after a change."""

    address: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """A subscriber to add; `attest` says where and when they agreed.

    `newsletters` are keys; `tags` are names of topics or labels.
    """

    address: str
    newsletters: tuple[str, ...]
    name: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    attest: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """A subscriber was added.

    `outcome` is `confirmed`, `emailed` (asked to confirm), `not emailed` (asked often enough
    before), or `already`.
    """

    address: str
    outcome: str
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """A subscriber was erased; `copies` counts the emails to them that were deleted."""

    copies: int


@dataclass(frozen=True, slots=True)
class Imported:
    """A list was applied."""

    changes: ChangeSet
    next_step: NextStep


def carry_out(context: Context, act: Callable[[sa.Connection], Effects]) -> Effects:
    """Do an act and its effects in one transaction, then delete copies outside the database."""
    with context.engine.begin() as connection:
        effects = act(connection)
        journal = context.journals.journal
        apply_effects(connection, effects, journal, now=context.now())
    erase_elsewhere(context.engine, context.journals.outbox, effects.erased)
    return effects


def add(context: Context, actor: Actor, new: NewSubscriber) -> Added:
    """Add one subscriber: confirmed with evidence of consent, or asked by email to confirm.

    No status rises without evidence, and that of a subscriber who unsubscribed rises only by their
    own answer. Subscribers who chose topics themselves keep their choice.
    """
    actor.require(Role.ADMIN if new.attest else Role.EDITOR)
    titles = _titles(context, new.newsletters)
    addition = Addition(
        EmailAddress.parse(new.address),
        titles,
        str(actor),
        full_name({"name": new.name}),
        new.language or context.publication.language,
        clean(new.attest),
    )
    rules = Rules(SignUpLimits(), context.journals.pepper, context.now())

    def act(connection: sa.Connection) -> Effects:
        effects = adding.add(connection, addition, rules)
        _mark(connection, context, actor, new)
        person = directory.find(connection, new.address)
        record(connection, context, actor, ActKind.SUBSCRIBER_ADDED, person)
        return effects

    effects = carry_out(context, act)
    return Added(addition.address.text, effects.outcome, tuple(titles.values()))


def record(
    connection: sa.Connection,
    context: Context,
    actor: Actor,
    kind: ActKind,
    person: Subscriber | None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Record an act on a subscriber for the audit, by number: it outlives an erasure."""
    about = {"subscriber": person.id} if person is not None else {}
    noted = {**about, **(detail or {})}
    acts.record(connection, Act(context.now(), actor, kind, None, detail=noted))


def _titles(context: Context, keys: Sequence[str]) -> dict[str, str]:
    found = {key: context.publication.newsletter(key) for key in keys}
    if unknown := [key for key, newsletter in found.items() if newsletter is None]:
        msg = Phrase("there is no newsletter “{unknown}”", unknown=unknown[0])
        raise NotFound(msg)
    return {key: newsletter.title for key, newsletter in found.items() if newsletter is not None}


def _mark(connection: sa.Connection, context: Context, actor: Actor, new: NewSubscriber) -> None:
    person = directory.require(connection, new.address)
    known = topics_by_name(context.publication)
    wanted = directory.tags_named(connection, map(clean, new.tags), known)
    chose = person.acted_at is not None
    added = [tag for tag in wanted if not (chose and tag.kind is TagKind.TOPIC)]
    now = context.now()
    directory.mark(connection, person, add=added, remove=(), actor=str(actor), now=now)


def tag(
    context: Context, actor: Actor, address: str, *, add: Sequence[str], remove: Sequence[str]
) -> TagsChanged:
    """Add and remove tags of a subscriber; the name of a configured topic adds that topic."""
    actor.require(Role.EDITOR)
    known = topics_by_name(context.publication)
    with context.engine.begin() as connection:
        person = directory.require(connection, address)
        removed = directory.tags_named(connection, map(clean, remove), known)
        directory.mark(
            connection,
            person,
            add=directory.tags_named(connection, map(clean, add), known),
            # A topic may also be followed under one of its other names.
            remove={*(tag.slug for tag in removed), *known.keys() & map(slug, remove)},
            actor=str(actor),
            now=context.now(),
        )
        after = directory.require(connection, address)
        if after.tags != person.tags:
            record(connection, context, actor, ActKind.SUBSCRIBER_TAGGED, person)
    return TagsChanged(after.address, tuple(after.tags))


def erase(context: Context, actor: Actor, address: str) -> ErasedPerson:
    """Erase a subscriber and everything stored about them; only a keyed hash stays."""
    actor.require(Role.ADMIN)
    parsed = EmailAddress.parse(address)
    with context.engine.begin() as connection:
        person = directory.find(connection, address)
        record(connection, context, actor, ActKind.SUBSCRIBER_ERASED, person)
        effects = erasure.erase_address(
            connection,
            parsed,
            pepper=context.journals.pepper,
            actor=str(actor),
            now=context.now(),
        )
        apply_effects(connection, effects, context.journals.journal, now=context.now())
    copies = erase_elsewhere(context.engine, context.journals.outbox, effects.erased)
    return ErasedPerson(copies)


def suppress(context: Context, actor: Actor, address: str, *, reason: str = "") -> str:
    """Never email an address again; return the outcome as the suppression names it."""
    actor.require(Role.APPROVER)
    key = EmailAddress.parse(address).key
    cause = Suppression(key, SuppressionReason.MANUAL, str(actor), reason, context.now())
    pepper = context.journals.pepper

    def act(connection: sa.Connection) -> Effects:
        effects = suppression.suppress(connection, cause, pepper=pepper, actor=str(actor))
        person = directory.find(connection, address)
        record(connection, context, actor, ActKind.ADDRESS_SUPPRESSED, person, {"why": reason})
        return effects

    return carry_out(context, act).outcome


def lift(context: Context, actor: Actor, address: str, *, reason: str) -> None:
    """Allow email to a suppressed address again, for a recorded reason."""
    actor.require(Role.ADMIN)
    key, pepper = EmailAddress.parse(address).key, context.journals.pepper

    def act(connection: sa.Connection) -> Effects:
        effects = suppression.lift(
            connection, key, why=reason, actor=str(actor), now=context.now(), pepper=pepper
        )
        person = directory.find(connection, address)
        record(connection, context, actor, ActKind.SUPPRESSION_LIFTED, person, {"why": reason})
        return effects

    carry_out(context, act)


def review_import(
    context: Context, actor: Actor, listing: ListFile, terms: Terms, progress: OnProgress
) -> ChangeSet:
    """Return what a list would change; nothing is written."""
    actor.require(Role.EDITOR)
    return run.review(context.reader, _job(context, listing, terms), progress=progress)


def apply_import(
    context: Context, actor: Actor, listing: ListFile, terms: Terms, progress: OnProgress
) -> Imported:
    """Apply a list; it never raises a status."""
    actor.require(Role.ADMIN)

    def record_act(connection: sa.Connection, import_id: int) -> None:
        record(connection, context, actor, ActKind.LIST_IMPORTED, None, {"import": import_id})

    changes = run.apply(
        context.engine,
        replace(_job(context, listing, terms), record_act=record_act),
        actor=str(actor),
        clock=context.now,
        progress=progress,
    )
    return Imported(changes, UndoImport(changes.id))


def undo_import(context: Context, actor: Actor, import_id: int, progress: OnProgress) -> Undone:
    """Take back what an import changed; subscribers who have acted since are kept."""
    actor.require(Role.ADMIN)

    def record_act(connection: sa.Connection) -> None:
        record(connection, context, actor, ActKind.IMPORT_UNDONE, None, {"import": import_id})

    return undoing.undo(
        context.engine,
        import_id,
        actor=str(actor),
        now=context.now(),
        beside=Beside(context.journals.journal, context.journals.pepper, record_act),
        progress=progress,
    )


def _job(context: Context, listing: ListFile, terms: Terms) -> ImportJob:
    journals = context.journals
    return ImportJob(listing, terms, journals.pepper, journal=journals.journal)
