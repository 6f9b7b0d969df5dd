"""When an issue pauses itself: too many complaints, bounces or failures of the provider."""

from dataclasses import dataclass
from datetime import timedelta

COMPLAINTS = 0.001
BOUNCES = 0.02
FEWEST_COMPLAINTS = 3
FEWEST_BOUNCES = 10
FAILURES = 5
REFUSALS = 20
FAILURE_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Reputation:
    """What is known of an issue so far.

    Of the last minutes: `failures` are batches that became unknown or refused, `refusals` attempts
    that were refused, also those after which a batch was cut in two.
    """

    submitted: int
    complained: int = 0
    bounced: int = 0
    failures: int = 0
    refusals: int = 0


def verdict(seen: Reputation) -> str:
    """Return why the issue must pause, or an empty word; a few cases in a small issue do not."""
    base = max(seen.submitted, 1)
    if seen.complained >= FEWEST_COMPLAINTS and seen.complained / base >= COMPLAINTS:
        return f"{seen.complained} of {seen.submitted} complained (limit {COMPLAINTS:.1%})"
    if seen.bounced >= FEWEST_BOUNCES and seen.bounced / base >= BOUNCES:
        return f"{seen.bounced} of {seen.submitted} bounced for good (limit {BOUNCES:.0%})"
    minutes = int(FAILURE_WINDOW.total_seconds() // 60)
    if seen.failures >= FAILURES:
        what = f"refused or gave no clear answer to {seen.failures} batches"
        return f"the provider {what} in {minutes} minutes"
    if seen.refusals >= REFUSALS:
        return f"the provider refused {seen.refusals} attempts in {minutes} minutes"
    return ""
