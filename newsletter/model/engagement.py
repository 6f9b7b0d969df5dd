"""Opens and clicks: what is recorded of them, and who or what caused them.

An **engagement** is one open or one click. A reader may cause several, and so may a program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from newsletter.model.event import EventKind
from newsletter.model.ticket import Ticket

Mode = Literal["readers", "totals"]

OWN = "own"
"""The source of what our own pages counted; other sources are providers."""
NO_LINK = 0
"""The link of an open, of the canary, and of a click on a link that is not counted."""

SETTLES = timedelta(minutes=2)
"""How old an engagement is when it is decided: older than a sweep, and than a batch under way."""


class Judgment(StrEnum):
    """Who caused an engagement: HUMAN, or a machine by the rule that recognized it.

    The rules are in the order in which they are tried.
    """

    HUMAN = "human"
    PROVIDER = "provider"
    """The provider says that a program opened the email."""
    CANARY = "canary"
    """The hidden link of the same email was followed."""
    AGENT = "agent"
    """The program named itself: a crawler, a scanner, or a proxy that loads images."""
    HEAD = "head"
    """Only the head of the page was requested; browsers do not do that."""
    PREFETCH = "prefetch"
    """It happened within seconds of the delivery."""
    SWEEP = "sweep"
    """Every link of the email was followed within a minute."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """What a newsletter counts. With "totals", no open or click is kept about anyone."""

    opens: bool = False
    clicks: bool = False
    mode: Mode = "readers"

    def wants(self, kind: EventKind) -> bool:
        """Return whether this kind of engagement is counted."""
        return (self.opens and kind is EventKind.OPENED) or (
            self.clicks and kind is EventKind.CLICKED
        )


@dataclass(frozen=True, slots=True)
class CountedLink:
    """A link of an edition that may be counted; `article_id` is None unless it leads to an article.

    Numbers begin with 1, in the order in which the addresses first appear.
    """

    number: int
    url: str
    article_id: int | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """One open or click.

    - `id` is unique; a provider that reports it again repeats it.
    - `seq` and `subscriber_id` are None if it names no one.
    - `sign` is the rule by which it alone shows that it is a machine's.
    - `judgment` is None until it is decided.
    """

    id: str
    kind: EventKind
    source: str
    at: datetime
    issue_id: int
    edition_id: int
    seq: int | None = None
    subscriber_id: int | None = None
    link: int = NO_LINK
    sign: Judgment | None = None
    judgment: Judgment | None = None

    @property
    def human(self) -> bool:
        """Return whether it is decided that a person caused it."""
        return self.judgment is Judgment.HUMAN


@dataclass(frozen=True, slots=True)
class Hit:
    """A request for a counted link, or for the image that counts an open.

    `agent` is what the program calls itself; it is judged and not stored. `head` is whether it
    asked for the head of the page only.
    """

    ticket: Ticket
    kind: EventKind
    at: datetime
    link: int = NO_LINK
    agent: str = ""
    head: bool = False


@dataclass(frozen=True, slots=True)
class EngagementTotal:
    """The counters of one link of an edition; `link` 0 is the edition as a whole.

    `raw` and `human` count engagements, `raw_emails` and `human_emails` the emails with at least
    one. The last two stay 0 with "totals", because they are unknown.
    """

    edition_id: int
    kind: EventKind
    link: int
    raw: int = 0
    human: int = 0
    raw_emails: int = 0
    human_emails: int = 0


@dataclass(frozen=True, slots=True)
class EngagementHour:
    """The engagements of an issue in one hour."""

    kind: EventKind
    hour: datetime
    raw: int = 0
    human: int = 0


def whole_hour(at: datetime) -> datetime:
    """Return the hour of a time."""
    return at.replace(minute=0, second=0, microsecond=0)


def totals(engagements: Sequence[Engagement]) -> dict[tuple[int, EventKind, int], list[int]]:
    """Count the decided engagements of one email, or of no one, for the counters of a total.

    The key is edition, kind and link; the value has the order of `EngagementTotal`.
    """
    counted: dict[tuple[int, EventKind, int], list[int]] = {}
    for each in engagements:
        if each.judgment is None:
            continue
        for link in {NO_LINK, each.link}:
            row = counted.setdefault((each.edition_id, each.kind, link), [0, 0, 0, 0])
            row[0] += 1
            row[1] += each.human
            if each.seq is not None:
                row[2] = 1
                row[3] |= each.human
    return counted
