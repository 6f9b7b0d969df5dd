"""Show an issue as one subscriber gets it: in a preview, or by a test send to staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.errors import NotAllowed, NotFound
from newsletter.esp.message.mime import message
from newsletter.esp.port import Outcome, Recipient, Verdict
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.edition import Chooser, Edition, by_contents
from newsletter.model.issue import Issue
from newsletter.model.next_step import PreviewIssue, RunCheckup
from newsletter.model.persona import TRAITS, Persona
from newsletter.model.plan import Subsets
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.subjects import Arm, arm_of
from newsletter.model.vocabulary import followed
from newsletter.send import headers, testsend
from newsletter.store import acts
from newsletter.store.content import editions, issues
from newsletter.usecases.context import Context
from subscribers import directory
from subscribers.model import EmailAddress, Subscriber
from subscribers.phrase import Phrase

if TYPE_CHECKING:
    from newsletter.usecases.reviewing import Rendered

INERT = "preview"
"""Replaces a subscriber's token, so that the links of a preview change nothing."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The person an issue is shown for; `edition` is None for an address without a subscriber."""

    address: str
    name: str = ""
    edition: int | None = None


@dataclass(frozen=True, slots=True)
class ProofSent:
    """One edition was submitted to `address`; `problem` is why it was not accepted, if so."""

    edition: Edition
    address: str
    problem: str


def reader_of(context: Context, actor: Actor, rendered: Rendered, address: str) -> Reader:
    """Return who gets the issue at an address, and which edition.

    Raises NotAllowed if the issue has nothing on the topics that the subscriber follows.
    """
    actor.require(Role.EDITOR)
    return _reader(context, rendered.issue, rendered.newsletter, rendered.editions, address)


def email_for(
    context: Context, actor: Actor, rendered: Rendered, edition: Edition, reader: Reader
) -> bytes:
    """Return an edition as the bytes that a reader gets; only its links lead nowhere."""
    actor.require(Role.EDITOR)
    return _email(context, rendered.issue, rendered.newsletter, edition, reader)


def _email(
    context: Context, issue: Issue, newsletter: Newsletter, edition: Edition, reader: Reader
) -> bytes:
    letter = headers.letter(
        context.publication,
        newsletter,
        edition,
        kind=issue.kind.value,
        date=issue.leaves_at or issue.due_at,
    )
    return message(letter, inert_recipient(edition, reader))


def inert_recipient(edition: Edition, reader: Reader) -> Recipient:
    """Return the values that fill an edition for a reader, without a token."""
    return Recipient(f"{edition.issue_id}-0", reader.address, reader.name, INERT)


def seen_by(context: Context, actor: Actor, issue_id: int, seen_as: str) -> Reader:
    """Return who gets a stored edition of an issue: a persona, or a subscriber by id or address.

    Raises NotAllowed for an unknown subscriber, and as `reader_of` does.
    """
    actor.require(Role.EDITOR)
    issue, newsletter, printed = _stored(context, issue_id)
    person = _person(context, seen_as)
    return _edition_for(context, issue, newsletter, printed, person)


def stored_email(
    context: Context, actor: Actor, issue_id: int, seq: int, reader: Reader
) -> tuple[Edition, bytes]:
    """Return a stored edition, and the bytes that a reader gets; only its links lead nowhere."""
    actor.require(Role.EDITOR)
    issue, newsletter, printed = _stored(context, issue_id)
    edition = next((each for each in printed if each.seq == seq), None)
    if edition is None:
        msg = Phrase("issue {issue_id} has no edition {seq}", issue_id=issue_id, seq=seq)
        raise NotFound(msg, next_step=PreviewIssue(issue_id))
    return edition, _email(context, issue, newsletter, edition, reader)


def send_test(
    context: Context, actor: Actor, issue_id: int, address: str, *, subscriber: str = ""
) -> list[ProofSent]:
    """Submit editions of an issue to one address of staff; no delivery is touched.

    With a subscriber or the name of a persona, submit only that reader's edition, with their name;
    else every edition. The subject marks each as a test. Raises NotAllowed if the issue has no
    editions.
    """
    actor.require(Role.EDITOR)
    EmailAddress.parse(address)
    issue, newsletter, printed = _stored(context, issue_id)
    reader, chosen = Reader(address, _name(context, address)), printed
    if subscriber:
        person = _person(context, subscriber)
        reader = _edition_for(context, issue, newsletter, printed, person)
        chosen = [edition for edition in printed if edition.seq == reader.edition]
    sender = context.senders.get(context.publication.provider)
    if sender is None:
        msg = Phrase("the provider {provider} is not set up", provider=context.publication.provider)
        raise NotAllowed(msg, next_step=RunCheckup())
    tested = testsend.StaffTestSend(
        context.publication, newsletter, issue, chosen, address, reader.name
    )
    done = [
        ProofSent(edition, address, _problem(outcome))
        for edition, outcome in testsend.send(tested, sender, context.new_id, now=context.now())
    ]
    detail = {"editions": [proof.edition.seq for proof in done if not proof.problem]}
    with context.engine.begin() as connection:
        acts.record(connection, Act(context.now(), actor, ActKind.TESTED, issue_id, detail=detail))
    return done


def _stored(context: Context, issue_id: int) -> tuple[Issue, Newsletter, list[Edition]]:
    """Return an issue with its newsletter and editions; raise NotAllowed if it has none."""
    with context.reader.begin() as connection:
        issue = issues.load(connection, issue_id)
        printed = editions.of_issue(connection, issue_id)
    newsletter = context.publication.require_newsletter(issue.newsletter)
    if not printed:
        msg = Phrase("issue {issue_id} has no editions yet", issue_id=issue_id)
        raise NotAllowed(msg, next_step=PreviewIssue(issue_id))
    return issue, newsletter, printed


@dataclass(frozen=True, slots=True)
class _Person:
    """Who reads: a persona, or a subscriber, whose `id` chooses one of two subjects."""

    address: str
    name: str
    language: str
    id: int = 0
    slugs: frozenset[str] = frozenset()
    topics: bool = False

    @classmethod
    def of(cls, found: Subscriber, publication: Publication) -> _Person:
        topics = bool(followed(publication, found.topics))
        return cls(found.address, found.name, found.language, found.id, found.slugs, topics)


def _person(context: Context, seen_as: str) -> _Person:
    """Return a persona by its name, or a subscriber by id or address; raise NotAllowed."""
    if seen_as in set(Persona):
        traits = TRAITS[Persona(seen_as)]
        return _Person(SAMPLE_ADDRESS, traits.name, traits.language)
    with context.reader.begin() as connection:
        known = seen_as.isascii() and seen_as.isdecimal() and len(seen_as) <= _LONGEST_ID
        if known:
            found = directory.load(connection, int(seen_as))
        else:
            found = directory.find(connection, seen_as) if "@" in seen_as else None
    if found is None:
        msg = Phrase("{seen_as} is not a subscriber", seen_as=seen_as)
        raise NotAllowed(msg)
    return _Person.of(found, context.publication)


SAMPLE_ADDRESS = "reader@localhost"
_LONGEST_ID = 9
"""Digits of a number that PostgreSQL takes for certain."""


def _reader(
    context: Context,
    issue: Issue,
    newsletter: Newsletter,
    printed: Sequence[Edition],
    address: str,
) -> Reader:
    with context.reader.begin() as connection:
        found = directory.find(connection, address)
    if found is None:
        return Reader(EmailAddress.parse(address).text)
    return _edition_for(context, issue, newsletter, printed, _Person.of(found, context.publication))


def _edition_for(
    context: Context,
    issue: Issue,
    newsletter: Newsletter,
    printed: Sequence[Edition],
    person: _Person,
) -> Reader:
    with context.reader.begin() as connection:
        items = issues.load_items(connection, issue.id)
    chooser = Chooser(items, newsletter)
    arm = arm_of(person.id, issue.id, issue.test) if issue.test else None
    arm = issue.winner if arm is Arm.REST else arm
    # Every recipient gets a correction as a whole, and an issue without items.
    if issue.corrects_issue_id is not None or not any(item.included for item in items):
        language = chooser.language(person.language)
        mine = list(by_contents(printed, arm).values())
        whole = {edition.language: edition.seq for edition in reversed(mine)}
        return Reader(person.address, person.name, whole.get(language, mine[0].seq))
    taste = chooser.taste(person.slugs, topics=person.topics, language=person.language)
    wanted = chooser.choose(taste)
    known = by_contents(printed, arm)
    taken = Subsets(list(known), newsletter, chooser.originals()).of(wanted) if wanted else None
    if taken is None:
        msg = Phrase(
            "issue {id} has nothing on the topics that {address} follows",
            id=issue.id,
            address=person.address,
        )
        raise NotAllowed(msg)
    return Reader(person.address, person.name, known[taken].seq)


def _name(context: Context, address: str) -> str:
    """Return the name of a member of staff who is a subscriber, too; else an empty text."""
    with context.reader.begin() as connection:
        person = directory.find(connection, address)
    return person.name if person else ""


def _problem(outcome: Outcome) -> str:
    if outcome.verdict is Verdict.ACCEPTED and not outcome.refused:
        return ""
    return outcome.reason or "; ".join(outcome.refused.values()) or str(outcome.verdict)
