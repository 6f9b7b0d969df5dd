"""Stage 2: from eligible articles to a draft issue, and what keeps a draft up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.edit.approval import require_editable, void
from newsletter.edit.items import item_of, renewed, tags_of
from newsletter.edit.operations import Draft, Operation, applied, numbered
from newsletter.edit.select import Candidate, Selection, select
from newsletter.edit.sheet import fingerprint
from newsletter.errors import NotAllowed
from newsletter.model.article import Article
from newsletter.model.issue import NOTHING_NEW, Issue, IssueKind, Item
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Due
from newsletter.model.states import IssueState
from newsletter.store import acts
from newsletter.store.acts import Act
from newsletter.store.content import articles, editions, issues, slots
from newsletter.store.content.issues import NewIssue


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an issue is drafted off the cadence, and what staff say at once."""

    kind: IssueKind = IssueKind.SPECIAL
    subject: str = ""
    note: str = ""
    corrects: int | None = None


def draft(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    when: Due,
    *,
    now: datetime,
    actor: str,
) -> int | None:
    """Draft the issue of a slot from what is eligible; return its id.

    None means that the slot is somebody else's, or that there is too little to print and still
    time: nothing is claimed then. When the slot is due and there is still too little, the issue is
    recorded as skipped, with the reason. The slot and the issue row are one transaction, so two
    runs at once make one issue.
    """
    present = candidates(engine, publication, newsletter, now=now)
    laid_out = _laid_out(present, publication, newsletter)
    enough = sum(one.included for one in laid_out) >= max(1, newsletter.items.min)
    if not enough and now < when.due_at:
        return None
    new = NewIssue(newsletter.key, None, when.nominal, when.due_at)
    if not enough:
        new = replace(new, state=IssueState.SKIPPED, reason=NOTHING_NEW)
    return _claimed(engine, new, laid_out, now=now, actor=actor)


def draft_special(
    engine: sa.Engine, newsletter: str, when: Due, occasion: Occasion, *, now: datetime, actor: str
) -> int | None:
    """Draft an issue off the cadence; None when its slot is taken.

    A correction begins with the items of the issue that it corrects, all left out, so that staff
    may print again what they put right; its note says what was wrong.
    """
    again: list[Item] = []
    if occasion.corrects is not None:
        with engine.connect() as connection:
            again = [
                replace(one, included=False, reason=f"printed in issue {occasion.corrects}")
                for one in issues.load_items(connection, occasion.corrects)
                if one.included
            ]
    new = NewIssue(
        newsletter,
        None,
        when.nominal,
        when.due_at,
        kind=occasion.kind,
        subject=occasion.subject,
        note=occasion.note,
        corrects_issue_id=occasion.corrects,
    )
    return _claimed(engine, new, again, now=now, actor=actor)


def _claimed(
    engine: sa.Engine, new: NewIssue, items: Sequence[Item], *, now: datetime, actor: str
) -> int | None:
    """Claim the slot and insert the issue in one transaction; None when the slot is taken."""
    with engine.begin() as connection:
        slot = slots.claim(connection, new.newsletter, new.nominal, new.due_at, now)
        if slot is None:
            return None
        issue_id = issues.insert(connection, replace(new, slot_id=slot), actor=actor, now=now)
        issues.replace_items(connection, issue_id, items)
        taken = sum(one.included for one in items)
        detail = {"in": taken, "out": len(items) - taken, "reason": new.reason}
        acts.record(connection, Act(now, actor, f"issue {new.state}", issue_id, detail))
    return issue_id


def candidates(
    engine: sa.Engine, publication: Publication, newsletter: Newsletter, *, now: datetime
) -> list[Candidate]:
    """Return what may go into the newsletter's next issue, with the tags that follow it.

    What another open issue of the newsletter prints is not there to be printed twice.
    """
    with engine.connect() as connection:
        eligible = articles.eligible(connection, newsletter.key, now - newsletter.max_age)
        taken = issues.spoken_for(connection, newsletter.key)
    return [
        Candidate(one, tags_of(one.content.topics, publication.topics))
        for one in eligible
        if one.id not in taken
    ]


def _laid_out(
    present: Sequence[Candidate], publication: Publication, newsletter: Newsletter
) -> list[Item]:
    selections = select(present, newsletter)
    return [
        _placed(selection, place, publication, newsletter)
        for place, selection in enumerate(selections, 1)
    ]


def _placed(
    selection: Selection, place: int, publication: Publication, newsletter: Newsletter
) -> Item:
    item = item_of(selection.candidate.article, publication.topics, newsletter.highlights)
    return replace(
        item,
        position=place,
        included=selection.included,
        reason=selection.reason,
        pinned=selection.candidate.pinned,
    )


def refresh(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    *,
    now: datetime,
) -> list[int]:
    """Bring a draft up to date with its articles; return the ids of those that had changed.

    What staff corrected stays as they left it. Articles that became eligible since the draft are
    added as candidates that are out. An approved issue is left alone: there `outdated` warns. When
    staff change the issue meanwhile, theirs stands, and the next call does the rest.
    """
    with engine.connect() as connection:
        issue = issues.load(connection, issue_id)
        present = issues.load_items(connection, issue_id)
        stored = _stored(connection, present)
    if issue.state not in {IssueState.DRAFT, IssueState.REVIEW}:
        return []
    changed = {
        one.article_id: renewed(
            one, stored[one.article_id], publication.topics, newsletter.highlights
        )
        for one in present
        if one.article_id in stored and stored[one.article_id].revision != one.revision
    }
    late: list[Item] = []
    if issue.kind is not IssueKind.CORRECTION:
        late = _late(engine, publication, newsletter, present, now=now)
    if not changed and not late:
        return []
    renewed_items = [changed.get(one.article_id, one) for one in present]
    with engine.begin() as connection:
        issues.lock(connection, issue_id)
        now_there = issues.load(connection, issue_id), issues.load_items(connection, issue_id)
        if now_there != (issue, present):
            return []
        issues.replace_items(connection, issue_id, [*renewed_items, *late])
        if any(one.included for one in changed.values()):
            editions.forget(connection, issue_id)
    return sorted(changed)


def _late(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    present: Sequence[Item],
    *,
    now: datetime,
) -> list[Item]:
    known = {one.article_id for one in present}
    fresh = [
        one
        for one in candidates(engine, publication, newsletter, now=now)
        if one.article.id not in known
    ]
    return [
        _placed(
            Selection(one, included=False, reason="collected after the draft"),
            len(present) + place,
            publication,
            newsletter,
        )
        for place, one in enumerate(fresh, 1)
    ]


def outdated(connection: sa.Connection, issue_id: int) -> list[Item]:
    """Return the printed items whose article was changed by its source since."""
    present = [one for one in issues.load_items(connection, issue_id) if one.included]
    stored = _stored(connection, present)
    return [
        one
        for one in present
        if one.article_id in stored and stored[one.article_id].revision != one.revision
    ]


def _stored(connection: sa.Connection, present: Sequence[Item]) -> Mapping[int, Article]:
    return {one.article_id: articles.load(connection, one.article_id) for one in present}


def load_draft(connection: sa.Connection, issue_id: int) -> tuple[Issue, Draft]:
    """Return an issue and what staff can change of it."""
    issue = issues.load(connection, issue_id)
    items = tuple(issues.load_items(connection, issue_id))
    return issue, Draft(issue.subject, issue.preheader, issue.note, issue.blocks, items)


def change(
    engine: sa.Engine,
    issue_id: int,
    operations: Sequence[Operation],
    *,
    actor: str,
    now: datetime,
    expected_state: str = "",
) -> bool:
    """Apply staff's operations; return whether anything changed.

    A change voids an approval and forgets the editions. `expected_state` is the mark of the draft that
    staff saw: when somebody else changed it since, NotAllowed is raised and nothing is written.
    """
    with engine.begin() as connection:
        issues.lock(connection, issue_id)
        issue, present = load_draft(connection, issue_id)
        require_editable(issue)
        if expected_state and expected_state != fingerprint(present):
            msg = f"issue {issue_id} was changed by somebody else meanwhile; look at it again"
            raise NotAllowed(msg)
        changed = applied(present, operations)
        if changed == numbered(present):
            return False
        texts = {"subject": changed.subject, "preheader": changed.preheader, "note": changed.note}
        issues.change(connection, issue_id, **texts)
        issues.set_blocks(connection, issue_id, changed.blocks)
        issues.replace_items(connection, issue_id, changed.items)
        void(connection, issue, actor=actor, now=now, why="the issue was edited")
        detail = {"operations": [repr(one)[:300] for one in operations][:50]}
        acts.record(connection, Act(now, actor, "issue edited", issue_id, detail))
    return True
