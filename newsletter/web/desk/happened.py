"""What has happened since yesterday: acts, issues that went out, slots without one, new articles."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

import sqlalchemy as sa

from newsletter.model.act import Act, ActKind
from newsletter.model.naming import issue_name
from newsletter.model.publication import Publication
from newsletter.model.states import IssueState
from newsletter.render.catalog import Catalog
from newsletter.store import acts
from newsletter.store.acts import ActFilter
from newsletter.store.content import articles, issues, slots
from subscribers.phrase import joined

DAY = timedelta(days=1)
ACTS_READ = 200
ROWS_SHOWN = 12
ISSUES_READ = 20
QUIET = frozenset(
    {ActKind.RENDERED, ActKind.SIGNED_IN, ActKind.SIGNED_OUT, ActKind.LINK_MADE, ActKind.SKIPPED}
)
"""Acts that say nothing new: the program renders after each change, and skipped slots have rows."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. `act` is the English name of an act, for the attribute `lang`."""

    at: datetime
    when: str
    what: str
    act: str = ""
    href: str = ""


def since_yesterday(
    connection: sa.Connection, publication: Publication, catalog: Catalog, now: datetime
) -> tuple[Happening, ...]:
    """Return what has happened since the beginning of yesterday, the latest first."""
    local = now.astimezone(publication.timezone)
    since = (local - DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    found = [
        *_acts(connection, publication, since),
        *_submitted(connection, publication, catalog, since),
        *_slots(connection, publication, catalog, since),
        *_articles(connection, catalog, since, now),
    ]
    latest = sorted(found, key=lambda happening: happening.at, reverse=True)
    return tuple(latest[:ROWS_SHOWN])


def _when(at: datetime, publication: Publication) -> str:
    return f"{at.astimezone(publication.timezone):%Y-%m-%d %H:%M}"


def _acts(
    connection: sa.Connection, publication: Publication, since: datetime
) -> Iterator[Happening]:
    """Yield the acts; of the same act of one person on one issue, only the latest, with a count."""
    listed = (each.act for each in acts.listed(connection, ActFilter(), limit=ACTS_READ))
    recent = [act for act in takewhile(lambda act: act.at >= since, listed) if not _is_quiet(act)]
    times = Counter((act.kind, act.issue_id, str(act.actor)) for act in recent)
    for act in recent:
        number = times.pop((act.kind, act.issue_id, str(act.actor)), 0)
        if number:
            again = f"(×{number})" if number > 1 else ""
            about = str(act.issue_id) if act.issue_id else ""
            yield Happening(
                act.at,
                _when(act.at, publication),
                act.actor.label,
                joined((act.kind.value, about, again), " "),
                f"/issues/{act.issue_id}/history" if act.issue_id else "",
            )


def _is_quiet(act: Act) -> bool:
    """Return whether an act is not listed; a slot skipped without an issue has its own row."""
    return act.kind in QUIET or (act.kind is ActKind.SLOT_SKIPPED and act.issue_id is None)


def _submitted(
    connection: sa.Connection, publication: Publication, catalog: Catalog, since: datetime
) -> Iterator[Happening]:
    for issue in issues.recent(connection, states=[IssueState.SUBMITTED], limit=ISSUES_READ):
        if issue.submitted_at is not None and issue.submitted_at >= since:
            name = issue_name(issue, publication.newsletter(issue.newsletter))
            yield Happening(
                issue.submitted_at,
                _when(issue.submitted_at, publication),
                catalog.text("desk.happened.submitted", name=name),
                href=f"/issues/{issue.id}/report",
            )


def _slots(
    connection: sa.Connection, publication: Publication, catalog: Catalog, since: datetime
) -> Iterator[Happening]:
    for row in slots.without_issue(connection, since):
        newsletter = publication.newsletter(row.newsletter)
        key = "desk.happened.missed" if row.state == "missed" else "desk.happened.skipped"
        values = {
            "title": newsletter.title if newsletter else row.newsletter,
            "slot": row.nominal.replace("T", " "),
            "reason": row.reason,
        }
        yield Happening(row.at, _when(row.at, publication), catalog.text(key, **values))


def _articles(
    connection: sa.Connection, catalog: Catalog, since: datetime, now: datetime
) -> Iterator[Happening]:
    if number := articles.count_since(connection, since):
        yield Happening(now, "", catalog.count("desk.happened.articles", number), href="/articles")
