"""Preferences: topics, newsletters, frequency, language, pauses."""

from collections.abc import Mapping
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
)
from subscribers.store import audit, people, statuses, tags
from subscribers.store.audit import AuditEntry

LONGEST_PAUSE = 52
"""In weeks."""


@dataclass(frozen=True, slots=True)
class NewsletterPreference:
    """What somebody wants of one newsletter; `pause` is in weeks, 0 ends one, None leaves it."""

    wanted: bool
    frequency: Frequency = Frequency.EACH
    pause: int | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the preference page was set to.

    `offered` are the topics that stood there, `follows` the slugs of those that were ticked: what
    was not offered stays as it is. `names` holds the other slugs under which a topic is followed. `asked` is the sign-up for what they tick anew, which has to be
    confirmed by mail: the link to this page travels in mail that people forward.
    """

    follows: frozenset[str]
    offered: Mapping[str, Tag]
    newsletters: Mapping[str, NewsletterPreference]
    language: str
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    source: str = "preferences"
    wording: str = ""
    network: str = ""


def choose(
    connection: sa.Connection, person: Subscriber, preferences: Preferences, rules: Rules
) -> Effects:
    """Carry out what somebody set on their page.

    The outcome is saved; saved and asked; or saved, asked before: what they added was asked about
    by mail already.
    """
    detail = _topics(connection, person, preferences)
    outcomes = [
        _newsletter(connection, person, key, preferences, rules) for key in preferences.newsletters
    ]
    if preferences.language and preferences.language != person.language:
        detail["language"] = [preferences.language]
    language = preferences.language or person.language
    statuses.acted(connection, person.id, rules.now, language=language)
    if detail:
        audit.record(connection, AuditEntry(READER, "chose", rules.now, person.id, detail=detail))
    asked = _ask(connection, person, preferences, rules)
    outcomes.append(asked)
    words = {"mailed": "saved and asked", "not mailed": "saved, asked before"}
    return Effects(
        words.get(asked.outcome, "saved"),
        notices=tuple(mail for one in outcomes for mail in one.notices),
        entries=tuple(entry for one in outcomes for entry in one.entries),
    )


def _topics(
    connection: sa.Connection, person: Subscriber, preferences: Preferences
) -> dict[str, list[str]]:
    added: list[Tag] = []
    removed: list[str] = []
    for slug, tag in preferences.offered.items():
        followed = person.slugs & (preferences.names.get(slug, frozenset()) | {slug})
        if slug in preferences.follows and not followed:
            added.append(tag)
        elif slug not in preferences.follows:
            removed.extend(sorted(followed))
    tags.give(connection, person.id, added)
    tags.take(connection, person.id, removed)
    said = {"follows": [tag.name for tag in added], "no longer": removed}
    return {name: names for name, names in said.items() if names}


def _newsletter(
    connection: sa.Connection, person: Subscriber, key: str, preferences: Preferences, rules: Rules
) -> Effects:
    preference = preferences.newsletters[key]
    standing = person.subscription(key)
    if standing is None or standing.state is not SubscriptionState.CONFIRMED:
        return Effects("unchanged")
    if not preference.wanted:
        farewell = Unsubscribe(key, "preferences", titles=preferences.titles)
        return unsubscribing.unsubscribe(
            connection, person.id, farewell, pepper=rules.pepper, now=rules.now
        )
    _adjust(connection, person, standing, preference, rules.now)
    return Effects("kept")


def _adjust(
    connection: sa.Connection,
    person: Subscriber,
    standing: Subscription,
    preference: NewsletterPreference,
    now: datetime,
) -> None:
    values: dict[str, object] = {}
    if preference.frequency is not standing.frequency:
        values["frequency"] = preference.frequency.value
    if preference.pause is not None:
        weeks = min(max(preference.pause, 0), LONGEST_PAUSE)
        until = now + timedelta(weeks=weeks) if weeks else None
        if until != standing.paused_until:
            values["paused_until"] = until
    if not values:
        return
    statuses.adjust(connection, person.id, standing.newsletter, values)
    detail = {name: str(value) for name, value in values.items()}
    audit.record(connection, AuditEntry(READER, "set", now, person.id, standing.newsletter, detail))


def _ask(
    connection: sa.Connection, person: Subscriber, preferences: Preferences, rules: Rules
) -> Effects:
    """Ask by mail about newsletters that were ticked and are not confirmed."""
    confirmed = {
        one.newsletter for one in person.subscriptions if one.state is SubscriptionState.CONFIRMED
    }
    titles = {
        key: preferences.titles[key]
        for key, preference in preferences.newsletters.items()
        if preference.wanted and key not in confirmed and key in preferences.titles
    }
    if not titles:
        return Effects("nothing to ask")
    address = EmailAddress(person.address, person.address_key)
    language = preferences.language or person.language
    asked = SignUp(
        address, titles, (), language, preferences.source, preferences.wording, preferences.network
    )
    return signing_up.ask(connection, person.id, asked, rules)


def present(connection: sa.Connection, subscriber_id: int) -> Subscriber | None:
    """Return the person that a preference page is about, or None."""
    return people.load(connection, subscriber_id)


def pause(
    connection: sa.Connection,
    person: Subscriber,
    newsletter: str,
    until: datetime | None,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Pause a newsletter until a time, or end the pause with None."""
    statuses.adjust(connection, person.id, newsletter, {"paused_until": until})
    detail = {"paused_until": "" if until is None else until.isoformat()}
    audit.record(connection, AuditEntry(actor, "set", now, person.id, newsletter, detail))
