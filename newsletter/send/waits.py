"""Why what is left of an issue does not leave now, until when, and what a person can do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.quiet import Quiet
from newsletter.model.states import IssueState
from newsletter.send import volume
from newsletter.store.sending import batches

ROUNDED = timedelta(seconds=1)
"""How far two times may differ that were written down as one."""


@dataclass(frozen=True, slots=True)
class Around:
    """What decides whether something may leave: the configuration, the providers set up, now."""

    publication: Publication
    providers: Collection[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """What of an issue waits for one provider.

    `not_before` is when the first batch may leave, `free_at` when the provider takes the next one,
    `ramp_at` when a new sender domain may send more; each is None where it is now.
    """

    issue_id: int
    provider: str
    people: int
    not_before: datetime | None
    free_at: datetime | None
    ramp_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Why some people of an issue wait; `until` is None where no time will end it."""

    provider: str
    people: int
    says: str
    until: datetime | None = None
    for_a_person: bool = False


def of(connection: sa.Connection, issue: Issue, around: Around) -> tuple[Wait, ...]:
    """Return what keeps the rest of an issue that is leaving, by provider."""
    if issue.state is not IssueState.SUBMITTING:
        return ()
    newsletter = around.publication.newsletter(issue.newsletter)
    opens = volume.opens_at(connection, around.publication, around.now)
    return tuple(
        why(_rest(issue.id, row, opens), around, newsletter)
        for row in batches.yet_to_leave(connection, issue.id)
    )


def _rest(issue_id: int, row: Mapping[Any, Any], opens: datetime | None) -> Rest:
    free = row["free_at"]
    return Rest(
        issue_id,
        row["provider"],
        int(row["people"]),
        row["not_before"],
        datetime.fromtimestamp(free, UTC) if free else None,
        opens,
        row["reason"],
    )


def why(rest: Rest, around: Around, newsletter: Newsletter | None) -> Wait:
    """Decide what keeps these people waiting; the gravest cause is the one that is said."""
    if rest.provider not in around.providers:
        return Wait(rest.provider, rest.people, _missing(rest, around), for_a_person=True)
    zone = newsletter.timezone if newsletter else around.publication.timezone
    says, until, reason = _timed(rest, around, newsletter)
    at = f" {until.astimezone(zone):%a %d %b %H:%M %Z}" if until else ""
    because = f" ({reason})" if reason else ""
    return Wait(rest.provider, rest.people, f"{says}{at}{because}", until)


def _missing(rest: Rest, around: Around) -> str:
    others = [around.publication.provider, *sorted(around.providers, key="outbox".__eq__)]
    other = next(one for one in others if one in around.providers)
    return (
        f"{rest.provider} is not set up; put its secret into .env, or"
        f" `newsletter send {rest.issue_id} --move {other}`"
    )


def _timed(
    rest: Rest, around: Around, newsletter: Newsletter | None
) -> tuple[str, datetime | None, str]:
    """Return the words before a time, the time, if there is one, and what the provider said."""
    quiet = Quiet.parse(newsletter.quiet) if newsletter else None
    if newsletter and quiet and quiet.covers(local := around.now.astimezone(newsletter.timezone)):
        return "quiet hours until", quiet.over(local), ""
    if rest.ramp_at:
        says = "the sender domain is new and has had its share of today; the next batch leaves"
        return says, rest.ramp_at, ""
    return _paced(rest, around)


def _paced(rest: Rest, around: Around) -> tuple[str, datetime | None, str]:
    """Say what our own pace or the provider's holds back."""
    free = rest.free_at or around.now
    if rest.not_before and rest.not_before > max(around.now, free + ROUNDED):
        return "spread out; the next batch leaves", rest.not_before, ""
    if free <= around.now:
        return "the next batch leaves with the next pass", None, rest.reason
    if around.publication.rate and not rest.reason:
        says = f"the rate of {around.publication.rate:g} a second; the next batch leaves"
        return says, free, ""
    return f"{rest.provider} asked to wait until", free, rest.reason
