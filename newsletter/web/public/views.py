"""What the templates of the public pages see: frozen values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from babel import Locale

from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Timing, upcoming
from newsletter.model.vocabulary import author_tag, shown_name, topic_names, topic_tag
from newsletter.render.catalog import Catalog
from newsletter.render.reasons import explain
from newsletter.store.people.received import Received
from newsletter.web.public.challenge import Challenge
from newsletter.web.public.wording import Wording
from subscribers.model import (
    AUTHOR,
    MUTE,
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    TagKind,
    slug,
)
from subscribers.segment import may_match, names, parse


@dataclass(frozen=True, slots=True)
class View:
    """The base of everything that a public page shows."""


@dataclass(frozen=True, slots=True)
class FormChoice:
    """A checkbox or an option."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A newsletter on the sign-up form: what it is about, and when its next issue comes out."""

    value: str
    label: str
    selected: bool
    description: str
    next_issue: str


@dataclass(frozen=True, slots=True)
class SignUpView(View):
    """The sign-up form; `problem` names what was wrong with the last attempt, or is empty.

    `challenge` is set while the form asks for a proof of work. `address` is what was typed. `origin`
    is where the reader came from, or empty.
    """

    problem: str
    address: str
    newsletters: tuple[Offer, ...]
    topics: tuple[FormChoice, ...]
    languages: tuple[FormChoice, ...]
    wording: Wording
    base: str
    challenge: Challenge | None
    origin: str = ""
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmView(View):
    """What a confirmation link confirms; `again` if the person had unsubscribed before."""

    titles: tuple[str, ...]
    topics: tuple[str, ...]
    requested_on: str
    again: bool


@dataclass(frozen=True, slots=True)
class UnsubscribeView(View):
    """The page before unsubscribing; `title` is the newsletter of the link, if `subscribed`."""

    title: str
    subscribed: bool
    titles: tuple[str, ...]
    preferences: str


@dataclass(frozen=True, slots=True)
class UnsubscribedView(View):
    """The page after unsubscribing; `preferences` is empty if the person no longer exists."""

    title: str
    remaining: tuple[str, ...]
    preferences: str


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """One recent issue: its day, its subject, and whether and why it was sent."""

    day: str
    subject: str
    explanation: str


@dataclass(frozen=True, slots=True)
class FrequencyChoice:
    """How often a newsletter can be had, and a sentence on what the reader will then get."""

    value: str
    label: str
    hint: str
    selected: bool


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """One newsletter on the preference page."""

    key: str
    title: str
    subscribed: bool
    frequencies: tuple[FrequencyChoice, ...]
    paused_until: str
    explanation: str
    receipts: tuple[ReceiptView, ...]


@dataclass(frozen=True, slots=True)
class PreferencesView(View):
    """The preference page; `saved` confirms what was just saved, `pauses` are in weeks."""

    saved: str
    blocked: bool
    subscriptions: tuple[SubscriptionView, ...]
    topics: tuple[FormChoice, ...]
    authors: tuple[FormChoice, ...]
    muted: tuple[FormChoice, ...]
    languages: tuple[FormChoice, ...]
    pauses: tuple[int, ...]
    unsubscribe: str
    data: str


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A topic or an author of an article; `choice` is `follow`, `neither` or `less`."""

    value: str
    label: str
    choice: str


@dataclass(frozen=True, slots=True)
class WhyView(View):
    """Why a subscriber received an article, and what they may choose about its subjects."""

    title: str
    saved: bool
    reasons: tuple[str, ...]
    subjects: tuple[SubjectView, ...]
    preferences: str


@dataclass(frozen=True, slots=True)
class DataView(View):
    """The page behind a single-use link: download, change of address, deletion."""

    problem: str = ""


@dataclass(frozen=True, slots=True)
class TakeAddressView(View):
    """The page that a link to a new address opens."""

    address: str


@dataclass(frozen=True, slots=True)
class MessageView(View):
    """A title, a few sentences, and at most one link of each kind."""

    title: str
    sentences: tuple[str, ...]
    preferences: str
    sign_up: str


def newsletter_choices(
    publication: Publication, selected: frozenset[str], catalog: Catalog, now: datetime
) -> tuple[Offer, ...]:
    """Return the newsletters that the sign-up form offers."""
    return tuple(
        Offer(
            newsletter.key,
            newsletter.title,
            newsletter.key in selected,
            newsletter.description,
            _next_issue(newsletter, catalog, now),
        )
        for newsletter in offers(publication)
    )


def offers(
    publication: Publication, tags: frozenset[str] = frozenset(), keep: frozenset[str] = frozenset()
) -> list[Newsletter]:
    """Return the newsletters that someone with these tags may choose; those in `keep` always stay.

    Private ones are not offered, nor those whose segment excludes the person no matter what they
    follow or mute.
    """
    topics = frozenset(name for topic in publication.topics for name in topic_names(topic))
    found = []
    for newsletter in publication.newsletters:
        rule = parse(newsletter.segment, dict(publication.segments))
        free = topics | {name for name in names(rule) if name.startswith((AUTHOR, MUTE))}
        open_to = newsletter.public and may_match(rule, tags, free)
        if newsletter.key in keep or open_to:
            found.append(newsletter)
    return found


def _next_issue(newsletter: Newsletter, catalog: Catalog, now: datetime) -> str:
    """Say when the next issue comes out, in the zone of the newsletter."""
    slot = next(upcoming(Timing.of(newsletter), now), None)
    if slot is None:
        return catalog.text("preferences.alerts_hint", most=newsletter.alerts.per_day)
    day = catalog.date(slot.due_at.astimezone(newsletter.timezone), "date.full")
    return catalog.text("form.next_issue", day=day)


def topic_choices(
    publication: Publication, followed: frozenset[str], language: str
) -> tuple[FormChoice, ...]:
    """Return the topics to follow; a topic that is followed by an alias is selected too."""
    return tuple(
        FormChoice(
            topic_tag(topic, language).slug,
            topic.label(language),
            bool(topic_names(topic) & followed),
        )
        for topic in publication.topics
    )


def author_choices(authors: Iterable[str], person: Subscriber) -> tuple[FormChoice, ...]:
    """Return the authors to follow: those whom the person follows, then the recent ones."""
    tags = {tag.slug: tag for tag in person.tags if tag.slug.startswith(AUTHOR)}
    for name in authors:
        tags.setdefault(author_tag(name).slug, author_tag(name))
    return tuple(
        FormChoice(tag.slug, shown_name(tag), tag.slug in person.slugs) for tag in tags.values()
    )


def mute_choices(
    publication: Publication, person: Subscriber, language: str
) -> tuple[FormChoice, ...]:
    """Return what a person muted, each selected."""
    labels = {slug(topic.slug): topic.label(language) for topic in publication.topics}
    muted = (tag for tag in person.tags if tag.kind is TagKind.MUTE)
    return tuple(FormChoice(tag.slug, shown_name(tag, labels), selected=True) for tag in muted)


def reading_languages(publication: Publication, catalogs: Iterable[str]) -> tuple[str, ...]:
    """Return the languages a subscriber can choose: of our pages, and of the publication."""
    return tuple(dict.fromkeys((*catalogs, *publication.languages)))


def language_choices(languages: Iterable[str], chosen: str) -> tuple[FormChoice, ...]:
    """Return languages as choices, each by its own name."""
    return tuple(FormChoice(tag, _own_name(tag), tag == chosen) for tag in languages)


def _own_name(tag: str) -> str:
    return Locale.parse(tag.replace("-", "_")).get_display_name() or tag


def subscription_views(
    publication: Publication,
    person: Subscriber,
    received: Mapping[str, list[Received]],
    catalog: Catalog,
    now: datetime,
) -> tuple[SubscriptionView, ...]:
    """Return a person's status with every newsletter that they have or may choose."""
    known = frozenset(subscription.newsletter for subscription in person.subscriptions)
    return tuple(
        _subscription_view(newsletter, person, received.get(newsletter.key, []), catalog, now)
        for newsletter in offers(publication, person.slugs, known)
    )


def _subscription_view(
    newsletter: Newsletter,
    person: Subscriber,
    received: list[Received],
    catalog: Catalog,
    now: datetime,
) -> SubscriptionView:
    subscription = person.subscription(newsletter.key)
    paused = subscription.paused_until if subscription else None
    return SubscriptionView(
        key=newsletter.key,
        title=newsletter.title,
        subscribed=subscription is not None and subscription.state is SubscriptionState.CONFIRMED,
        frequencies=_frequencies(newsletter, subscription, catalog, now),
        paused_until=catalog.date(paused) if paused and paused > now else "",
        explanation=explain_subscription(subscription, catalog),
        receipts=tuple(
            ReceiptView(catalog.date(each.due_at), each.subject, explain(each.outcome, catalog))
            for each in received
        ),
    )


_FREQUENCIES = {
    Frequency.EACH: ("preferences.each", "preferences.each_hint"),
    Frequency.WEEKLY: ("preferences.weekly", "preferences.weekly_hint"),
    Frequency.MONTHLY: ("preferences.monthly", "preferences.monthly_hint"),
}
"""The keys of each choice and of the sentence on what the reader will get."""


def _frequencies(
    newsletter: Newsletter, subscription: Subscription | None, catalog: Catalog, now: datetime
) -> tuple[FrequencyChoice, ...]:
    chosen = subscription.frequency if subscription else Frequency.EACH
    digests = newsletter.digest_cadences
    found = []
    for frequency in Frequency:
        cadence = newsletter.cadence if frequency is Frequency.EACH else digests.get(frequency)
        label, with_day = _FREQUENCIES[frequency]
        if cadence is None:
            hint = catalog.text("preferences.rare")
        elif cadence.on_publish:
            hint = catalog.text("preferences.alerts_hint", most=newsletter.alerts.per_day)
        else:
            timing = replace(Timing.of(newsletter), cadence=cadence)
            due = next(upcoming(timing, now)).due_at
            day = catalog.date(due.astimezone(newsletter.timezone), "date.full")
            hint = catalog.text(with_day, day=day)
        found.append(
            FrequencyChoice(
                frequency.value, catalog.text(label), hint, selected=frequency is chosen
            )
        )
    return tuple(found)


def explain_subscription(subscription: Subscription | None, catalog: Catalog) -> str:
    """Return why a person receives a newsletter, or does not, in one sentence."""
    if subscription is None:
        return ""
    match subscription.state:
        case SubscriptionState.CONFIRMED:
            agreed_on = catalog.date(subscription.confirmed_at or subscription.since)
            key = "status.imported" if subscription.on_record else "status.confirmed"
            return catalog.text(key, day=agreed_on)
        case SubscriptionState.PENDING:
            return catalog.text("status.pending")
        case SubscriptionState.UNSUBSCRIBED:
            ended_on = catalog.date(subscription.since)
            elsewhere = subscription.ended_by_import
            key = "status.unsubscribed_elsewhere" if elsewhere else "status.unsubscribed"
            return catalog.text(key, day=ended_on)
