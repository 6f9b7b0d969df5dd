"""The report of a newsletter: how its list grew and shrank. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from newsletter.model.issue_report import Engaged


@dataclass(frozen=True, slots=True)
class MonthReport:
    """What a newsletter won and lost in the month that begins on `first`, by change."""

    first: date
    changes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TopicDemand:
    """A topic: its followers, and the clicks on its articles."""

    topic: str
    followers: int
    clicks: Engaged


@dataclass(frozen=True, slots=True)
class ArticleClicks:
    """An article and the clicks on it."""

    title: str
    clicks: Engaged


@dataclass(frozen=True, slots=True)
class NewsletterReport:
    """Everything that is known of a newsletter, newest month first.

    `since` and `until` are the first and the last UTC day that was counted, None before the first
    count. `ages` has the subscriptions by age group, `asks` says whether inactive ones are asked and
    paused. `silent` is how many subscribers opened and clicked nothing for so many days; it is empty
    unless opens or clicks have been counted for that long. `issues` is how many issues the clicks come from; `counts_clicks` whether any are counted.
    """

    newsletter: str
    title: str
    since: date | None
    until: date | None
    months: tuple[MonthReport, ...]
    ages: Mapping[str, int]
    asks: bool
    silent: Mapping[int, int]
    issues: int
    counts_clicks: bool
    topics: tuple[TopicDemand, ...]
    articles: tuple[ArticleClicks, ...]
