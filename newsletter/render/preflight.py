"""Check an issue and its editions before it is approved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

import sqlalchemy as sa

from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding
from newsletter.model.issue import Issue, IssueKind, Item, corrected
from newsletter.model.personalization import unfilled
from newsletter.model.publication import Newsletter, Publication
from newsletter.render import picture_view
from newsletter.render.checks import apply_policy
from newsletter.render.checks import issues as issue_checks
from newsletter.render.checks import links as link_check
from newsletter.render.checks import pages as page_checks
from newsletter.render.checks.issues import IssueBefore, IssueFacts
from newsletter.render.checks.links import BrokenLinks
from newsletter.render.manuscript import manuscript, quoted
from newsletter.store.content import articles, earlier, editions, issues
from newsletter.store.people import segments
from newsletter.store.sending import totals
from subscribers.audience import has_subscribers
from subscribers.phrase import Phrase


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
            repeated=[] if issue.digest else issues.printed_before(connection, issue),
            **_against_sources(connection, read.items),
            before=_before(connection, issue, stored),
            unknown_tags=segments.unknown(connection, publication, newsletter),
            digest_later=not issue.digest and _has_digest_subscribers(connection, newsletter),
        )
    found = list(issue_checks.check(issue, read.items, publication, facts))
    if not stored:
        message = Phrase("The issue has not been rendered; preview it.")
        found.append(Finding("nothing to print", "block", message))
    found += [
        Finding("images", CHECKS["images"], message)
        for message in picture_view.problems(issue, read.items, read.pictures)
    ]
    texts = quoted(read)
    for edition in stored:
        found += page_checks.check(edition, publication.postal_address, texts)
    if broken_links is not None:
        found += link_check.check(stored, publication.url, broken_links)
    return apply_policy(dict(publication.checks), _gathered(found))


class _Compared(TypedDict):
    outdated: list[int]
    short: list[int]


def _has_digest_subscribers(connection: sa.Connection, newsletter: Newsletter) -> bool:
    wanted = (
        has_subscribers(newsletter.key, frequency) for frequency in newsletter.digest_cadences
    )
    return any(connection.scalar(query) is not None for query in wanted)


def _gathered(findings: Sequence[Finding]) -> list[Finding]:
    """Merge equal findings of several editions: name the first edition, count the others."""
    places: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.check, finding.says), []).append(finding)
    return [_merged(same) for same in places.values()]


def _merged(same: Sequence[Finding]) -> Finding:
    first, *others = same
    if not others:
        return first
    found = dict.fromkeys(text for finding in same for text in finding.found)
    return replace(
        first,
        where=Phrase("{first} and {others} more", first=first.where, others=len(others)),
        found=tuple(found),
    )


def _against_sources(connection: sa.Connection, items: Sequence[Item]) -> _Compared:
    """Compare the printed items with their articles."""
    outdated, short = [], []
    for item in map(corrected, items):
        if item.included:
            article = articles.load(connection, item.article_id)
            if article.revision != item.revision:
                outdated.append(item.article_id)
            if 0 < article.content.words < len(item.teaser.text.split()):
                short.append(item.article_id)
    return {"outdated": outdated, "short": short}


def _before(
    connection: sa.Connection, issue: Issue, stored: Sequence[Edition]
) -> IssueBefore | None:
    """Return what is known of the issue that went out before a regular one."""
    before = earlier.last_sent(connection, issue) if issue.kind is IssueKind.REGULAR else None
    if before is None:
        return None
    counted = totals.by_issue(connection, [before])
    had = {_subject(edition) for edition in editions.of_issue(connection, before)}
    repeated = (subject for edition in stored if (subject := _subject(edition)) in had)
    return IssueBefore(counted[before].planned if before in counted else 0, next(repeated, ""))


def _subject(edition: Edition) -> str:
    return " ".join(unfilled(edition.nonce, edition.subject).split())
