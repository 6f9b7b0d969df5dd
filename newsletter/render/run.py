"""Render the editions of an issue and store them: read, render outside a transaction, write."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import MACHINE
from newsletter.model.article_address import ArticleSigner
from newsletter.model.edition import Contents, Edition
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import IssueState
from newsletter.model.subjects import BUCKETS, Arm
from newsletter.render.compose import compose
from newsletter.render.counted import counted_links
from newsletter.render.fallbacks import Fallback, fallbacks
from newsletter.render.manuscript import Manuscript, full_texts, manuscript, quoted
from newsletter.render.source import planned_differently, rendered_from
from newsletter.render.templates import Templates
from newsletter.render.view import RenderContext
from newsletter.store import acts
from newsletter.store.content import edition_links, editions, issues
from subscribers.phrase import Phrase

# How often to render again if staff change the issue while it is rendered.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class RenderKit:
    """What rendering needs besides the issue; `new_nonce` returns new random hex digits."""

    templates: Templates
    articles: ArticleSigner
    new_nonce: Callable[[], str]


def render(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    kit: RenderKit,
    *,
    now: datetime,
) -> list[Edition]:
    """Render every edition of a draft and store them; return them in order.

    Storing the editions moves the issue from DRAFT to REVIEW. An issue in a later state is not
    rendered again; its stored editions are returned. If staff change the issue at the same time, it
    is rendered again. Raises TemplateFailed, and NotAllowed if staff keep changing it.
    """
    for _ in range(ATTEMPTS):
        with engine.connect() as connection:
            issue = issues.load(connection, issue_id)
            stored = editions.of_issue(connection, issue_id)
            if not _wants_rendering(issue, stored):
                return stored
            read = manuscript(connection, publication, newsletter, issue, now=now)
        context = _context(read, publication, newsletter, kit)
        made = _editions(read, context, rendered_from(kit.templates, publication, newsletter), kit)
        counted = counted_links(read.issue, read.items, made, context)
        with engine.begin() as connection:
            issues.lock(connection, issue_id)
            if _unchanged(connection, read):
                editions.replace(connection, issue_id, made, now=now)
                edition_links.replace(connection, issue_id, counted)
                if made:
                    issues.start_review(connection, issue_id)
                acts.record(connection, _act(read, made, newsletter, now))
                return editions.of_issue(connection, issue_id)
    msg = Phrase("issue {issue_id} is being edited; try again later", issue_id=issue_id)
    raise NotAllowed(msg)


def _context(
    read: Manuscript, publication: Publication, newsletter: Newsletter, kit: RenderKit
) -> RenderContext:
    """Return what rendering the editions needs; each has its own nonce and language."""
    return RenderContext(
        publication,
        newsletter,
        kit.templates.catalogs,
        "",
        read.texts,
        kit.articles,
        pictures=read.pictures,
        corrects=read.corrects,
    )


def _editions(
    read: Manuscript, context: RenderContext, source: str, kit: RenderKit
) -> list[Edition]:
    taken = quoted(read)
    made: list[Edition] = []
    for contents, arm, people in _wanted(read):
        own = replace(context, nonce=_nonce(kit, taken), language=contents.language)
        edition = _edition(read, contents, arm, own, kit)
        made.append(replace(edition, seq=len(made) + 1, people=people, rendered_from=source))
    return made


def _wanted(read: Manuscript) -> Iterator[tuple[Contents, Arm | None, int]]:
    """Yield each edition with how many people get it: one for each subject, if two are tested.

    The rest counts for the first subject until one is chosen.
    """
    test = read.issue.test
    for contents, people in read.plan.contents:
        if test is None:
            yield contents, None, people
        else:
            second = people * test.half // BUCKETS
            yield contents, Arm.A, people - second
            yield contents, Arm.B, second


def _edition(
    read: Manuscript, contents: Contents, arm: Arm | None, context: RenderContext, kit: RenderKit
) -> Edition:
    made = compose(kit.templates, read.issue.printed_as(arm), read.items, contents, context)
    return Edition(
        id=0,
        issue_id=read.issue.id,
        seq=0,
        items=contents.items,
        headlines=contents.headlines,
        language=contents.language,
        nonce=context.nonce,
        subject=made.subject,
        preheader=made.preheader,
        html=made.html,
        text=made.text,
        hash=made.hash,
        people=0,
        arm=arm,
    )


def is_stale(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    kit: RenderKit,
    *,
    now: datetime,
) -> bool:
    """Return whether an editable issue would be rendered differently now.

    Compares the editions and their bytes only if the configuration, the templates or the program
    changed since. Equal bytes keep the editions, and with them an approval.
    """
    source = rendered_from(kit.templates, publication, newsletter)
    with engine.connect() as connection:
        issue = issues.load(connection, issue_id)
        stored = editions.of_issue(connection, issue_id)
        if not issue.editable or all(edition.rendered_from == source for edition in stored):
            return False
        read = manuscript(connection, publication, newsletter, issue, now=now)
        texts = full_texts(connection, newsletter, [edition.items for edition in stored])
    if any(planned_differently(edition.rendered_from, source) for edition in stored) and {
        edition.contents for edition in stored
    } != {contents for contents, _ in read.plan.contents}:
        return True
    context = replace(_context(read, publication, newsletter, kit), texts=texts)
    for edition in stored:
        own = replace(context, nonce=edition.nonce, language=edition.language)
        printed = issue.printed_as(edition.arm)
        made = compose(kit.templates, printed, read.items, edition.contents, own)
        if made.hash != edition.hash:
            return True
    with engine.begin() as connection:
        editions.confirm(connection, issue_id, source)
    return False


def _wants_rendering(issue: Issue, stored: Sequence[Edition]) -> bool:
    """Return whether an issue has no current rendering.

    A draft may hold editions and an issue in review none: earlier versions stored them so.
    """
    return issue.state is IssueState.DRAFT or (issue.state is IssueState.REVIEW and not stored)


def _nonce(kit: RenderKit, taken: str) -> str:
    """Return a nonce that is not in any text of the issue, so that no text forges a placeholder."""
    nonce = kit.new_nonce()
    while nonce in taken:
        nonce = kit.new_nonce()
    return nonce


def _act(read: Manuscript, made: Sequence[Edition], newsletter: Newsletter, now: datetime) -> Act:
    detail: dict[str, object] = {
        "editions": len(made),
        "rare": read.plan.rare,
        "folded": read.plan.folded,
        "lost": read.plan.lost,
        "nothing": read.nothing,
    }
    if missing := fallbacks(read.items, newsletter, read.languages):
        detail["fallbacks"] = [asdict(fallback) for fallback in missing]
    return Act(now, MACHINE, ActKind.RENDERED, read.issue.id, detail=detail)


def audience_notes(connection: sa.Connection, issue_id: int) -> list[str]:
    """Return sentences about the subscribers who get less than they asked for."""
    recorded = reversed(acts.of_issue(connection, issue_id))
    last = next((entry for entry in recorded if entry.kind is ActKind.RENDERED), None)
    if last is None:
        return []
    lines = (
        ("rare", "sets of topics were too rare for their own edition (max_editions)"),
        ("folded", "subscribers get the largest edition that contains only what they follow"),
        ("lost", "subscribers follow topics that fit no edition"),
        ("nothing", "subscribers follow topics without an article in this issue"),
    )
    counted = [f"{last.detail[name]:,} {text}." for name, text in lines if last.detail.get(name)]
    missing = cast("list[dict[str, Any]]", last.detail.get("fallbacks", []))
    return [*counted, *(Fallback(**values).sentence() for values in missing)]


def _unchanged(connection: sa.Connection, read: Manuscript) -> bool:
    present = issues.load(connection, read.issue.id)
    return present == read.issue and tuple(issues.load_items(connection, present.id)) == read.items
