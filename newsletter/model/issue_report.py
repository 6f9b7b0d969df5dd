"""The report of an issue: where its recipients are, and what they did. Values and pure rules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import median

from newsletter.model.event import EventKind
from newsletter.model.states import DeliveryState

COMPARED = 10
"""How many earlier issues a report compares with."""
FEWEST_COMPARED = 3
"""With fewer earlier issues, a median says nothing."""


class Gap(StrEnum):
    """Why a number is not known. A report never shows 0 for what was not reported."""

    OUTBOX = "outbox"
    """The emails were written to a folder."""
    SMTP = "smtp"
    """SMTP does not report that an email was delivered."""
    NO_MAILBOX = "no mailbox"
    """No mailbox is configured to which emails come back."""
    NOTHING_YET = "nothing yet"
    """The provider reports it, but no report has arrived."""


class Measure(StrEnum):
    """A share of the submitted emails, by which issues are compared."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    OPENED = "opened"
    CLICKED = "clicked"


REPORTED = (
    DeliveryState.DELIVERED,
    DeliveryState.DEFERRED,
    DeliveryState.BLOCKED,
    DeliveryState.BOUNCED,
    DeliveryState.DROPPED,
    DeliveryState.COMPLAINED,
)
"""The states that are known only if they are reported after the submission."""


@dataclass(frozen=True, slots=True)
class RecipientCounts:
    """Recipients of an issue, of one edition, or of one domain; each counts once.

    `planned` is how many were chosen; the reported states say where the submitted ones are.
    """

    planned: int = 0
    submitted: int = 0
    refused: int = 0
    withdrawn: int = 0
    reported: Mapping[DeliveryState, int] = field(default_factory=dict)

    @property
    def arrived(self) -> int:
        """Return how many emails were delivered; only a delivered email causes a complaint."""
        states = (DeliveryState.DELIVERED, DeliveryState.COMPLAINED)
        return sum(self.reported.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class Engaged:
    """Opens or clicks, as they were recorded and by people.

    `raw` and `human` count each of them; `emails` and `human_emails` the emails with at least one,
    which are 0 if the newsletter counts totals only.
    """

    raw: int = 0
    human: int = 0
    emails: int = 0
    human_emails: int = 0

    @property
    def people(self) -> int | None:
        """Return how many emails people opened or clicked in; None if only totals are counted."""
        return None if self.raw and not self.emails else self.human_emails

    def __add__(self, other: "Engaged") -> "Engaged":
        """Return the sums."""
        return Engaged(
            self.raw + other.raw,
            self.human + other.human,
            self.emails + other.emails,
            self.human_emails + other.human_emails,
        )


@dataclass(frozen=True, slots=True)
class Period:
    """What happened in an hour (or, after three days, a day) that begins at `at`."""

    at: datetime
    submitted: int = 0
    events: Mapping[EventKind, int] = field(default_factory=dict)
    opened: int = 0
    clicked: int = 0


@dataclass(frozen=True, slots=True)
class EditionReport:
    """One edition: what is in it, and what became of it."""

    seq: int
    title: str
    more: int
    reach: RecipientCounts
    clicks: Engaged


@dataclass(frozen=True, slots=True)
class DomainReport:
    """One receiving domain ("": all others): its recipients, and the events that it caused.

    An email can cause several events: it is deferred, and then delivered.
    """

    domain: str
    planned: int
    events: Mapping[EventKind, int]


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic of the issue: the articles with it, who was sent one of them, and their clicks."""

    topic: str
    articles: int
    recipients: int
    clicks: Engaged


@dataclass(frozen=True, slots=True)
class LinkReport:
    """One link, in all editions together; `title` is that of the article that it leads to."""

    url: str
    title: str
    clicks: Engaged


@dataclass(frozen=True, slots=True)
class MeasureComparison:
    """A measure of this issue, and its median over `issues` earlier ones; None if not known."""

    measure: Measure
    share: float | None
    usual: float | None
    issues: int


@dataclass(frozen=True, slots=True)
class IssueReport:
    """Everything that is known of an issue. `opens` and `clicks` are None if they are not tracked.

    `positions` add up to `reach.planned`. `gaps` says for each reported state why it may be higher
    than its number.
    """

    issue_id: int
    newsletter: str
    name: str
    subject: str
    state: str
    began: datetime | None
    submitted_at: datetime | None
    reach: RecipientCounts
    positions: Mapping[str, int]
    excluded: Mapping[str, int]
    gaps: Mapping[DeliveryState, Gap]
    unsubscribed: int
    opens: Engaged | None
    clicks: Engaged | None
    periods: tuple[Period, ...]
    editions: tuple[EditionReport, ...]
    domains: tuple[DomainReport, ...]
    topics: tuple[TopicReport, ...]
    links: tuple[LinkReport, ...]
    comparisons: tuple[MeasureComparison, ...]


def gaps(providers: Collection[str], *, mailbox: bool, heard: bool) -> dict[DeliveryState, Gap]:
    """Return which states are not reported by the providers of an issue, and why.

    `mailbox` says whether emails that come back are read, `heard` whether any report has arrived.
    """
    found: dict[DeliveryState, Gap] = {}
    for provider in sorted(providers):
        for state in REPORTED:
            gap = _gap(provider, state, mailbox=mailbox, heard=heard)
            if gap is not None:
                found.setdefault(state, gap)
    return found


def _gap(provider: str, state: DeliveryState, *, mailbox: bool, heard: bool) -> Gap | None:
    match provider:
        case "outbox":
            return Gap.OUTBOX
        case "smtp" if state in {DeliveryState.DELIVERED, DeliveryState.DROPPED}:
            return Gap.SMTP
        case "smtp":
            return None if mailbox else Gap.NO_MAILBOX
        case _:
            return None if heard else Gap.NOTHING_YET


def compared(
    present: Mapping[Measure, float | None], earlier: Sequence[Mapping[Measure, float | None]]
) -> tuple[MeasureComparison, ...]:
    """Compare the measures of an issue with the medians of earlier ones.

    An issue of which a measure is not known does not count for it.
    """
    found = []
    for measure in Measure:
        known = [value for each in earlier if (value := each.get(measure)) is not None]
        usual = median(known) if len(known) >= FEWEST_COMPARED else None
        found.append(MeasureComparison(measure, present.get(measure), usual, len(known)))
    return tuple(found)


def measures(
    reach: RecipientCounts,
    unknown: Collection[DeliveryState],
    unsubscribed: int,
    opens: Engaged | None,
    clicks: Engaged | None,
) -> dict[Measure, float | None]:
    """Return the measures of an issue; None for what is not known."""
    numbers = {
        Measure.DELIVERED: None if DeliveryState.DELIVERED in unknown else reach.arrived,
        Measure.BOUNCED: _reported(reach, DeliveryState.BOUNCED, unknown),
        Measure.COMPLAINED: _reported(reach, DeliveryState.COMPLAINED, unknown),
        Measure.UNSUBSCRIBED: unsubscribed,
        Measure.OPENED: opens.people if opens else None,
        Measure.CLICKED: clicks.people if clicks else None,
    }
    return {
        measure: None if number is None or not reach.submitted else number / reach.submitted
        for measure, number in numbers.items()
    }


def _reported(
    reach: RecipientCounts, state: DeliveryState, unknown: Collection[DeliveryState]
) -> int | None:
    number = reach.reported.get(state, 0)
    return None if state in unknown and not number else number
