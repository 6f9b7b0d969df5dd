"""Why the rest of an issue is not submitted now, until when, and what a person can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.issue import Issue
from newsletter.model.next_step import MoveIssue, NextStep
from newsletter.model.publication import Newsletter
from newsletter.model.quiet import Quiet
from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm
from newsletter.send import volume
from newsletter.send.context import SendingContext
from newsletter.store.sending import arms, totals
from newsletter.store.sending.totals import Remainder
from subscribers.phrase import Phrase

ROUNDED = timedelta(seconds=1)
"""How far two times may differ that were stored as one: `free_at` is a float."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Why some recipients of an issue wait.

    `until` is None if no time will end the wait; `next_step` is what a person can do about it.
    """

    provider: str
    people: int
    message: str
    until: datetime | None = None
    next_step: NextStep | None = None

    @property
    def for_a_person(self) -> bool:
        """Whether only a person can end the wait."""
        return self.next_step is not None


def of(connection: sa.Connection, issue: Issue, context: SendingContext) -> tuple[Wait, ...]:
    """Return why the rest of an issue that is being submitted waits, by provider."""
    if issue.state is not IssueState.SUBMITTING:
        return ()
    newsletter = context.publication.newsletter(issue.newsletter)
    ramp_at = volume.opens_at(connection, context.publication, context.now)
    timed = [
        explain(issue, remainder, ramp_at, context, newsletter)
        for remainder in totals.remaining(connection, issue.id)
    ]
    return (*timed, *_undecided(connection, issue, context, newsletter))


def _undecided(
    connection: sa.Connection,
    issue: Issue,
    context: SendingContext,
    newsletter: Newsletter | None,
) -> Iterator[Wait]:
    """Yield the wait of the recipients who get the better of two subjects."""
    if issue.winner is not None or issue.decides_at is None:
        return
    zone = newsletter.timezone if newsletter else context.publication.timezone
    at = issue.decides_at.astimezone(zone)
    for total in arms.totals(connection, issue.id):
        if total.arm is Arm.REST and total.waiting:
            message = Phrase(
                "the better subject; if no one chooses it, subject A goes out {at:%a %d %b %H:%M %Z}",
                at=at,
            )
            yield Wait("", total.waiting, message, issue.decides_at)


def explain(
    issue: Issue,
    remainder: Remainder,
    ramp_at: datetime | None,
    context: SendingContext,
    newsletter: Newsletter | None,
) -> Wait:
    """Return the most serious reason why these recipients wait.

    `ramp_at` is when a new sender domain may send more, None if it may now.
    """
    provider, people = remainder.provider, remainder.people
    if provider not in context.providers:
        step = MoveIssue(issue.id, _alternative(context))
        absent = Phrase("{provider} is not set up; add its secret to .env", provider=provider)
        return Wait(provider, people, absent, None, step)
    zone = newsletter.timezone if newsletter else context.publication.timezone
    message, until, reason = _timed(remainder, ramp_at, context, newsletter)
    because = Phrase(" ({reason})", reason=reason) if reason else ""
    if until and until == remainder.not_before and issue.ends_at and not reason:
        last = issue.ends_at.astimezone(zone)
        message = Phrase("each reader's own time; the next batch goes out")
        because = Phrase(", the last one {last:%a %d %b %H:%M %Z}", last=last)
    if until is None:
        shown = Phrase("{message}{because}", message=message, because=because)
    else:
        shown = Phrase(
            "{message} {until:%a %d %b %H:%M %Z}{because}",
            message=message,
            until=until.astimezone(zone),
            because=because,
        )
    return Wait(provider, people, shown, until)


def _alternative(context: SendingContext) -> str:
    """Return a provider that is set up: the configured one, else any; the outbox last."""
    names = [context.publication.provider, *sorted(context.providers, key="outbox".__eq__)]
    return next(name for name in names if name in context.providers)


def _timed(
    remainder: Remainder,
    ramp_at: datetime | None,
    context: SendingContext,
    newsletter: Newsletter | None,
) -> tuple[str, datetime | None, str]:
    """Return a message, the time that belongs behind it, and what the provider answered."""
    quiet = Quiet.parse(newsletter.quiet) if newsletter else None
    if newsletter and quiet and quiet.covers(local := context.now.astimezone(newsletter.timezone)):
        return Phrase("quiet hours until"), quiet.over(local), ""
    if ramp_at:
        message = Phrase(
            "the sender domain is new and has reached today's limit; the next batch goes out"
        )
        return message, ramp_at, ""
    return _paced(remainder, context)


def _paced(remainder: Remainder, context: SendingContext) -> tuple[str, datetime | None, str]:
    """Return what the spread, the configured rate or the provider delays."""
    free_at = remainder.free_at or context.now
    not_before = remainder.not_before
    if not_before and not_before > max(context.now, free_at + ROUNDED):
        goes = Phrase("the next batch goes out")
        message = goes if remainder.reason else Phrase("spread out; the next batch goes out")
        return message, not_before, remainder.reason
    if free_at <= context.now:
        return Phrase("the next batch goes out with the next pass"), None, remainder.reason
    if context.publication.rate and not remainder.reason:
        message = Phrase(
            "the rate is {rate:g} per second; the next batch goes out",
            rate=context.publication.rate,
        )
        return message, free_at, ""
    message = Phrase("{provider} asked to wait until", provider=remainder.provider)
    return message, free_at, remainder.reason
