"""Check an issue and its editions before it is approved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.finding import CHECKS, Finding
from newsletter.model.issue import Item
from newsletter.model.publication import Newsletter, Publication
from newsletter.render import picture_view
from newsletter.render.checks import apply_policy
from newsletter.render.checks import issues as issue_checks
from newsletter.render.checks import links as link_check
from newsletter.render.checks import pages as page_checks
from newsletter.render.checks.issues import IssueFacts
from newsletter.render.checks.links import BrokenLinks
from newsletter.render.manuscript import manuscript, quoted
from newsletter.store.content import articles, editions, issues
from newsletter.store.people import segments
from subscribers.audience import has_subscribers


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
            outdated=_outdated(connection, read.items),
            unknown_tags=segments.unknown(connection, publication, newsletter),
            digest_later=not issue.digest and _has_digest_subscribers(connection, newsletter),
        )
    found = list(issue_checks.check(issue, read.items, publication, facts))
    if not stored:
        message = "The issue has not been rendered; preview it."
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
