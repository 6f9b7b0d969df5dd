"""Draft an issue from eligible articles, keep the draft up to date, and apply staff's changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from newsletter.edit.approval import require_editable, void
from newsletter.edit.cleaning import clean_prose
from newsletter.edit.items import item_of, tags_of
from newsletter.edit.operations import Draft, Operation, applied, numbered
from newsletter.edit.recorded import edits, order_before
from newsletter.edit.select import EligibleArticle, Selection, filled, select
from newsletter.edit.sheet import fingerprint
from newsletter.errors import DraftChanged, NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor
from newsletter.model.article import Article
from newsletter.model.issue import NOTHING_NEW, TOO_FEW, Block, Issue, IssueKind, Item, ItemDecision
from newsletter.model.next_step import EditIssue
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Due, digest_key
from newsletter.model.states import IssueState
from newsletter.store import acts
from newsletter.store.content import articles, issues, slots, subjects
from newsletter.store.content.issues import NewIssue
from subscribers.model import Frequency
from subscribers.phrase import Phrase

T = TypeVar("T")
ANY_AGE = timedelta(days=100 * 365)
ATTEMPTS = 5
"""How often an edit is tried that collides with others: each of them has then succeeded."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an issue is drafted outside the cadence, and its first subject and note."""

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
    actor: Actor,
) -> int | None:
    """Draft the issue of a slot from the eligible articles; return its id.

    Returns None without claiming the slot if another run has claimed it, or if there are too few
    articles and the slot is not due yet. `approve_by` before the slot others are added, if the
    newsletter says which. If there are still too few at the slot, the issue is recorded as skipped,
    or is drafted to wait for a person, with the reason. The slot and the issue row are written in
    one transaction, so two runs at the same time make one issue.
    """
    selections = select(candidates(engine, publication, newsletter, now=now), newsletter)
    lacking = _lacking(selections, newsletter)
    if lacking and newsletter.fill != "none" and now >= when.due_at - newsletter.approve_by:
        wider = _wider(newsletter)
        others = select(candidates(engine, publication, wider, now=now), wider)
        selections = filled(selections, others, lacking)
        lacking = _lacking(selections, newsletter)
    if lacking and now < when.due_at:
        return None
    kind = IssueKind.SPECIAL if when.special else IssueKind.REGULAR
    new = NewIssue(
        newsletter.key,
        None,
        when.nominal,
        when.due_at,
        kind=kind,
        reader_time=when.reader_time,
        ends_at=when.ends_at,
    )
    if lacking and newsletter.too_few == "skip":
        new = replace(new, state=IssueState.SKIPPED, reason=NOTHING_NEW)
    elif lacking:
        new = replace(new, reason=TOO_FEW)
    laid_out = [
        placed(selection, place, publication, newsletter)
        for place, selection in enumerate(selections, 1)
    ]
    return claimed(engine, new, laid_out, now=now, actor=actor, blocks=newsletter.blocks)


def draft_special(
    engine: sa.Engine,
    newsletter: str,
    when: Due,
    occasion: Occasion,
    *,
    now: datetime,
    actor: Actor,
) -> int | None:
    """Draft an issue outside the cadence; return None if its slot is taken.

    A correction starts with the items of the issue that it corrects, all excluded, so that staff
    can print the corrected ones again.
    """
    reprintable: list[Item] = []
    if occasion.corrects is not None:
        with engine.connect() as connection:
            reprintable = [
                replace(
                    item, included=False, reason=f"printed in issue {occasion.corrects}", form=""
                )
                for item in issues.load_items(connection, occasion.corrects)
                if item.included
            ]
    new = NewIssue(
        newsletter,
        None,
        when.nominal,
        when.due_at,
        kind=occasion.kind,
        subject=occasion.subject,
        note=clean_prose(occasion.note, "note"),
        corrects_issue_id=occasion.corrects,
    )
    return claimed(engine, new, reprintable, now=now, actor=actor)


def claimed(
    engine: sa.Engine,
    new: NewIssue,
    items: Sequence[Item],
    *,
    now: datetime,
    actor: Actor,
    blocks: Sequence[Block] = (),
) -> int | None:
    """Claim the slot and insert the issue in one transaction; return None if it is taken."""
    name, nominal = _slot(new)
    with engine.begin() as connection:
        slot_id = slots.claim(connection, name, nominal, new.due_at, now)
        if slot_id is None:
            return None
        issue_id = issues.insert(connection, replace(new, slot_id=slot_id), actor=actor, now=now)
        issues.replace_items(connection, issue_id, items)
        issues.set_blocks(connection, issue_id, blocks)
        taken = sum(item.included for item in items)
        detail = {"in": taken, "out": len(items) - taken, "reason": new.reason}
        kind = ActKind.SKIPPED if new.state is IssueState.SKIPPED else ActKind.DRAFTED
        acts.record(connection, Act(now, actor, kind, issue_id, detail=detail))
    return issue_id


def _slot(new: NewIssue) -> tuple[str, str]:
    """Return the name and the nominal time of an issue's slot; each digest has slots of its own."""
    if new.kind is not IssueKind.DIGEST:
        return new.newsletter, new.nominal
    nominal, _, frequency = new.nominal.rpartition(" ")
    return digest_key(new.newsletter, Frequency(frequency)), nominal


def candidates(
    engine: sa.Engine, publication: Publication, newsletter: Newsletter, *, now: datetime
) -> list[EligibleArticle]:
    """Return the articles that the newsletter's next issue may print, with their tags.

    Articles that another open issue of the newsletter prints are left out.
    """
    with engine.connect() as connection:
        eligible = articles.eligible(connection, newsletter.key, now - newsletter.max_age)
        taken = issues.spoken_for(connection, newsletter.key)
        decided = issues.decisions(connection, newsletter.key)
        printed = articles.printed_groups(connection, newsletter.key)
    oldest = (now - newsletter.max_age).date()
    return [
        EligibleArticle(
            article,
            tags_of(article.content.topics, publication.topics),
            decision=decided.get(article.id, ""),
            printed_as=printed.get(article.translation_group or 0, 0),
        )
        for article in eligible
        if article.id not in taken and _printable(article, oldest, decided.get(article.id, ""))
    ]


def _printable(article: Article, oldest: date, decision: ItemDecision) -> bool:
    """Return whether an article may still be printed; its own date counts if it has one."""
    published = article.content.published
    return decision != "never" and (published is None or published >= oldest)


def _lacking(selections: Sequence[Selection], newsletter: Newsletter) -> int:
    """Return how many items are missing."""
    present = sum(selection.included for selection in selections)
    return max(0, max(1, newsletter.items.min) - present)


def _wider(newsletter: Newsletter) -> Newsletter:
    """Return the newsletter with the rule lifted that its `fill` lifts."""
    if newsletter.fill == "older":
        return replace(newsletter, max_age=ANY_AGE)
    return replace(newsletter, topics=())


def placed(
    selection: Selection, place: int, publication: Publication, newsletter: Newsletter
) -> Item:
    """Return the item of a selected article at a place in the issue."""
    item = item_of(selection.candidate.article, publication.topics, newsletter.highlights)
    return replace(
        item,
        position=place,
        included=selection.included,
        reason=selection.reason,
        pinned=selection.candidate.pinned,
    )


def load_draft(connection: sa.Connection, issue_id: int) -> tuple[Issue, Draft]:
    """Return an issue and what staff can change in it."""
    issue = issues.load(connection, issue_id)
    items = tuple(issues.load_items(connection, issue_id))
    texts = (issue.subject, issue.preheader, issue.note)
    return issue, Draft(*texts, issue.blocks, items, issue.test)


def retried(reader: sa.Engine, issue_id: int, attempt: Callable[[Draft], T]) -> T:
    """Return the result of an edit of the present draft; try again if another came between."""
    for last in (*[False] * (ATTEMPTS - 1), True):
        with reader.connect() as connection:
            issue, draft = load_draft(connection, issue_id)
        require_editable(issue)
        try:
            return attempt(draft)
        except DraftChanged:
            if last:
                raise
    raise AssertionError  # the last attempt returns or raises


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit found and left: the fingerprints of the draft, and whether anything changed."""

    before: str
    after: str
    done: bool


def change(
    engine: sa.Engine,
    issue_id: int,
    operations: Sequence[Operation],
    *,
    actor: Actor,
    now: datetime,
    expected_state: str = "",
) -> Changed:
    """Apply operations of staff, and return what that changed.

    A change voids an approval and deletes the editions. `expected_state` is the fingerprint of the
    draft that staff saw; raises NotAllowed if someone else has changed the draft since.
    """
    with engine.begin() as connection:
        issues.lock(connection, issue_id)
        issue, present = load_draft(connection, issue_id)
        require_editable(issue)
        if expected_state and expected_state != fingerprint(present):
            msg = Phrase(
                "someone else has changed issue {issue_id} since you opened it", issue_id=issue_id
            )
            raise DraftChanged(msg, next_step=EditIssue(issue_id))
        changed, found = applied(present, operations), fingerprint(present)
        if changed == numbered(present):
            return Changed(found, found, done=False)
        issues.set_texts(
            connection,
            issue_id,
            subject=changed.subject,
            preheader=changed.preheader,
            note=changed.note,
        )
        _require_testable(issue, changed)
        subjects.set_test(connection, issue_id, changed.test)
        issues.set_blocks(connection, issue_id, changed.blocks)
        issues.replace_items(connection, issue_id, changed.items)
        void(connection, issue, actor=actor, now=now, why="the issue was edited")
        made = edits(present, operations)
        before = order_before(present, operations)
        act = Act(now, actor, ActKind.EDITED, issue_id, before=before, edits=made)
        acts.record(connection, act)
    return Changed(found, fingerprint(changed), done=True)


def _require_testable(issue: Issue, changed: Draft) -> None:
    """Raise NotAllowed if the two subjects of an issue cannot be tested."""
    if changed.test is None:
        return
    if issue.kind in {IssueKind.CORRECTION, IssueKind.ALERT}:
        msg = Phrase("issue {id} is a {kind}; it has one subject", id=issue.id, kind=issue.kind)
        raise NotAllowed(msg)
    if changed.test.subject == changed.subject:
        msg = Phrase("the two subjects are the same; a test needs different ones")
        raise NotAllowed(msg)
