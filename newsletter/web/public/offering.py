"""What the public pages offer: newsletters with their next issue, and what the form asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.model import links
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Timing, digest_key, digest_timings
from newsletter.model.vocabulary import topic_names
from newsletter.render.catalog import Catalog
from newsletter.store.content import archive, pauses, slots
from subscribers.model import AUTHOR, MUTE, Frequency
from subscribers.segment import may_match, names, parse

NAME = "name"
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """A newsletter on the sign-up form: what it is about, and when its next issue comes out.

    `sample` is the address of the latest issue that anyone may read, empty if there is none.
    """

    value: str
    label: str
    selected: bool
    description: str
    next_issue: str
    sample: str


@dataclass(frozen=True, slots=True)
class AskedField:
    """The name or a configured field on a form; `value` is what was typed before a mistake.

    `on_file` says that the subscriber has answered: the answer is not shown, because the links to
    the preference page get forwarded.
    """

    key: str
    label: str
    longest: int
    required: bool = False
    value: str = ""
    on_file: bool = False

    @property
    def input(self) -> str:
        """Return the name of the input."""
        return self.key if self.key == NAME else f"field.{self.key}"

    @property
    def missing(self) -> bool:
        """Return whether the form must not be sent like this."""
        return self.required and not self.value


def asked_fields(publication: Publication, catalog: Catalog) -> tuple[AskedField, ...]:
    """Return what the forms ask for: the name, then the configured fields in their order."""
    name = AskedField(NAME, catalog.text("form.name"), LONGEST_NAME)
    own = (
        AskedField(field.key, field.label(catalog.language), field.longest, field.required)
        for field in publication.fields
    )
    return (name, *own)


def newsletter_choices(
    connection: sa.Connection,
    publication: Publication,
    selected: frozenset[str],
    catalog: Catalog,
    now: datetime,
) -> tuple[Offer, ...]:
    """Return the newsletters that the sign-up form offers."""
    return tuple(
        Offer(
            newsletter.key,
            newsletter.title,
            newsletter.key in selected,
            newsletter.description,
            _next_issue(newsletter, next_due(connection, newsletter, now), catalog),
            _sample(connection, publication, newsletter),
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


def _sample(connection: sa.Connection, publication: Publication, newsletter: Newsletter) -> str:
    """Return the public address of the latest issue; "" before the first one and without an archive."""
    latest = archive.listed(connection, newsletter.key, limit=1) if newsletter.archive else []
    return links.archived(publication.url, newsletter.key, latest[0].id) if latest else ""


def next_due(
    connection: sa.Connection, newsletter: Newsletter, now: datetime
) -> dict[Frequency, datetime]:
    """Return when the next issue, and the next digest of each frequency, is due.

    An issue that was sent ahead of its slot is not the next one. Alerts are never due.
    """
    newsletter = pauses.applied(connection, newsletter)
    timings = {Frequency.EACH: (newsletter.key, Timing.of(newsletter))} | {
        frequency: (digest_key(newsletter.key, frequency), timing)
        for frequency, timing in digest_timings(newsletter).items()
    }
    found = {}
    for frequency, (key, timing) in timings.items():
        slot = next(slots.announced(connection, key, timing, now), None)
        if slot is not None:
            zone = newsletter.timezone
            found[frequency] = slot.wall(zone).replace(tzinfo=zone)
    return found


def _next_issue(newsletter: Newsletter, due: Mapping[Frequency, datetime], catalog: Catalog) -> str:
    """Say when the next issue comes out, in the zone of the newsletter."""
    if Frequency.EACH not in due:
        return catalog.text("preferences.alerts_hint", most=newsletter.alerts.per_day)
    day = catalog.date(due[Frequency.EACH].astimezone(newsletter.timezone), "date.full")
    return catalog.text("form.next_issue", day=day)


def archived(publication: Publication) -> tuple[Newsletter, ...]:
    """Return the newsletters whose past issues anyone may read."""
    return tuple(newsletter for newsletter in offers(publication) if newsletter.archive)
