"""Draft alerts: new articles of a newsletter that is sent on publishing, after a delay."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.edit.run import candidates, placed
from newsletter.edit.select import EligibleArticle, select
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor
from newsletter.model.issue import IssueKind
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import local, spell
from newsletter.store import acts
from newsletter.store.content import articles, issues, pauses, slots
from newsletter.store.content.issues import NewIssue

STALE = timedelta(days=1)
"""An article that no pass has seen for this long after its delay is no news any more."""


def ready(
    engine: sa.Engine, publication: Publication, newsletter: Newsletter, *, now: datetime
) -> list[EligibleArticle]:
    """Return the articles whose delay is over, oldest first.

    What was collected before the newsletter was first seen does not count.
    """
    with engine.begin() as connection:
        since = slots.ledger(
            connection, newsletter.key, pauses.timing(connection, newsletter), now
        ).since
    after = max(since, now - newsletter.alerts.delay - STALE)
    chosen = select(candidates(engine, publication, newsletter, now=now), newsletter)
    found = [selection.candidate for selection in chosen if selection.included]
    over = [
        candidate
        for candidate in found
        if after < candidate.article.first_seen_at <= now - newsletter.alerts.delay
    ]
    return sorted(over, key=lambda candidate: candidate.article.id)


def mark_gone(engine: sa.Engine, article_ids: Iterable[int]) -> None:
    """Mark articles as gone whose page was taken down."""
    with engine.begin() as connection:
        for article_id in article_ids:
            articles.set_state(connection, article_id, "gone")


def draft(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    present: Sequence[EligibleArticle],
    *,
    now: datetime,
    actor: Actor,
) -> int | None:
    """Draft one alert of these articles; None if other alerts have all of them.

    Each article claims a slot, so that no two alerts of a newsletter have it.
    """
    chosen = select(present, newsletter)
    with engine.begin() as connection:
        claims = {
            selection.candidate.article.id: slots.claim(
                connection, f"{newsletter.key}:alert", str(selection.candidate.article.id), now, now
            )
            for selection in chosen
            if selection.included
        }
        taken = {article_id: slot for article_id, slot in claims.items() if slot is not None}
        if not taken:
            return None
        nominal = f"{spell(local(now, newsletter.timezone))} alert {min(taken)}"
        new = NewIssue(newsletter.key, min(taken.values()), nominal, now, kind=IssueKind.ALERT)
        issue_id = issues.insert(connection, new, actor=actor, now=now)
        printed = [selection for selection in chosen if selection.candidate.article.id in taken]
        items = [
            placed(selection, place, publication, newsletter)
            for place, selection in enumerate(printed, 1)
        ]
        issues.replace_items(connection, issue_id, items)
        issues.set_blocks(connection, issue_id, newsletter.blocks)
        detail = {"in": len(items), "out": 0, "reason": "published"}
        acts.record(connection, Act(now, actor, ActKind.DRAFTED, issue_id, detail=detail))
    return issue_id
