"""What the public pages show: frozen values and plain words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from babel import Locale

from newsletter.model.publication import Publication
from newsletter.model.vocabulary import topic_names, topic_tag
from newsletter.render.words import Words
from newsletter.store.people.received import Received
from subscribers.model import BY_IMPORT, Subscriber, Subscription, SubscriptionState

REASONS = {
    "": "It was sent to you.",
    "on its way": "It is on its way to you.",
    "not approved": "It is late: the editors have not finished it yet.",
    "about to leave": "It is finished and about to be sent.",
    "stopped": "Sending it was stopped for now; it may still come.",
    "called off": "The editors called this issue off.",
    "did not appear": "There was no issue this time.",
    "no issue": "There was no issue: nothing new to print.",
    "paused": "You had paused it.",
    "pending": "You had not confirmed it yet.",
    "unsubscribed": "You had left.",
    "not subscribed then": "You were not subscribed then.",
    "not subscribed": "You were not subscribed then.",
    "cancelled": "It was called back before it reached you.",
    "not in the segment": "It went to only some of our readers.",
    "frequency: weekly": "You asked for one issue a week, and had one.",
    "frequency: monthly": "You asked for one issue a month, and had one.",
    "bounced": "Your mail provider did not accept it.",
    "dropped": "Your mail provider did not accept it.",
    "refused": "Your mail provider did not accept it.",
}
"""What the words of exclusions and deliveries mean to whom they concern."""

OTHERWISE = "None of the topics you follow was in it."
BLOCKED = "We cannot send mail to your address. Write to us, and we will look into it."


@dataclass(frozen=True, slots=True)
class Choice:
    """A box to tick."""

    value: str
    label: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """One issue as its reader saw it: the day, its subject, and one sentence."""

    day: str
    subject: str
    says: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands with one newsletter, on the preference page."""

    key: str
    title: str
    ticked: bool
    frequency: str
    paused_until: str
    says: str
    arrivals: tuple[Arrival, ...]


def topic_choices(
    publication: Publication, followed: frozenset[str], language: str
) -> list[Choice]:
    """Return the topics to follow; one that is followed under another name is ticked too."""
    return [
        Choice(
            topic_tag(topic, language).slug,
            topic.label(language),
            bool(topic_names(topic) & followed),
        )
        for topic in publication.topics
    ]


def language_choices(languages: Iterable[str], chosen: str) -> list[Choice]:
    """Return the languages there are words in, each called by its own name."""
    return [
        Choice(one, Locale.parse(one.replace("-", "_")).get_display_name() or one, one == chosen)
        for one in languages
    ]


def standings(
    publication: Publication,
    person: Subscriber,
    arrivals: Mapping[str, list[Received]],
    words: Words,
    now: datetime,
) -> list[Standing]:
    """Return how somebody stands with every configured newsletter."""
    return [
        _standing(
            one.key,
            one.title,
            person,
            tuple(_arrivals(arrivals.get(one.key, []), words)),
            words,
            now,
        )
        for one in publication.newsletters
    ]


def _standing(
    key: str,
    title: str,
    person: Subscriber,
    arrivals: tuple[Arrival, ...],
    words: Words,
    now: datetime,
) -> Standing:
    present = person.subscription(key)
    paused = present.paused_until if present else None
    return Standing(
        key=key,
        title=title,
        ticked=present is not None and present.state is SubscriptionState.CONFIRMED,
        frequency=present.frequency.value if present else "each",
        paused_until=words.date(paused) if paused and paused > now else "",
        says=why_subscribed(present, words),
        arrivals=arrivals,
    )


def why_subscribed(present: Subscription | None, words: Words) -> str:
    """Say in one sentence why somebody gets a newsletter, or does not."""
    if present is None:
        return ""
    day = words.date(present.confirmed_at or present.since)
    match present.state:
        case SubscriptionState.CONFIRMED if present.origin.startswith(BY_IMPORT):
            return words.say("You get it because, as we were told, you agreed on {day}.", day=day)
        case SubscriptionState.CONFIRMED:
            return words.say("You get it because you confirmed it on {day}.", day=day)
        case SubscriptionState.PENDING:
            return words.say("It is waiting for your confirmation.")
        case SubscriptionState.UNSUBSCRIBED:
            told = "We were told on {day} that you have left."
            says = told if present.ended_by_import else "You left on {day}."
            return words.say(says, day=words.date(present.since))


def _arrivals(received: list[Received], words: Words) -> Iterable[Arrival]:
    for one in received:
        blocked = one.reason.startswith("suppressed")
        says = BLOCKED if blocked else REASONS.get(one.reason, OTHERWISE)
        yield Arrival(words.date(one.due_at), one.subject, words.say(says))
