"""Send new subscribers the latest issue: the approved edition for exactly their topics, once.

The deliveries are added to the issue that was sent, so that its ledger, its report and the fences
of its batches cover them. The unique keys of `welcomes` and `deliveries` keep a second run harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.departure import departure
from newsletter.model.edition import Chooser, by_contents
from newsletter.model.plan import Subsets
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.reason import Reason
from newsletter.model.states import SENDABLE, IssueState
from newsletter.send import recovery
from newsletter.send.audience import batch_size
from newsletter.send.run import Route
from newsletter.store.content import agendas, editions, issues
from newsletter.store.sending import audience, welcomes
from subscribers.audience import reached

NEAR = timedelta(hours=3)
"""New subscribers who confirm this close to the next issue get only that one."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """How many new subscribers get the latest issue, and how many do not, for recorded reasons."""

    issue_id: int
    sent: int
    left_out: int


def welcome(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    route: Route,
    *,
    now: datetime,
) -> Welcomed | None:
    """Add the latest issue for those who have just confirmed; None if no one waits for it."""
    with engine.begin() as connection:
        issue_id = welcomes.latest_sent(connection, newsletter.key)
        if issue_id is None:
            return None
        issues.lock(connection, issue_id)
        waiting = welcomes.waiting(connection, newsletter.key, now)
        if not waiting or _unsendable(connection, issue_id):
            return None
        chosen: dict[int, list[int]] = {}
        if _near(connection, newsletter, now):
            outcomes = dict.fromkeys(waiting, "the next issue is due soon")
        else:
            outcomes, chosen = _choose(connection, publication, newsletter, issue_id, waiting, now)
        welcomes.record(connection, newsletter.key, outcomes, issue_id, waiting, now)
        if chosen:
            size = batch_size(len(waiting), route.sender.max_batch)
            total = welcomes.add(connection, issue_id, route.sender.name, chosen, size)
            welcomes.reopen(connection, issue_id, total)
            issue = issues.load(connection, issue_id)
            route.journal.freeze(recovery.frozen_issue(connection, issue, total))
    sent = sum(map(len, chosen.values()))
    return Welcomed(issue_id, sent, len(waiting) - sent)


def _unsendable(connection: sa.Connection, issue_id: int) -> bool:
    """Return whether someone paused or cancelled the issue before it was locked."""
    state = issues.load(connection, issue_id).state
    return state not in {IssueState.SUBMITTING, IssueState.SUBMITTED}


def _near(connection: sa.Connection, newsletter: Newsletter, now: datetime) -> bool:
    """Return whether the next issue goes out so soon that the latest would come alongside it."""
    slot = next(agendas.ahead(connection, newsletter, now), None)
    open_issues = issues.every(connection, SENDABLE | {IssueState.PREPARING})
    leaving = [
        departure(issue, newsletter) for issue in open_issues if issue.newsletter == newsletter.key
    ]
    due = [slot.due_at] if slot else []
    return any(leaves_at - now <= NEAR for leaves_at in (*due, *leaving))


def _choose(
    connection: sa.Connection,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    waiting: Mapping[int, datetime],
    now: datetime,
) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Return the reason for each new subscriber, empty if they get it, and who gets which edition."""
    chooser = Chooser(issues.load_items(connection, issue_id), newsletter)
    winner = issues.load(connection, issue_id).winner
    printed = by_contents(editions.of_issue(connection, issue_id), winner)
    homes = Subsets(list(printed), newsletter, chooser.originals())
    question = audience.question(connection, newsletter, publication, now)
    asked = reached(connection, question, chooser.asked).subquery()
    rows = connection.execute(sa.select(asked).where(asked.c.subscriber_id.in_(sorted(waiting))))
    had = welcomes.recipients(connection, issue_id, sorted(waiting))
    outcomes = dict.fromkeys(waiting, "not in the audience")
    chosen: dict[int, list[int]] = {}
    for subscriber_id, *row in rows:
        wanted = chooser.choose(audience.taste(chooser, row))
        home = homes.of(wanted) if wanted else None
        if subscriber_id in had:
            outcomes[subscriber_id] = "received it before"
        elif home is None:
            reason = Reason.NO_EDITION if wanted else Reason.NOTHING_FOLLOWED
            outcomes[subscriber_id] = reason.value
        else:
            outcomes[subscriber_id] = ""
            chosen.setdefault(printed[home].id, []).append(subscriber_id)
    return outcomes, chosen
