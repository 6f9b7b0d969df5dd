"""The publication, its newsletters and topics, as the configuration describes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from newsletter.errors import NotFound
from newsletter.model.cadence import Cadence
from newsletter.model.days_off import DaysOff
from newsletter.model.engagement import Tracking
from newsletter.model.issue import Block
from newsletter.model.next_step import ConfigureNewsletter
from newsletter.model.ramp import Ramp
from newsletter.model.source import CollectLimits, Source
from subscribers.model import Frequency
from subscribers.phrase import Phrase

Provider = Literal["outbox", "smtp", "sendgrid"]
Content = Literal["followed-first", "followed", "same"]
Fill = Literal["none", "older", "other-topics"]
"""With which other articles an issue is filled that has too few."""
TooFew = Literal["skip", "hold"]
Highlights = Literal["suggest", "print", "off"]
Approval = Literal["required", "automatic"]
LatePolicy = Literal["hold", "send", "skip"]
CatchUp = Literal["latest", "all", "none"]
Welcome = Literal["next", "latest"]
SendAt = Literal["slot", "reader"]
"""Whether all readers get an issue at once, or each at the local time of their own zone."""
OnUnknown = Literal["hold", "resend"]
InactivePolicy = Literal["ask"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name (possibly empty) and an address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What an article can be about; `aliases` and labels also match a subscriber's tag."""

    slug: str
    labels: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()

    def label(self, language: str) -> str:
        """Return the topic's name in `language`, else in its first language, else its slug."""
        return _named(self.labels, language) or self.slug


def _named(labels: Iterable[tuple[str, str]], language: str) -> str:
    named = dict(labels)
    return named.get(language) or next(iter(named.values()), "")


@dataclass(frozen=True, slots=True)
class CustomField:
    """What the sign-up form asks for besides the name: plain text of at most `longest` characters.

    `labels` are by language.
    """

    key: str
    labels: tuple[tuple[str, str], ...] = ()
    required: bool = False
    longest: int = 100

    def label(self, language: str) -> str:
        """Return the field's label in `language`, else in its first language, else its key."""
        return _named(self.labels, language) or self.key


@dataclass(frozen=True, slots=True)
class Brand:
    """A publisher's own look; what is empty falls back to the house's."""

    accent: str = "#8c1d2f"
    accent_dark: str = "#f0a9b1"
    paper: str = "#fffdf9"
    logo: str = ""
    logo_dark: str = ""
    logo_width: int = 240
    logo_alt: str = ""
    serif: str = "Georgia, 'Times New Roman', serif"
    sans: str = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
    footer: str = ""


@dataclass(frozen=True, slots=True)
class ItemLimits:
    """How many items an edition holds in full."""

    min: int = 1
    max: int = 8


@dataclass(frozen=True, slots=True)
class Department:
    """A section of an issue: articles on these topics or from these sources, under a heading.

    `topics` are slugs. `most` limits the items in full; 0 is no limit.
    """

    title: str
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    most: int = 0


@dataclass(frozen=True, slots=True)
class Late:
    """What happens to an issue that is not approved when its slot comes."""

    grace: timedelta = timedelta(hours=2)
    then: LatePolicy = "hold"


RARE = {
    Frequency.WEEKLY: timedelta(days=6, hours=12),
    Frequency.MONTHLY: timedelta(days=27, hours=12),
}
"""A newsletter with at least this much time between issues needs no digest of this frequency."""


WEEKLY, MONTHLY = Cadence.parse("sat 09:00"), Cadence.parse("1st sat 09:00")


@dataclass(frozen=True, slots=True)
class Digests:
    """When the digests are due, for subscribers who do not want each issue."""

    weekly: Cadence = WEEKLY
    monthly: Cadence = MONTHLY


@dataclass(frozen=True, slots=True)
class Inactive:
    """When subscribers are asked whether they still want a newsletter.

    `after` is how long someone has shown no sign of reading it; `answer` is how long they have to
    answer before the subscription is paused.
    """

    after: timedelta = timedelta(days=180)
    answer: timedelta = timedelta(days=14)
    then: InactivePolicy = "ask"


@dataclass(frozen=True, slots=True)
class Alerts:
    """How a newsletter with the cadence "on-publish" sends new articles.

    `delay` leaves time to withdraw an article; `per_day` limits the emails to one subscriber.
    `repeat` lets other newsletters print an article to those who were alerted about it.
    """

    delay: timedelta = timedelta(minutes=10)
    per_day: int = 3
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A recurring title of the publication.

    `reader_zones` are not configured: the database knows them.
    """

    key: str
    title: str
    language: str
    timezone: ZoneInfo
    cadence: Cadence
    segment: str = "everyone"
    content: Content = "followed-first"
    layout: str = "brief"
    items: ItemLimits = ItemLimits()
    fill: Fill = "none"
    too_few: TooFew = "skip"
    highlights: Highlights = "suggest"
    approval: Approval = "required"
    approvals: int = 1
    lead: timedelta = timedelta(days=3)
    approve_by: timedelta = timedelta(hours=1)
    late: Late = Late()
    catch_up: CatchUp = "latest"
    days_off: DaysOff = field(default_factory=DaysOff)
    send_at: SendAt = "slot"
    reader_zones: tuple[ZoneInfo, ...] = ()
    undo: timedelta = timedelta(minutes=10)
    spread: timedelta = timedelta(0)
    quiet: str = ""
    on_unknown: OnUnknown = "hold"
    max_age: timedelta = timedelta(days=30)
    max_editions: int = 200
    subject: str = ""
    subject_prefix: str = ""
    sources: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    topics_shown: int = 2
    languages: tuple[str, ...] = ()
    utm: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()
    sections: tuple[Department, ...] = ()
    tracking: Tracking = field(default_factory=Tracking)
    digests: Digests = Digests()
    welcome: Welcome = "next"
    alerts: Alerts = Alerts()
    inactive: Inactive | None = None
    public: bool = True
    archive: bool = True
    noindex: bool = False
    description: str = ""
    sender: Mailbox | None = None
    reply_to: Mailbox | None = None
    brand: Brand | None = None

    @property
    def send_zones(self) -> tuple[ZoneInfo, ...]:
        """Return the zones in which an issue is due at its local time; none if all get it at once."""
        return (self.timezone, *self.reader_zones) if self.send_at == "reader" else ()

    @property
    def digest_cadences(self) -> dict[Frequency, Cadence]:
        """Return the digests that subscribers need, because issues come more often."""
        due = {Frequency.WEEKLY: self.digests.weekly, Frequency.MONTHLY: self.digests.monthly}
        spacing = self.cadence.spacing()
        return {frequency: due[frequency] for frequency in due if spacing < RARE[frequency]}


@dataclass(frozen=True, slots=True)
class Dkim:
    """How emails are signed: `key` is the file of the private RSA key whose public half is in DNS."""

    selector: str
    domain: str
    key: Path


@dataclass(frozen=True, slots=True)
class SmtpUse:
    """How hard the SMTP server is used.

    `per_connection` limits the messages over one connection, and `rate` the recipients per second.
    Both are unlimited at 0. `domains` limits the recipients per second of receiving domains.
    """

    connections: int = 4
    per_connection: int = 0
    rate: float = 0
    domains: tuple[tuple[str, float], ...] = ()
    dkim: Dkim | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """The house: one installation, one configuration, one database.

    `alerts` gets the alerts for staff, `leave_mailto` takes unsubscribes by email, and bounces go to
    the mailbox `bounces`; each may be empty. With `sync_suppressions`, a pass compares our suppressions
    with the provider's once a day. `former_urls` are in emails that were sent before. `origins` are the words by which sign-up forms name where a reader
    came from.
    `rate` limits recipients a second, 0 is no limit; `ramp` what a new sender domain bears a day.
    `lanes` limits the batches that are being submitted to an API at once, over all machines.
    """

    name: str
    url: str
    timezone: ZoneInfo
    language: str
    sender: Mailbox
    reply_to: Mailbox | None
    postal_address: str
    provider: Provider
    topics: tuple[Topic, ...] = ()
    fields: tuple[CustomField, ...] = ()
    sources: tuple[Source, ...] = ()
    newsletters: tuple[Newsletter, ...] = ()
    segments: tuple[tuple[str, str], ...] = ()
    brand: Brand = field(default_factory=Brand)
    checks: tuple[tuple[str, str], ...] = ()
    alerts: str = ""
    leave_mailto: str = ""
    bounces: str = ""
    sync_suppressions: bool = False
    origins: tuple[str, ...] = ()
    former_urls: tuple[str, ...] = ()
    rate: float = 0
    ramp: Ramp | None = None
    lanes: int = 32
    smtp: SmtpUse = SmtpUse()
    collecting: CollectLimits = field(default_factory=CollectLimits)

    @property
    def domain(self) -> str:
        """Return the domain by which receivers know us."""
        return self.sender.address.rpartition("@")[2]

    def for_newsletter(self, newsletter: Newsletter) -> "Publication":
        """Return the publication with the sender, the reply address and the look of a newsletter."""
        return replace(
            self,
            sender=newsletter.sender or self.sender,
            reply_to=newsletter.reply_to or self.reply_to,
            brand=newsletter.brand or self.brand,
        )

    @property
    def asks_for_zones(self) -> bool:
        """Return whether the time zone of a reader matters to any newsletter."""
        return any(newsletter.send_at == "reader" for newsletter in self.newsletters)

    @property
    def alerting(self) -> tuple[str, ...]:
        """Return the newsletters whose alerts are not repeated by others."""
        return tuple(
            newsletter.key
            for newsletter in self.newsletters
            if newsletter.cadence.on_publish and not newsletter.alerts.repeat
        )

    @property
    def shortest_delay(self) -> timedelta | None:
        """Return the shortest delay of an alert; None if no newsletter is sent on publishing."""
        delays = (each.alerts.delay for each in self.newsletters if each.cadence.on_publish)
        return min(delays, default=None)

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages in which its newsletters are written or print articles."""
        named = (
            language
            for newsletter in self.newsletters
            for language in (newsletter.language, *newsletter.languages)
        )
        return tuple(dict.fromkeys((self.language, *named)))

    def newsletter(self, key: str) -> Newsletter | None:
        """Return the newsletter called `key`, or None."""
        return next((found for found in self.newsletters if found.key == key), None)

    def source(self, key: str) -> Source:
        """Return the source called `key`; raise NotFound."""
        found = next((source for source in self.sources if source.key == key), None)
        if found is None:
            msg = Phrase("there is no source “{key}”", key=key)
            raise NotFound(msg)
        return found

    def require_newsletter(self, key: str) -> Newsletter:
        """Return the newsletter called `key`; raise NotFound, which names those that exist."""
        found = self.newsletter(key)
        if found is None:
            known = ", ".join(newsletter.key for newsletter in self.newsletters) or "none"
            msg = Phrase(
                "There is no newsletter “{key}” in newsletter.toml. Configured: {known}.",
                key=key,
                known=known,
            )
            raise NotFound(msg, next_step=ConfigureNewsletter(key))
        return found
