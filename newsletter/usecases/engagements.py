"""Decide whether people or machines caused the opens and clicks, and count them."""

from collections.abc import Sequence

import sqlalchemy as sa

from newsletter.events.engagement import Email, judge, judge_alone
from newsletter.model.actor import Actor, Role
from newsletter.model.engagement import SETTLES, Engagement
from newsletter.store.content import edition_links
from newsletter.store.sending import arrivals, engagements
from newsletter.usecases.context import Context

AT_ONCE = 1_000
"""Engagements that one transaction decides."""


def decide(context: Context, actor: Actor) -> int:
    """Decide about all engagements that are old enough; return how many.

    What is already decided about the same emails is decided again with them. The counters
    change by the difference, so that repeating it is harmless.
    """
    actor.require(Role.EDITOR)
    total = 0
    while number := _decide_some(context):
        total += number
    return total


def _decide_some(context: Context) -> int:
    with context.engine.begin() as connection:
        engagements.lock_deciding(connection)
        found = engagements.undecided(connection, context.now() - SETTLES, AT_ONCE)
        for issue_id in sorted({each.issue_id for each in found}):
            mine = [each for each in found if each.issue_id == issue_id]
            engagements.decide(connection, issue_id, _decided(connection, issue_id, mine))
    return len(found)


def _decided(
    connection: sa.Connection, issue_id: int, found: Sequence[Engagement]
) -> list[tuple[Sequence[Engagement], Sequence[Engagement]]]:
    """Return all that is known of each email that is concerned, before and after."""
    numbers = {each.seq for each in found if each.seq is not None}
    emails = engagements.of_emails(connection, issue_id, numbers)
    delivered = arrivals.of(connection, issue_id, numbers)
    editions = {each.edition_id for each in found}
    links = {each: len(edition_links.of_edition(connection, each)) for each in editions}
    decided: list[tuple[Sequence[Engagement], Sequence[Engagement]]] = [
        (known, judge(known, Email(delivered.get(number), links.get(known[0].edition_id, 0))))
        for number, known in emails.items()
    ]
    alone = ((each, judge_alone(each)) for each in found if each.seq is None)
    return decided + [([before], [after]) for before, after in alone]
