"""What the templates of the public pages see: frozen values."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from babel import Locale, UnknownLocaleError

from newsletter.model.publication import Newsletter, Publication
from newsletter.model.vocabulary import author_tag, shown_name, topic_names, topic_tag
from newsletter.render.catalog import Catalog
from newsletter.render.reasons import explain
from newsletter.store.people.received import Received
from newsletter.web.public.challenge import Challenge
from newsletter.web.public.offering import AskedField, Offer, offers
from newsletter.web.public.wording import Wording
from subscribers import zones
from subscribers.model import (
    AUTHOR,
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    TagKind,
    slug,
)


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
class SignUpView(View):
    """The sign-up form; `problem` names what was wrong with the last attempt, or is empty.

    `challenge` is set while the form asks for a proof of work. `address` is what was typed. `origin`
    is where the reader came from, or empty. `past_issues` if anyone may read some.
    """

    problem: str
    address: str
    newsletters: tuple[Offer, ...]
    fields: tuple[AskedField, ...]
    topics: tuple[FormChoice, ...]
    languages: tuple[FormChoice, ...]
    wording: Wording
    base: str
    challenge: Challenge | None
    origin: str = ""
    embedded: bool = False
    past_issues: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmView(View):
    """What a confirmation link confirms; `again` if the person had unsubscribed before.

    `answers` are labels of fields with what was typed into them.
    """

    titles: tuple[str, ...]
    topics: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
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
class KnownOf:
    """What is known of one newsletter and one person: recent issues, and when the next ones are due."""

    received: list[Received]
    due: Mapping[Frequency, datetime]


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
    paused: str
    explanation: str
    receipts: tuple[ReceiptView, ...]


@dataclass(frozen=True, slots=True)
class ZoneGroup:
    """The time zones of one part of the world; empty `label` for those that are not in one."""

    label: str
    zones: tuple[FormChoice, ...]


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
    zones: tuple[ZoneGroup, ...]
    fields: tuple[AskedField, ...]
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
    """Return the name of a language in itself, or its tag: Babel does not know all languages."""
    try:
        return Locale.parse(tag.replace("-", "_")).get_display_name() or tag
    except (UnknownLocaleError, ValueError):
        return tag


_AREAS = {
    "Africa": "zone.africa",
    "America": "zone.america",
    "Antarctica": "zone.antarctica",
    "Arctic": "zone.arctic",
    "Asia": "zone.asia",
    "Atlantic": "zone.atlantic",
    "Australia": "zone.australia",
    "Europe": "zone.europe",
    "Indian": "zone.indian",
    "Pacific": "zone.pacific",
}
"""How the names of zones begin, and the keys of these parts of the world."""


def zone_choices(person: Subscriber, catalog: Catalog) -> tuple[ZoneGroup, ...]:
    """Return the time zones by parts of the world; that of the newsletter is the first choice."""
    newsletters = FormChoice("", catalog.text("preferences.zone_newsletter"), not person.timezone)
    others, areas = [newsletters], defaultdict[str, list[FormChoice]](list)
    for name in zones.known().values():
        area, _, place = name.partition("/")
        chosen = name == person.timezone
        if place and area in _AREAS:
            label = place.replace("_", " ").replace("/", ", ")
            areas[area].append(FormChoice(name, label, chosen))
        elif chosen or name == "UTC":
            others.append(FormChoice(name, name, chosen))
    grouped = (ZoneGroup(catalog.text(key), tuple(areas[area])) for area, key in _AREAS.items())
    return (ZoneGroup("", tuple(others)), *grouped)


def subscription_views(
    publication: Publication,
    person: Subscriber,
    known_of: Mapping[str, KnownOf],
    catalog: Catalog,
    now: datetime,
) -> tuple[SubscriptionView, ...]:
    """Return a person's status with every newsletter that they have or may choose."""
    known = frozenset(subscription.newsletter for subscription in person.subscriptions)
    return tuple(
        _subscription_view(newsletter, person, known_of[newsletter.key], catalog, now)
        for newsletter in offers(publication, person.slugs, known)
    )


def _subscription_view(
    newsletter: Newsletter,
    person: Subscriber,
    known: KnownOf,
    catalog: Catalog,
    now: datetime,
) -> SubscriptionView:
    subscription = person.subscription(newsletter.key)
    return SubscriptionView(
        key=newsletter.key,
        title=newsletter.title,
        subscribed=subscription is not None and subscription.state is SubscriptionState.CONFIRMED,
        frequencies=_frequencies(newsletter, subscription, known.due, catalog),
        paused=_pause(subscription, catalog, now),
        explanation=explain_subscription(subscription, catalog),
        receipts=tuple(
            ReceiptView(catalog.date(each.due_at), each.subject, explain(each.outcome, catalog))
            for each in known.received
        ),
    )


def _pause(subscription: Subscription | None, catalog: Catalog, now: datetime) -> str:
    """Say until when a subscription is paused; empty if it is not."""
    until = subscription.paused_until if subscription else None
    if subscription is None or until is None or until <= now:
        return ""
    if subscription.paused_as_inactive:
        return catalog.text("preferences.paused_inactive")
    return catalog.text("preferences.paused_until", day=catalog.date(until))


_FREQUENCIES = {
    Frequency.EACH: ("preferences.each", "preferences.each_hint"),
    Frequency.WEEKLY: ("preferences.weekly", "preferences.weekly_hint"),
    Frequency.MONTHLY: ("preferences.monthly", "preferences.monthly_hint"),
}
"""The keys of each choice and of the sentence on what the reader will get."""


def _frequencies(
    newsletter: Newsletter,
    subscription: Subscription | None,
    due: Mapping[Frequency, datetime],
    catalog: Catalog,
) -> tuple[FrequencyChoice, ...]:
    chosen = subscription.frequency if subscription else Frequency.EACH
    found = []
    for frequency in Frequency:
        label, with_day = _FREQUENCIES[frequency]
        if frequency is Frequency.EACH and newsletter.cadence.on_publish:
            hint = catalog.text("preferences.alerts_hint", most=newsletter.alerts.per_day)
        elif frequency not in due:
            hint = catalog.text("preferences.rare")
        else:
            day = catalog.date(due[frequency].astimezone(newsletter.timezone), "date.full")
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
