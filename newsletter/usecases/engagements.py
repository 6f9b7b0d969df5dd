"""Opens and clicks: take them in, decide who or what caused them, and count them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.events import agents
from newsletter.events.engagement import Email, judge, judge_alone
from newsletter.events.run import AboutDelivery
from newsletter.model import links
from newsletter.model.actor import Actor, Role
from newsletter.model.engagement import (
    NO_LINK,
    OWN,
    SETTLES,
    Engagement,
    Hit,
    Judgment,
    Tracking,
    whole_hour,
)
from newsletter.model.event import EventKind
from newsletter.store.content import edition_links, issues
from newsletter.store.sending import arrivals, engagements, reports
from newsletter.usecases.context import Context

AT_ONCE = 1_000
"""Engagements that one transaction decides."""
MOST_PER_EMAIL = 100
"""Engagements of one email that our own pages keep; a program may request a link forever."""


def receive(context: Context, hits: Sequence[Hit]) -> int:
    """Store what our own pages saw, as the newsletters want it now; return how many are kept."""
    with context.engine.begin() as connection:
        by_issue: dict[int, list[Hit]] = {}
        for hit in hits:
            by_issue.setdefault(hit.ticket.issue_id, []).append(hit)
        found = [
            each
            for issue_id, seen in by_issue.items()
            for each in _own(context, connection, issue_id, seen)
        ]
        return len(engagements.add(connection, found))


def take_in(
    context: Context, connection: sa.Connection, provider: str, found: Iterable[AboutDelivery]
) -> set[str]:
    """Store the opens and clicks that a provider reported, in the caller's transaction.

    Return the ids of those that were not known. The caller leaves out what is not wanted.
    """
    by_issue: dict[int, list[AboutDelivery]] = {}
    for report in found:
        by_issue.setdefault(report.issue_id, []).append(report)
    return engagements.add(
        connection,
        (
            each
            for issue_id, mine in by_issue.items()
            for each in _reported(context, connection, provider, issue_id, mine)
        ),
    )


def tracking_of(context: Context, connection: sa.Connection, issue_id: int) -> Tracking:
    """Return what is counted of an issue now; nothing if its newsletter is gone."""
    try:
        key = issues.load(connection, issue_id).newsletter
    except NotFound:
        return Tracking()
    newsletter = context.publication.newsletter(key)
    return newsletter.tracking if newsletter else Tracking()


def decide(context: Context, actor: Actor) -> int:
    """Decide about all engagements that are old enough; return how many.

    What is already decided about the same emails is decided again with them. The counters change
    by the difference, so that repeating it is harmless.
    """
    actor.require(Role.EDITOR)
    total = 0
    while number := _decide_some(context):
        total += number
    return total


def _own(
    context: Context, connection: sa.Connection, issue_id: int, hits: Sequence[Hit]
) -> Iterator[Engagement]:
    tracking = tracking_of(context, connection, issue_id)
    numbers = {hit.ticket.seq for hit in hits if hit.ticket.seq is not None}
    people = reports.recipients(connection, issue_id, numbers)
    full = engagements.crowded(connection, issue_id, numbers, MOST_PER_EMAIL)
    for hit in hits:
        seq = hit.ticket.seq
        if not tracking.wants(hit.kind) or seq in full or not (seq is None or seq in people):
            continue
        yield _kept(
            tracking,
            Engagement(
                id=context.new_id(),
                kind=hit.kind,
                source=OWN,
                at=hit.at,
                issue_id=issue_id,
                edition_id=hit.ticket.edition_id,
                seq=seq,
                subscriber_id=people.get(seq) if seq is not None else None,
                link=hit.link,
                sign=_sign(hit),
            ),
        )


def _sign(hit: Hit) -> Judgment | None:
    if hit.kind is EventKind.CLICKED and hit.link == NO_LINK:
        return Judgment.CANARY
    return Judgment.HEAD if hit.head else agents.sign_of(hit.agent)


def _reported(
    context: Context,
    connection: sa.Connection,
    provider: str,
    issue_id: int,
    found: Sequence[AboutDelivery],
) -> Iterator[Engagement]:
    tracking = tracking_of(context, connection, issue_id)
    editions = reports.editions(connection, issue_id, {report.number for report in found})
    numbers = {
        edition: {link.url: link.number for link in edition_links.of_edition(connection, edition)}
        for edition in set(editions.values())
    }
    canary = links.canary(context.publication.url)
    for report in found:
        event, edition_id = report.event, editions[report.number]
        sign = Judgment.PROVIDER if event.machine else None
        if event.link == canary:
            sign = Judgment.CANARY
        elif event.agent and sign is None:
            sign = agents.sign_of(event.agent)
        yield _kept(
            tracking,
            Engagement(
                id=event.id,
                kind=event.kind,
                source=provider,
                at=event.at,
                issue_id=issue_id,
                edition_id=edition_id,
                seq=report.number,
                subscriber_id=report.subscriber_id,
                link=numbers[edition_id].get(event.link, NO_LINK),
                sign=sign,
            ),
        )


def _kept(tracking: Tracking, each: Engagement) -> Engagement:
    """Return what is stored: with "totals", nothing that could name a reader, not even the minute."""
    if tracking.mode == "readers" and each.seq is not None:
        return each
    return replace(each, at=whole_hour(each.at), seq=None, subscriber_id=None)


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
    sizes = {each: len(edition_links.of_edition(connection, each)) for each in editions}
    decided: list[tuple[Sequence[Engagement], Sequence[Engagement]]] = [
        (known, judge(known, Email(delivered.get(number), sizes.get(known[0].edition_id, 0))))
        for number, known in emails.items()
    ]
    alone = ((each, judge_alone(each)) for each in found if each.seq is None)
    return decided + [([before], [after]) for before, after in alone]
