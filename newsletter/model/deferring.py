"""Receiving domains that defer more emails than they accept, as far as it is reported; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby

SPAN = timedelta(minutes=5)
WINDOW = 3 * SPAN
"""A domain defers now if it deferred more than it accepted in this time."""
FEWEST = 10
"""Fewer deferrals in WINDOW say nothing about a domain."""
KEPT = timedelta(days=1)
"""How long it is known since when a domain has been deferring."""


@dataclass(frozen=True, slots=True)
class DomainSpan:
    """What a receiving domain did in the SPAN from `began`; `reason` is of one of its deferrals."""

    began: datetime
    domain: str
    deferred: int = 0
    delivered: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeferringDomain:
    """A domain that defers now, since when, and why in its own words."""

    domain: str
    since: datetime
    reason: str


@lru_cache(maxsize=4096)
def span_start(at: datetime) -> datetime:
    """Return when the SPAN of a time begins."""
    seconds = int(SPAN.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def deferring(spans: Iterable[DomainSpan], now: datetime) -> tuple[DeferringDomain, ...]:
    """Return the domains that defer now, by name."""
    ordered = sorted(spans, key=lambda span: (span.domain, span.began))
    found = (_judged(list(group), now) for _, group in groupby(ordered, lambda span: span.domain))
    return tuple(domain for domain in found if domain is not None)


def _judged(spans: Sequence[DomainSpan], now: datetime) -> DeferringDomain | None:
    """Judge one domain by its spans in order."""
    latest = [span for span in spans if now - WINDOW < span.began <= now]
    deferred = sum(span.deferred for span in latest)
    if deferred < FEWEST or deferred <= sum(span.delivered for span in latest):
        return None
    failing = [span for span in latest if span.deferred]
    since, reason = failing[0].began, failing[-1].reason
    for span in reversed(spans):
        if span.began < since:
            if span.deferred <= span.delivered:
                break
            since = span.began
    return DeferringDomain(spans[0].domain, since, reason)
