"""Ask readers who seem inactive whether they still want a newsletter, and pause those who do not answer.

A pass looks at a limited number of subscribers and continues where the last one stopped. Everyone is
looked at once a day at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.actor import Actor, Role
from newsletter.model.publication import Inactive, Newsletter
from newsletter.people.effects import apply_effects
from newsletter.store.people import questions
from newsletter.store.people.questions import day_of
from newsletter.store.sending import activity, engagements
from newsletter.usecases.context import Context
from subscribers.consent import reengaging
from subscribers.model import Effects

LOOKED_AT = 500
"""Subscribers whose activity one read compares."""
READS = 20
"""Reads of one pass."""
PER_PASS = 100
PER_DAY = 1_000
"""Emails to people who may have given up an address hurt the reputation of the sender."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reengaged:
    """How many were asked, and how many were paused because they did not answer."""

    asked: int = 0
    paused: int = 0


def reengage(context: Context, actor: Actor, key: str) -> Reengaged:
    """Pause those whose time to answer is over, then ask some of those who seem inactive.

    Each question is recorded in the transaction that queues its email, under a unique key: a
    second run at the same time asks no one twice.
    """
    actor.require(Role.EDITOR)
    newsletter = context.publication.require_newsletter(key)
    rule = newsletter.inactive
    if rule is None:
        return Reengaged()
    paused = _pause_silent(context, actor, newsletter)
    return Reengaged(_ask_inactive(context, newsletter, rule), paused)


def keep(context: Context, subscriber_id: int, newsletter: str) -> Effects:
    """Keep the subscription of a reader who says so; it resumes if it was paused for silence."""
    now = context.now()
    with context.engine.begin() as connection:
        effects = reengaging.keep(connection, subscriber_id, newsletter, now=now)
        questions.settle(connection, newsletter, subscriber_id, answered_at=now)
        apply_effects(connection, effects, context.journals.journal, now=now)
    return effects


def _pause_silent(context: Context, actor: Actor, newsletter: Newsletter) -> int:
    now = context.now()
    with context.engine.begin() as connection:
        silent = questions.overdue(connection, newsletter.key, now, PER_PASS)
        people = [each.subscriber_id for each in silent]
        seen = engagements.last_human(connection, newsletter.key, people)
        paused = 0
        for each in silent:
            person = each.subscriber_id
            read_at = seen.get(person)
            if read_at is not None and read_at > each.asked_at:
                questions.settle(connection, newsletter.key, person, answered_at=read_at)
                continue
            done = reengaging.pause(connection, person, newsletter.key, actor=str(actor), now=now)
            questions.settle(connection, newsletter.key, person, paused_at=now)
            paused += done.outcome == "paused"
    return paused


def _ask_inactive(context: Context, newsletter: Newsletter, rule: Inactive) -> int:
    now = context.now()
    with context.reader.connect() as connection:
        today = questions.asked_since(connection, newsletter.key, now - _DAY)
        if questions.looked_through(connection, newsletter.key) >= day_of(now):
            return 0
    most, asked = min(PER_PASS, PER_DAY - today), 0
    for _ in range(READS):
        if asked >= most:
            break
        with context.reader.connect() as connection:
            after = questions.cursor(connection, newsletter.key)
            looked_at, inactive = _look(connection, newsletter, rule, after, now)
        chosen = inactive[: most - asked]
        # Continue after the last one who was asked, if not all could be.
        last = chosen[-1] if len(chosen) < len(inactive) else max(looked_at, default=0)
        asked += _ask(context, newsletter, rule, chosen, now, last)
        if not looked_at:
            break
    return asked


def _look(
    connection: sa.Connection, newsletter: Newsletter, rule: Inactive, after: int, now: datetime
) -> tuple[list[int], list[int]]:
    """Return the next subscribers, and those of them who seem inactive."""
    since = now - rule.after
    people = reengaging.candidates(
        connection, newsletter.key, since=since, after=after, limit=LOOKED_AT
    )
    if not people:
        return [], []
    sent = activity.issues_since(connection, newsletter.key, since)
    arrived = activity.arrivals(connection, sent, people)
    asked = questions.asked_among(connection, newsletter.key, people, since)
    if not _knows_readers(newsletter):
        return people, sorted(
            person for person in arrived if not arrived[person] and person not in asked
        )
    if not activity.is_counted_since(connection, newsletter.key, since):
        return people, []
    read_at = engagements.last_human(connection, newsletter.key, people)
    silent = (person for person in arrived if person not in read_at or read_at[person] <= since)
    return people, sorted(set(silent) - asked)


def _ask(
    context: Context,
    newsletter: Newsletter,
    rule: Inactive,
    chosen: Sequence[int],
    now: datetime,
    last: int,
) -> int:
    """Ask these people, and note how far the subscribers were looked at; 0 is the end."""
    until, asked = now + rule.answer, 0
    with context.engine.begin() as connection:
        for person in chosen:
            effects = reengaging.question(connection, person, newsletter.key, now=now, until=until)
            if effects.outcome == "asked" and questions.ask(
                connection, newsletter.key, person, now=now, until=until, again=now - rule.after
            ):
                apply_effects(connection, effects, context.journals.journal, now=now)
                asked += 1
        questions.move_cursor(connection, newsletter.key, last, day_of(now))
    return asked


def _knows_readers(newsletter: Newsletter) -> bool:
    """Return whether it is known who opened or clicked."""
    tracking = newsletter.tracking
    return tracking.mode == "readers" and (tracking.opens or tracking.clicks)
