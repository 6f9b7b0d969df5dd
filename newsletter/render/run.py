"""Render the editions of an issue and store them: read, render outside a transaction, write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import MACHINE
from newsletter.model.article import Extracted
from newsletter.model.edition import Chooser, Contents, Edition, Plan, plan
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue, IssueKind, Item, corrected
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import IssueState
from newsletter.render.checks import apply_policy
from newsletter.render.checks import issues as issue_checks
from newsletter.render.checks import links as link_check
from newsletter.render.checks import pages as page_checks
from newsletter.render.checks.issues import IssueFacts
from newsletter.render.checks.links import BrokenLinks
from newsletter.render.compose import compose
from newsletter.render.reach import wanted
from newsletter.render.templates import Templates
from newsletter.render.view import RenderContext
from newsletter.store import acts
from newsletter.store.content import articles, editions, issues
from newsletter.store.sending import audience

# How often to render again if staff change the issue while it is rendered.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class RenderKit:
    """What rendering needs besides the issue; `new_nonce` returns new random hex digits."""

    templates: Templates
    new_nonce: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Manuscript:
    """What is read of an issue before it is rendered; `nothing` counts those who get no edition."""

    issue: Issue
    items: tuple[Item, ...]
    texts: Mapping[int, Extracted]
    plan: Plan
    nothing: int


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
        quoted = _quoted(read)
        made = [
            _edition(
                seq,
                people,
                contents,
                read,
                RenderContext(
                    publication,
                    newsletter,
                    kit.templates.catalogs,
                    _nonce(kit, quoted),
                    read.texts,
                ),
                kit,
            )
            for seq, (contents, people) in enumerate(read.plan.contents, 1)
        ]
        with engine.begin() as connection:
            issues.lock(connection, issue_id)
            if _unchanged(connection, read):
                editions.replace(connection, issue_id, made, now=now)
                if made:
                    issues.start_review(connection, issue_id)
                acts.record(connection, _act(read, made, now))
                return editions.of_issue(connection, issue_id)
    msg = f"issue {issue_id} is being edited; try again later"
    raise NotAllowed(msg)


def _wants_rendering(issue: Issue, stored: Sequence[Edition]) -> bool:
    """Return whether an issue has no current rendering.

    A draft may hold editions and an issue in review none: earlier versions stored them so.
    """
    return issue.state is IssueState.DRAFT or (issue.state is IssueState.REVIEW and not stored)


def manuscript(
    connection: sa.Connection,
    publication: Publication,
    newsletter: Newsletter,
    issue: Issue,
    *,
    now: datetime,
) -> Manuscript:
    """Read an issue, its items, the texts that the layout prints in full, and who gets what."""
    items = tuple(issues.load_items(connection, issue.id))
    if issue.kind is IssueKind.CORRECTION:
        shown = tuple(item.article_id for item in items if item.included)
        planned = Plan(((Contents(shown), 0),))
        nothing = 0
    else:
        chooser = Chooser(items, newsletter)
        asked = audience.question(newsletter, dict(publication.segments), now)
        people, nothing = wanted(connection, asked, chooser)
        planned = _planned(people, chooser, newsletter)
        if not any(item.included for item in items):
            planned, nothing = Plan(((Contents(()), nothing),)), 0
    texts = {}
    if newsletter.layout == "letter":
        leads = {contents.items[0] for contents, _ in planned.contents if contents.items}
        texts = {lead: articles.load(connection, lead).content for lead in sorted(leads)}
    return Manuscript(issue, items, texts, planned, nothing)


def _planned(people: Mapping[Contents, int], chooser: Chooser, newsletter: Newsletter) -> Plan:
    """Plan the editions; the one for subscribers who follow no topics is always the first."""
    everything = chooser.choose(None)
    return Plan(()) if everything is None else plan(people, everything, newsletter)


def _edition(
    seq: int,
    people: int,
    contents: Contents,
    read: Manuscript,
    context: RenderContext,
    kit: RenderKit,
) -> Edition:
    made = compose(kit.templates, read.issue, read.items, contents, context)
    return Edition(
        id=0,
        issue_id=read.issue.id,
        seq=seq,
        items=contents.items,
        headlines=contents.headlines,
        nonce=context.nonce,
        subject=made.subject,
        preheader=made.preheader,
        html=made.html,
        text=made.text,
        hash=made.hash,
        people=people,
    )


def _nonce(kit: RenderKit, quoted: str) -> str:
    """Return a nonce that is not in any text of the issue, so that no text forges a placeholder."""
    nonce = kit.new_nonce()
    while nonce in quoted:
        nonce = kit.new_nonce()
    return nonce


def _quoted(read: Manuscript) -> str:
    """Return all text of the issue that comes from articles or staff."""
    texts = [
        line
        for text in read.texts.values()
        for section in text.sections
        for line in section.paragraphs
    ]
    staff = [read.issue.subject, read.issue.preheader, read.issue.note, str(read.issue.blocks)]
    items = [
        "\n".join((item.title, item.teaser.text, *item.takeaways.items, *item.topics, item.kicker))
        for item in map(corrected, read.items)
    ]
    return "\n".join([*staff, *items, *texts])


def _act(read: Manuscript, made: Sequence[Edition], now: datetime) -> Act:
    detail = {
        "editions": len(made),
        "rare": read.plan.rare,
        "folded": read.plan.folded,
        "lost": read.plan.lost,
        "nothing": read.nothing,
    }
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
    return [f"{last.detail[name]:,} {text}." for name, text in lines if last.detail.get(name)]


def _unchanged(connection: sa.Connection, read: Manuscript) -> bool:
    present = issues.load(connection, read.issue.id)
    return present == read.issue and tuple(issues.load_items(connection, present.id)) == read.items


def check(
    engine: sa.Engine,
    publication: Publication,
    newsletter: Newsletter,
    issue_id: int,
    *,
    now: datetime,
    broken_links: BrokenLinks | None = None,
) -> list[Finding]:
    """Check an issue and its stored editions; apply the publisher's policy.

    `broken_links` requests the links of the editions; without it they are not requested.
    """
    with engine.connect() as connection:
        issue = issues.load(connection, issue_id)
        read = manuscript(connection, publication, newsletter, issue, now=now)
        stored = editions.of_issue(connection, issue_id)
        facts = IssueFacts(
            people=sum(people for _, people in read.plan.contents),
            nothing=read.nothing,
            lost=read.plan.lost,
            repeated=issues.printed_before(connection, issue),
            outdated=_outdated(connection, read.items),
        )
    found = list(issue_checks.check(issue, read.items, publication, facts))
    if not stored:
        message = "The issue has not been rendered; preview it."
        found.append(Finding("nothing to print", "block", message))
    quoted = _quoted(read)
    for edition in stored:
        found += page_checks.check(edition, publication.postal_address, quoted)
    if broken_links is not None:
        found += link_check.check(stored, publication.url, broken_links)
    return apply_policy(dict(publication.checks), _gathered(found))


def _gathered(findings: Sequence[Finding]) -> list[Finding]:
    """Merge equal findings of several editions: name the first edition, count the others."""
    places: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.check, finding.says), []).append(finding)
    return [
        replace(same[0], where=f"{same[0].where} and {len(same) - 1} more")
        if len(same) > 1
        else same[0]
        for same in places.values()
    ]


def _outdated(connection: sa.Connection, items: Sequence[Item]) -> list[int]:
    return [
        item.article_id
        for item in items
        if item.included and articles.load(connection, item.article_id).revision != item.revision
    ]
