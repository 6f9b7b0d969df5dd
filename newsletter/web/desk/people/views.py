"""What the pages about subscribers show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from newsletter.model.publication import Publication
from newsletter.render.catalog import Catalog
from newsletter.render.reasons import explain
from newsletter.store.people.received import IssueOutcome
from newsletter.usecases.person import Membership, PersonRecord, SearchResult
from newsletter.web.desk import sentences
from subscribers import zones
from subscribers.directory import Proof
from subscribers.model import MUTE, Frequency, Subscriber, SubscriptionState, Suppression, TagKind

STATES = {
    SubscriptionState.PENDING: "desk.people.pending",
    SubscriptionState.CONFIRMED: "desk.people.confirmed",
    SubscriptionState.UNSUBSCRIBED: "desk.people.unsubscribed",
}
FREQUENCIES = {
    Frequency.EACH: "desk.people.each",
    Frequency.WEEKLY: "desk.people.weekly",
    Frequency.MONTHLY: "desk.people.monthly",
}
TABS = (
    ("/people", "desk.people.tab.search"),
    ("/people/segments", "desk.people.tab.segments"),
    ("/people/imports", "desk.people.tab.imports"),
)
"""The pages about subscribers, with the keys of their names."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A subscriber in a list."""

    href: str
    address: str
    name: str
    status: str
    tags: str


@dataclass(frozen=True, slots=True)
class StrayAddress:
    """A suppressed address without a subscriber."""

    address: str
    since: str
    why: str


@dataclass(frozen=True, slots=True)
class SearchView:
    """The form of the search, and a page of what it found; `more` is the address of the next."""

    text: str
    segment: str
    problem: str
    notice: str
    people: tuple[FoundRow, ...]
    more: str
    stray: StrayAddress | None


@dataclass(frozen=True, slots=True)
class TitledSubscription:
    """One subscription of a person."""

    key: str
    title: str
    state: str
    since: str
    more: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A line of a table: when, what, and more about it."""

    when: str
    what: str
    detail: str = ""
    href: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class PersonView:
    """Everything on the page of one subscriber."""

    href: str
    name: str
    language: str
    timezone: str
    zones: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    subscriptions: tuple[TitledSubscription, ...]
    topics: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    mutes: str
    suppressed: str
    consents: tuple[PersonLine, ...]
    issues: tuple[PersonLine, ...]
    memberships: tuple[Membership, ...]
    asked: str
    emails: tuple[PersonLine, ...]
    events: tuple[PersonLine, ...]
    history: tuple[PersonLine, ...]
    problem: str
    notice: str
    pauses: tuple[int, ...]


def found_row(person: Subscriber, publication: Publication, catalog: Catalog) -> FoundRow:
    """Return a subscriber as a line of a list."""
    parts = [
        f"{_title(publication, subscription.newsletter)}: {catalog.text(STATES[subscription.state])}"
        for subscription in person.subscriptions
    ]
    if person.suppressed is not None:
        parts.insert(0, catalog.text("desk.people.suppressed"))
    return FoundRow(
        f"/people/{person.id}",
        person.address,
        person.name,
        "; ".join(parts),
        ", ".join(tag.name for tag in person.tags),
    )


def stray_address(result: SearchResult, zone: tzinfo) -> StrayAddress | None:
    """Return the suppressed address that was searched for, if no subscriber has it."""
    if result.suppressed is None:
        return None
    found = result.suppressed.suppressed
    return StrayAddress(result.suppressed.address, sentences.stamp(found.at, zone), _why(found))


def person_view(
    record: PersonRecord, publication: Publication, catalog: Catalog, said: tuple[str, str, str]
) -> PersonView:
    """Return the page of a subscriber; `said` are the segment to try, a problem and a notice."""
    person, zone = record.person, publication.timezone
    asked, problem, notice = said
    mutes = (tag.name.removeprefix(MUTE) for tag in person.tags if tag.kind is TagKind.MUTE)
    return PersonView(
        href=f"/people/{person.id}",
        name=person.name,
        language=person.language,
        timezone=person.timezone,
        zones=tuple(zones.known().values()),
        answers=tuple(person.answers.items()),
        subscriptions=_subscriptions(person, publication, catalog),
        topics=_tags(person, TagKind.TOPIC),
        labels=_tags(person, TagKind.LABEL),
        mutes=", ".join(mutes),
        suppressed=_why(person.suppressed) if person.suppressed else "",
        consents=tuple(_consent(proof, publication) for proof in record.proofs),
        issues=tuple(_issue(found, publication, catalog) for found in record.issues),
        memberships=tuple(record.memberships),
        asked=asked,
        emails=_stored(record.stored["notices"], zone, "queued_at", "kind", ("state", "reason")),
        events=(
            *_stored(record.stored["events"], zone, "at", "kind", ("reason",)),
            *_stored(record.stored["opens_and_clicks"], zone, "at", "kind", ("link", "caused_by")),
        ),
        history=tuple(
            PersonLine(sentences.stamp(line.at, zone), line.words, line.actor)
            for line in reversed(record.history)
        ),
        problem=problem,
        notice=notice,
        pauses=(0, 1, 2, 4, 8, 12),
    )


def _subscriptions(
    person: Subscriber, publication: Publication, catalog: Catalog
) -> tuple[TitledSubscription, ...]:
    zone = publication.timezone
    rows = []
    for subscription in person.subscriptions:
        more = [catalog.text(FREQUENCIES[subscription.frequency])]
        if subscription.paused_as_inactive:
            more.append(catalog.text("desk.people.paused_inactive"))
        elif subscription.paused_until is not None:
            until = sentences.stamp(subscription.paused_until, zone)
            more.append(catalog.text("desk.people.paused_until", until=until))
        if subscription.reason and not subscription.paused_as_inactive:
            more.append(subscription.reason)
        rows.append(
            TitledSubscription(
                subscription.newsletter,
                _title(publication, subscription.newsletter),
                catalog.text(STATES[subscription.state]),
                sentences.stamp(subscription.since, zone),
                "; ".join(more),
                subscription.state is SubscriptionState.CONFIRMED,
            )
        )
    return tuple(rows)


def _title(publication: Publication, key: str) -> str:
    newsletter = publication.newsletter(key)
    return newsletter.title if newsletter else key


def _tags(person: Subscriber, kind: TagKind) -> tuple[tuple[str, str], ...]:
    return tuple((tag.slug, tag.name) for tag in person.tags if tag.kind is kind)


def _why(suppressed: Suppression) -> str:
    origin = f"{suppressed.reason.value} ({suppressed.origin})"
    return f"{origin}: {suppressed.detail}" if suppressed.detail else origin


def _consent(proof: Proof, publication: Publication) -> PersonLine:
    consent = proof.consent
    beside = (consent.source, consent.wording, consent.network)
    return PersonLine(
        sentences.stamp(consent.at, publication.timezone),
        f"{consent.act}: {_title(publication, consent.newsletter)}",
        ", ".join(filter(None, beside)),
        title=proof.text,
    )


def _issue(found: IssueOutcome, publication: Publication, catalog: Catalog) -> PersonLine:
    state = catalog.text(f"report.state.{found.state.value}") if found.state else ""
    reason = explain(found.reason, catalog) if found.reason else ""
    return PersonLine(
        sentences.stamp(found.due_at, publication.timezone),
        state or catalog.text("desk.people.left_out"),
        reason,
        f"/issues/{found.issue_id}",
        ": ".join(filter(None, (_title(publication, found.newsletter), found.subject))),
    )


def _stored(
    rows: Sequence[Mapping[str, object]], zone: tzinfo, when: str, what: str, beside: Sequence[str]
) -> tuple[PersonLine, ...]:
    """Return stored rows as lines, latest first."""
    return tuple(
        PersonLine(
            sentences.stamp(datetime.fromisoformat(str(row[when])), zone),
            str(row[what]),
            ", ".join(str(row[name]) for name in beside if row.get(name)),
        )
        for row in reversed(rows)
    )
