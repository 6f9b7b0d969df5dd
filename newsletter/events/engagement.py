"""Who caused the opens and clicks of an email, a person or a machine; pure.

What a request shows alone is known when it arrives. The rest needs what happened before and
after it in the same email, so it is decided later, and again whenever more arrives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.model.engagement import NO_LINK, Engagement, Judgment

PREFETCH = timedelta(seconds=10)
"""Scanners look at an email when it is delivered."""
SWEEP = timedelta(minutes=1)
FEWEST_SWEPT = 3
"""A reader may well follow both links of a short email within a minute."""


@dataclass(frozen=True, slots=True)
class Email:
    """What is known of the email that was opened.

    `delivered_at` is None if it is unknown; `links` is how many links it has that are counted.
    """

    delivered_at: datetime | None = None
    links: int = 0


def judge(found: Sequence[Engagement], email: Email) -> list[Engagement]:
    """Return all engagements of one email, each with its judgment."""
    canary = any(each.sign is Judgment.CANARY for each in found)
    sweeps = list(_sweeps(found, email.links))
    return [
        replace(each, judgment=each.sign or _judged(each, email, sweeps, canary=canary))
        for each in found
    ]


def judge_alone(each: Engagement) -> Engagement:
    """Return an engagement that names no email, with its judgment."""
    return replace(each, judgment=each.sign or Judgment.HUMAN)


def _judged(
    each: Engagement, email: Email, sweeps: Sequence[datetime], *, canary: bool
) -> Judgment:
    if canary:
        return Judgment.CANARY
    if email.delivered_at is not None and each.at <= email.delivered_at + PREFETCH:
        return Judgment.PREFETCH
    if any(begin <= each.at <= begin + SWEEP for begin in sweeps):
        return Judgment.SWEEP
    return Judgment.HUMAN


def _sweeps(found: Sequence[Engagement], links: int) -> Iterator[datetime]:
    """Yield when each minute began in which all links were followed."""
    if links < FEWEST_SWEPT:
        return
    clicks = [each for each in found if each.link != NO_LINK]
    for first in clicks:
        end = first.at + SWEEP
        followed = {click.link for click in clicks if first.at <= click.at <= end}
        if len(followed) >= links:
            yield first.at
