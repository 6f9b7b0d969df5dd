"""Find articles, and what became of each: where it was printed, and which other is the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.store.content import articles as stored
from newsletter.store.tables import article_keys, articles, issues, items, source_entries

PAGE = 50


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """Which articles to list; an empty field admits all. Each of `words` is in the title."""

    words: tuple[str, ...] = ()
    source: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class ArticleUse:
    """An issue that has an article among its items, and whether it prints it."""

    issue_id: int
    newsletter: str
    due_at: datetime
    state: str
    included: bool
    reason: str
    revision: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """What a source showed: the entry, its article if it has one, or why it was not taken."""

    key: str
    first_seen_at: datetime
    article_id: int | None
    title: str
    reason: str
    missing_since: datetime | None


def search(
    connection: sa.Connection, wanted: ArticleFilter, before: int | None = None, size: int = PAGE
) -> list[int]:
    """Return the IDs of articles, latest first, a page at a time; titles are read, not contents."""
    a = articles.c
    conditions = [a.title.icontains(word, autoescape=True) for word in wanted.words]
    if wanted.source:
        conditions.append(a.source == wanted.source)
    if wanted.state:
        conditions.append(a.state == wanted.state)
    if before is not None:
        conditions.append(a.id < before)
    query = sa.select(a.id).where(*conditions).order_by(a.id.desc()).limit(size)
    return list(connection.scalars(query))


def uses(connection: sa.Connection, article_id: int) -> list[ArticleUse]:
    """Return the issues that have an article among their items, latest first."""
    i, item = issues.c, items.c
    query = (
        sa.select(i.id, i.newsletter, i.due_at, i.state, item.included, item.reason, item.revision)
        .join(items, item.issue_id == i.id)
        .where(item.article_id == article_id)
        .order_by(i.id.desc())
    )
    return [ArticleUse(*row) for row in connection.execute(query)]


def join_duplicate(connection: sa.Connection, duplicate_id: int, kept_id: int) -> None:
    """Let one article be known by everything that identifies another, which is hidden."""
    ours = article_keys.update().where(article_keys.c.article_id == duplicate_id)
    connection.execute(ours.values(article_id=kept_id))
    entries = source_entries.update().where(source_entries.c.article_id == duplicate_id)
    connection.execute(entries.values(article_id=kept_id))
    stored.set_state(connection, duplicate_id, "hidden")


def forget_reading(connection: sa.Connection, article_id: int) -> list[str]:
    """Let the entries of an article count as changed, so that it is read again; return the sources."""
    mine = source_entries.c.article_id == article_id
    found = connection.scalars(sa.select(source_entries.c.source).where(mine).distinct())
    sources = sorted(found)
    connection.execute(source_entries.update().where(mine).values(fingerprint=""))
    return sources


def latest_entries(connection: sa.Connection, source: str, size: int = PAGE) -> Sequence[EntryRow]:
    """Return what a source showed last."""
    e = source_entries.c
    query = (
        sa.select(e.key, e.first_seen_at, e.article_id, articles.c.title, e.reason, e.missing_since)
        .outerjoin(articles, articles.c.id == e.article_id)
        .where(e.source == source)
        .order_by(e.first_seen_at.desc(), e.key)
        .limit(size)
    )
    return [
        EntryRow(row[0], row[1], row[2], row[3] or "", row[4], row[5])
        for row in connection.execute(query)
    ]
