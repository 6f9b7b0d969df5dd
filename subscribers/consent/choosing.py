"""Preferences: topics, newsletters, frequency, language and pauses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.consent import signing_up, unsubscribing
from subscribers.consent.signing_up import Rules, SignUp
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.model import (
    READER,
    Effects,
    EmailAddress,
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    Tag,
    TagKind,
)
from subscribers.store import audit, statuses, tags
from subscribers.store.audit import AuditEntry

LONGEST_PAUSE = 52
"""In weeks."""


@dataclass(frozen=True, slots=True)
class NewsletterPreference:
    """The choices for one newsletter. `pause` is in weeks; 0 ends one, None changes nothing."""

    wanted: bool
    frequency: Frequency = Frequency.EACH
    pause: int | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was submitted on the preference page.

    `offered` are the topics on the page, `follows` the slugs of those that were ticked; topics that
    were not offered do not change, except `outdated` ones, which are removed. `names` contains the other slugs under which a topic may be
    followed. `unmuted` are the slugs of the mutes that were cleared. `titles` names the newsletters
    in the notice: newly ticked ones must be confirmed by email, because the link to this page is in
    emails that subscribers forward. `name`, unless None, and `answers` replace those on file; an
    empty one deletes. `timezone` is the name of a zone, "" for the newsletter's; None changes nothing.
    """

    follows: frozenset[str]
    offered: Mapping[str, Tag]
    newsletters: Mapping[str, NewsletterPreference]
    language: str
    unmuted: frozenset[str] = frozenset()
    outdated: frozenset[str] = frozenset()
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    source: str = "preferences"
    wording: str = ""
    network: str = ""
    name: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None


def choose(
    connection: sa.Connection, person: Subscriber, preferences: Preferences, rules: Rules
) -> Effects:
    """Save the preferences of a subscriber.

    The outcome is `saved`; `saved and asked`; or `saved, asked before`, if the limits allow no
    further email about the newsletters that were added.
    """
    _save_topics(connection, person, preferences, rules.now)
    effects = [
        _save_newsletter(connection, person, key, preferences, rules)
        for key in preferences.newsletters
    ]
    _save_answers(connection, person, preferences, rules.now)
    language = preferences.language or person.language
    statuses.acted(connection, person.id, rules.now, language=language)
    if language != person.language:
        chosen = {"language": [language]}
        audit.record(connection, AuditEntry(READER, "chose", rules.now, person.id, detail=chosen))
    if preferences.timezone is not None:
        set_timezone(connection, person, preferences.timezone, actor=READER, now=rules.now)
    asked = _ask(connection, person, preferences, rules)
    effects.append(asked)
    outcomes = {"emailed": "saved and asked", "not emailed": "saved, asked before"}
    return Effects(
        outcomes.get(asked.outcome, "saved"),
        notices=tuple(notice for effect in effects for notice in effect.notices),
        entries=tuple(entry for effect in effects for entry in effect.entries),
    )


def pause(
    connection: sa.Connection,
    person: Subscriber,
    newsletter: str,
    weeks: int,
    *,
    actor: str,
    now: datetime,
) -> tuple[str, ...]:
    """Pause a confirmed subscription, or all (""), on request; 0 weeks end a pause.

    Return the newsletters whose pause changed.
    """
    changed = []
    for subscription in person.subscriptions:
        confirmed = subscription.state is SubscriptionState.CONFIRMED
        if confirmed and newsletter in {"", subscription.newsletter}:
            wanted = NewsletterPreference(True, subscription.frequency, weeks)
            if _adjust(connection, person, subscription, wanted, now, actor):
                changed.append(subscription.newsletter)
    return tuple(changed)


def set_timezone(
    connection: sa.Connection, person: Subscriber, timezone: str, *, actor: str, now: datetime
) -> bool:
    """Set the time zone of a subscriber, "" for the newsletter's; return whether it changed."""
    if timezone == person.timezone:
        return False
    statuses.set_timezone(connection, person.id, timezone)
    act = "chose" if actor == READER else "set"
    detail = {"time zone": timezone or "the newsletter's"}
    audit.record(connection, AuditEntry(actor, act, now, person.id, detail=detail))
    return True


def follow(
    connection: sa.Connection,
    person: Subscriber,
    *,
    add: Iterable[Tag],
    remove: Iterable[str],
    now: datetime,
) -> Effects:
    """Add tags that a subscriber chose (topics, authors, mutes), and remove others by their slugs."""
    added = [tag for tag in add if tag.slug not in person.slugs]
    removed = sorted(set(remove) & person.slugs - {tag.slug for tag in added})
    tags.give(connection, person.id, added)
    tags.take(connection, person.id, removed)
    statuses.acted(connection, person.id, now)
    detail = {"follows": [tag.name for tag in added], "no longer": removed}
    if added or removed:
        chosen = {name: names for name, names in detail.items() if names}
        audit.record(connection, AuditEntry(READER, "chose", now, person.id, detail=chosen))
    return Effects("saved")


def _save_topics(
    connection: sa.Connection, person: Subscriber, preferences: Preferences, now: datetime
) -> None:
    """Add and remove topics; cleared mutes and outdated topics are removed too."""
    added: list[Tag] = []
    mutes = {tag.slug for tag in person.tags if tag.kind is TagKind.MUTE}
    removed = sorted((preferences.unmuted & mutes) | (preferences.outdated & person.topics))
    for slug, tag in preferences.offered.items():
        followed = person.slugs & (preferences.names.get(slug, frozenset()) | {slug})
        if slug in preferences.follows and not followed:
            added.append(tag)
        elif slug not in preferences.follows:
            removed.extend(sorted(followed))
    follow(connection, person, add=added, remove=removed, now=now)


def _save_answers(
    connection: sa.Connection, person: Subscriber, preferences: Preferences, now: datetime
) -> None:
    """Replace the name and the answers; the audit names the fields, not what was written."""
    name = person.name if preferences.name is None else preferences.name
    merged = {**person.answers, **preferences.answers}
    answers = {key: text for key, text in merged.items() if text}
    changed = [key for key in merged if answers.get(key) != person.answers.get(key)]
    if name != person.name:
        changed.insert(0, "name")
    if changed:
        statuses.answer(connection, person, name=name, answers=answers)
        entry = AuditEntry(READER, "chose", now, person.id, detail={"changed": changed})
        audit.record(connection, entry)


def _save_newsletter(
    connection: sa.Connection, person: Subscriber, key: str, preferences: Preferences, rules: Rules
) -> Effects:
    preference = preferences.newsletters[key]
    subscription = person.subscription(key)
    if subscription is None or subscription.state is not SubscriptionState.CONFIRMED:
        return Effects("unchanged")
    if not preference.wanted:
        wanted = Unsubscribe(key, "preferences", titles=preferences.titles)
        return unsubscribing.unsubscribe(
            connection, person.id, wanted, pepper=rules.pepper, now=rules.now
        )
    _adjust(connection, person, subscription, preference, rules.now)
    return Effects("kept")


def _adjust(
    connection: sa.Connection,
    person: Subscriber,
    subscription: Subscription,
    preference: NewsletterPreference,
    now: datetime,
    actor: str = READER,
) -> bool:
    """Save frequency and pause; return whether anything changed."""
    values: dict[str, object] = {}
    if preference.frequency is not subscription.frequency:
        values["frequency"] = preference.frequency.value
    if preference.pause is not None:
        weeks = min(max(preference.pause, 0), LONGEST_PAUSE)
        until = now + timedelta(weeks=weeks) if weeks else None
        if until != subscription.paused_until:
            values["paused_until"] = until
    if not values:
        return False
    newsletter = subscription.newsletter
    statuses.adjust(connection, person.id, newsletter, values)
    detail = {name: str(value) for name, value in values.items()}
    audit.record(connection, AuditEntry(actor, "set", now, person.id, newsletter, detail))
    return True


def _ask(
    connection: sa.Connection, person: Subscriber, preferences: Preferences, rules: Rules
) -> Effects:
    """Ask by email to confirm the newsletters that were ticked and are not confirmed."""
    confirmed = {
        subscription.newsletter
        for subscription in person.subscriptions
        if subscription.state is SubscriptionState.CONFIRMED
    }
    titles = {
        key: preferences.titles[key]
        for key, preference in preferences.newsletters.items()
        if preference.wanted and key not in confirmed and key in preferences.titles
    }
    if not titles:
        return Effects("nothing to ask")
    asked = SignUp(
        EmailAddress(person.address, person.address_key),
        titles,
        (),
        preferences.language or person.language,
        preferences.source,
        preferences.wording,
        preferences.network,
    )
    return signing_up.ask(connection, person.id, asked, rules)
