"""Keep a draft up to date with its articles, and with those that were collected after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.edit.approval import void
from newsletter.edit.items import renewed
from newsletter.edit.operations import AFTER_APPROVAL, LATE
from newsletter.edit.run import candidates, placed
from newsletter.edit.select import EligibleArticle, Selection, room, select
from newsletter.model.act import ActKind
from newsletter.model.actor import MACHINE
from newsletter.model.article import Article
from newsletter.model.issue import Issue, IssueKind, Item
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import EDITABLE, UNAPPROVED
from newsletter.store import acts
from newsletter.store.content import articles, issues


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What changed in a draft: ids of changed articles, and the items that were added."""

    changed: tuple[int, ...] = ()
    added: tuple[Item, ...] = ()


def refresh(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    *,
    now: datetime,
) -> Refreshed:
    """Update a draft from its articles.

    Corrections by staff are kept. Articles that were collected after the draft are included while
    there is room and staff have not edited the issue; otherwise they are added as candidates. What
    an approved issue prints is not changed: late articles become candidates, and a check reports
    its outdated articles. If staff change the issue at the same time, their change wins and the
    next call does the rest.
    """
    with engine.connect() as connection:
        issue = issues.load(connection, issue_id)
        present = issues.load_items(connection, issue_id)
        stored = _stored(connection, present)
        edited = any(act.kind is ActKind.EDITED for act in acts.of_issue(connection, issue_id))
    if issue.state not in EDITABLE:
        return Refreshed()
    approved = issue.state not in UNAPPROVED
    changed = {
        item.article_id: renewed(
            item, stored[item.article_id], publication.topics, newsletter.highlights
        )
        for item in (() if approved else present)
        if item.article_id in stored and _is_outdated(item, stored[item.article_id])
    }
    current = [changed.get(item.article_id, item) for item in present]
    late: list[Item] = []
    if issue.kind not in {IssueKind.CORRECTION, IssueKind.DIGEST, IssueKind.ALERT}:
        selections = select(_fresh(engine, publication, newsletter, present, now), newsletter)
        if approved:
            judged = [_after_approval(selection) for selection in selections]
        else:
            judged = _judged(selections, issue, newsletter, current, edited=edited)
        late = [placed(selection, 0, publication, newsletter) for selection in judged]
    if not changed and not late:
        return Refreshed()
    items = _inserted(current, late)
    reached = any(item.included for item in (*changed.values(), *late))
    if not _written(engine, issue, present, items, reached=reached, now=now):
        return Refreshed()
    return Refreshed(tuple(sorted(changed)), tuple(late))


def _after_approval(selection: Selection) -> Selection:
    """Leave an article out that was collected after the approval, and say where it goes."""
    if not selection.included:
        return selection
    return replace(selection, included=False, reason=f"{AFTER_APPROVAL}; carries over")


def _is_outdated(item: Item, article: Article) -> bool:
    """Return whether an article was edited, or linked to a translation, since the item was made."""
    linked = article.translation_group != item.translation_group
    return linked or article.revision != item.revision


def _written(
    engine: sa.Engine,
    issue: Issue,
    present: Sequence[Item],
    items: Sequence[Item],
    *,
    reached: bool,
    now: datetime,
) -> bool:
    """Store the items; return False if staff changed the issue since it was read."""
    with engine.begin() as connection:
        issues.lock(connection, issue.id)
        current = issues.load(connection, issue.id), issues.load_items(connection, issue.id)
        if current != (issue, list(present)):
            return False
        issues.replace_items(connection, issue.id, items)
        if reached:
            void(connection, issue, actor=MACHINE, now=now, why="its articles changed")
    return True


def _fresh(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    present: Sequence[Item],
    now: datetime,
) -> list[EligibleArticle]:
    known = {item.article_id for item in present}
    eligible = candidates(engine, publication, newsletter, now=now)
    return [candidate for candidate in eligible if candidate.article.id not in known]


def _judged(
    selections: Sequence[Selection],
    issue: Issue,
    newsletter: Newsletter,
    present: Sequence[Item],
    *,
    edited: bool,
) -> list[Selection]:
    """Return whether each late article is included, and why."""
    taken = sum(item.included for item in present)
    groups = {item.translation_group for item in present if item.included} - {None}
    free = room(newsletter) - taken
    judged = []
    for selection in selections:
        if not selection.included:
            judged.append(selection)
        elif edited or issue.kind is IssueKind.SPECIAL:
            judged.append(replace(selection, included=False, reason=f"{LATE}; carries over"))
        elif selection.candidate.article.translation_group in groups:
            # It takes no room: each subscriber gets one of the two.
            judged.append(
                replace(selection, reason=f"{LATE}; a translation of an included article")
            )
        elif free <= 0:
            reason = f"{LATE}; did not fit: {taken} items are included; carries over"
            judged.append(replace(selection, included=False, reason=reason))
        else:
            reason = f"{LATE}; {selection.reason.removeprefix('lead: ')}"
            judged.append(replace(selection, reason=reason))
            free -= 1
    return judged


def _inserted(present: Sequence[Item], late: Sequence[Item]) -> list[Item]:
    """Put each late item before the first one that is older and not pinned; number all items."""
    printed = [item for item in present if item.included]
    for item in late:
        if item.included:
            older = (
                place
                for place, other in enumerate(printed)
                if not other.pinned and item.published > other.published
            )
            printed.insert(next(older, len(printed)), item)
    out = [item for item in (*present, *late) if not item.included]
    return [replace(item, position=place) for place, item in enumerate([*printed, *out], 1)]


def _stored(connection: sa.Connection, present: Sequence[Item]) -> Mapping[int, Article]:
    return {item.article_id: articles.load(connection, item.article_id) for item in present}
