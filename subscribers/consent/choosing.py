"""Preferences: topics, newsletters, frequency, language, pauses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.consent import joining, leaving
from subscribers.consent.joining import Rules, SignUp
from subscribers.consent.leaving import Farewell
from subscribers.model import (
    EmailAddress,
    Frequency,
    Outcome,
    State,
    Subscriber,
    Subscription,
    Tag,
)
from subscribers.store import audit, people, standings, tags
from subscribers.store.audit import Act

LONGEST_PAUSE = 52
"""In weeks."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of one newsletter; `pause` is in weeks, 0 ends one, None leaves it."""

    wanted: bool
    frequency: Frequency = Frequency.EACH
    pause: int | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the preference page was set to.

    `offered` are the topics that stood there, `follows` the slugs of those that were ticked: what
    was not offered stays as it is. `names` holds the other slugs under which a topic is followed. `asked` is the sign-up for what they tick anew, which has to be
    confirmed by mail: the link to this page travels in mail that people forward.
    """

    follows: frozenset[str]
    offered: Mapping[str, Tag]
    newsletters: Mapping[str, Wish]
    language: str
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    source: str = "preferences"
    wording: str = ""
    network: str = ""


def choose(connection: sa.Connection, person: Subscriber, wishes: Wishes, rules: Rules) -> Outcome:
    """Carry out what somebody set on their page.

    The outcome is saved; saved and asked; or saved, asked before: what they added was asked about
    by mail already.
    """
    detail = _topics(connection, person, wishes)
    outcomes = [_newsletter(connection, person, key, wishes, rules) for key in wishes.newsletters]
    if wishes.language and wishes.language != person.language:
        detail["language"] = [wishes.language]
    language = wishes.language or person.language
    standings.acted(connection, person.id, rules.now, language=language)
    if detail:
        audit.record(connection, Act("person", "chose", rules.now, person.id, detail=detail))
    asked = _ask(connection, person, wishes, rules)
    outcomes.append(asked)
    words = {"mailed": "saved and asked", "not mailed": "saved, asked before"}
    return Outcome(
        words.get(asked.word, "saved"),
        mails=tuple(mail for one in outcomes for mail in one.mails),
        entries=tuple(entry for one in outcomes for entry in one.entries),
    )


def _topics(connection: sa.Connection, person: Subscriber, wishes: Wishes) -> dict[str, list[str]]:
    added: list[Tag] = []
    removed: list[str] = []
    for slug, tag in wishes.offered.items():
        followed = person.slugs & (wishes.names.get(slug, frozenset()) | {slug})
        if slug in wishes.follows and not followed:
            added.append(tag)
        elif slug not in wishes.follows:
            removed.extend(sorted(followed))
    tags.give(connection, person.id, added)
    tags.take(connection, person.id, removed)
    said = {"follows": [tag.name for tag in added], "no longer": removed}
    return {name: names for name, names in said.items() if names}


def _newsletter(
    connection: sa.Connection, person: Subscriber, key: str, wishes: Wishes, rules: Rules
) -> Outcome:
    wish = wishes.newsletters[key]
    standing = person.subscription(key)
    if standing is None or standing.state is not State.CONFIRMED:
        return Outcome("unchanged")
    if not wish.wanted:
        farewell = Farewell(key, "preferences", titles=wishes.titles)
        return leaving.leave(connection, person.id, farewell, pepper=rules.pepper, now=rules.now)
    _adjust(connection, person, standing, wish, rules.now)
    return Outcome("kept")


def _adjust(
    connection: sa.Connection,
    person: Subscriber,
    standing: Subscription,
    wish: Wish,
    now: datetime,
) -> None:
    values: dict[str, object] = {}
    if wish.frequency is not standing.frequency:
        values["frequency"] = wish.frequency.value
    if wish.pause is not None:
        weeks = min(max(wish.pause, 0), LONGEST_PAUSE)
        until = now + timedelta(weeks=weeks) if weeks else None
        if until != standing.paused_until:
            values["paused_until"] = until
    if not values:
        return
    standings.adjust(connection, person.id, standing.newsletter, values)
    detail = {name: str(value) for name, value in values.items()}
    audit.record(connection, Act("person", "set", now, person.id, standing.newsletter, detail))


def _ask(connection: sa.Connection, person: Subscriber, wishes: Wishes, rules: Rules) -> Outcome:
    """Ask by mail about newsletters that were ticked and are not confirmed."""
    confirmed = {one.newsletter for one in person.subscriptions if one.state is State.CONFIRMED}
    titles = {
        key: wishes.titles[key]
        for key, wish in wishes.newsletters.items()
        if wish.wanted and key not in confirmed and key in wishes.titles
    }
    if not titles:
        return Outcome("nothing to ask")
    address = EmailAddress(person.address, person.address_key)
    language = wishes.language or person.language
    asked = SignUp(address, titles, (), language, wishes.source, wishes.wording, wishes.network)
    return joining.ask(connection, person.id, asked, rules)


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
    standings.adjust(connection, person.id, newsletter, {"paused_until": until})
    detail = {"paused_until": "" if until is None else until.isoformat()}
    audit.record(connection, Act(actor, "set", now, person.id, newsletter, detail))
