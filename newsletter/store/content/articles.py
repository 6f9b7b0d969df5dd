"""Articles, their identity keys and revisions: rows in, values out."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.model.article import Article, ArticleKey, Extracted, plain, restored
from newsletter.model.next_step import ListArticles
from newsletter.model.states import OUT
from newsletter.store.tables import article_keys, article_revisions, articles, issues, items
from subscribers.phrase import Phrase

MANY = 400


@dataclass(frozen=True, slots=True)
class NewArticle:
    """What is stored of an article when it is first seen."""

    source: str
    state: str
    content: Extracted
    content_hash: str
    title_key: str
    translation_group: int | None = None


class KnownArticle(NamedTuple):
    """What identifies a stored article, without its content."""

    id: int
    url: str
    title: str
    lang: str
    revision: int


def load(connection: sa.Connection, article_id: int) -> Article:
    """Return an article; raise NotFound when there is none."""
    row = connection.execute(_rows().where(articles.c.id == article_id)).mappings().first()
    if row is None:
        msg = Phrase("there is no article {article_id}", article_id=article_id)
        raise NotFound(msg, next_step=ListArticles())
    return _article(row)


def load_published(connection: sa.Connection, article_id: int) -> Article | None:
    """Return an article that an issue printed which has gone out; None if there is no such issue.

    Gone out means that the audience was frozen. A candidate that staff left out was not printed.
    """
    printed = (
        sa.select(items.c.article_id)
        .join(issues, issues.c.id == items.c.issue_id)
        .where(items.c.article_id == article_id, items.c.included, issues.c.frozen_at.is_not(None))
    )
    query = _rows().where(articles.c.id == article_id, printed.exists())
    row = connection.execute(query).mappings().first()
    return _article(row) if row is not None else None


def named(connection: sa.Connection, names: Collection[str]) -> dict[str, KnownArticle]:
    """Return what identifies articles, by URL or, without one, by title; of several, the first."""
    name = sa.case((articles.c.url == "", articles.c.title), else_=articles.c.url)
    columns = [articles.c[column] for column in KnownArticle._fields]
    query = sa.select(*columns).where(name.in_(names)).order_by(articles.c.id.desc())
    found = [KnownArticle(*row) for row in connection.execute(query)]
    return {article.url or article.title: article for article in found}


def eligible(connection: sa.Connection, newsletter: str, since: datetime) -> list[Article]:
    """Return the articles that an issue of `newsletter` may print, newest first.

    New ones, first seen at or after `since`, that no issue of it has taken out of the house.
    """
    chosen = _rows().where(
        articles.c.state == "new",
        articles.c.first_seen_at >= since,
        articles.c.id.not_in(_taken(newsletter)),
    )
    return [_article(row) for row in connection.execute(_newest_first(chosen)).mappings()]


def _taken(newsletter: str) -> sa.Select[tuple[int]]:
    """Select the articles that an issue of a newsletter has taken out of the house."""
    out = issues.c.state.in_([state.value for state in OUT])
    return (
        sa.select(items.c.article_id)
        .join(issues, issues.c.id == items.c.issue_id)
        .where(issues.c.newsletter == newsletter, out, items.c.included)
    )


def set_state(connection: sa.Connection, article_id: int, state: str) -> None:
    """Change the state of an article."""
    connection.execute(articles.update().where(articles.c.id == article_id).values(state=state))


def restore(connection: sa.Connection, article_ids: Sequence[int]) -> list[int]:
    """Let articles that were gone be eligible again; return them."""
    back = (articles.c.id.in_(article_ids), articles.c.state == "gone")
    update = articles.update().where(*back).values(state="new").returning(articles.c.id)
    return list(connection.scalars(update)) if article_ids else []


def any_new_since(connection: sa.Connection, since: datetime) -> bool:
    """Return whether an article has come in after a time."""
    query = sa.select(articles.c.id).where(
        articles.c.state == "new", articles.c.first_seen_at > since
    )
    return connection.scalar(query.limit(1)) is not None


def count_since(connection: sa.Connection, since: datetime) -> int:
    """Count the new articles that have come in since a time."""
    query = sa.select(sa.func.count()).where(
        articles.c.state == "new", articles.c.first_seen_at >= since
    )
    return connection.scalar(query) or 0


def arrivals(connection: sa.Connection, source: str, limit: int) -> list[datetime]:
    """Return when the latest articles of a source came in."""
    query = sa.select(articles.c.first_seen_at).where(articles.c.source == source)
    return list(connection.scalars(query.order_by(articles.c.first_seen_at.desc()).limit(limit)))


def recent_authors(connection: sa.Connection, limit: int = 24) -> list[str]:
    """Return the names of the authors of the latest articles, the most frequent first."""
    latest = sa.select(articles.c.content["authors"]).order_by(articles.c.id.desc()).limit(MANY)
    names = Counter(
        str(author["name"])
        for authors in connection.scalars(latest)
        for author in authors or ()
        if author["name"]
    )
    return [name for name, _articles in names.most_common(limit)]


def recent(
    connection: sa.Connection, *, source: str = "", limit: int = 50, state: str = ""
) -> list[Article]:
    """Return the articles last seen first, of one source or of all."""
    chosen = _rows()
    if source:
        chosen = chosen.where(articles.c.source == source)
    if state:
        chosen = chosen.where(articles.c.state == state)
    chosen = chosen.order_by(articles.c.first_seen_at.desc(), articles.c.id.desc()).limit(limit)
    return [_article(row) for row in connection.execute(chosen).mappings()]


def matching(connection: sa.Connection, keys: Iterable[ArticleKey]) -> Mapping[ArticleKey, int]:
    """Return which of the identity keys are known, and whose they are."""
    wanted: dict[str, list[str]] = {}
    for key in keys:
        wanted.setdefault(key.kind, []).append(key.value)
    found: dict[ArticleKey, int] = {}
    for kind, values in wanted.items():
        for start in range(0, len(values), MANY):
            rows = connection.execute(
                sa.select(article_keys.c.value, article_keys.c.article_id).where(
                    article_keys.c.kind == kind,
                    article_keys.c.value.in_(values[start : start + MANY]),
                )
            )
            found.update((ArticleKey(kind, value), owner) for value, owner in rows)
    return found


def titled(connection: sa.Connection, title_key: str, *, limit: int = 20) -> list[Article]:
    """Return the newest articles with the same normalised title."""
    chosen = _rows().where(articles.c.title_key == title_key)
    rows = connection.execute(chosen.order_by(articles.c.id.desc()).limit(limit)).mappings()
    return [_article(row) for row in rows]


def like(connection: sa.Connection, article_id: int) -> list[Article]:
    """Return the articles with the same normalized title as one, which is among them."""
    own = sa.select(articles.c.title_key).where(articles.c.id == article_id)
    key = connection.scalar(own)
    return titled(connection, key) if key is not None else []


def published_on(connection: sa.Connection, day: date, *, limit: int = 40) -> list[Article]:
    """Return articles that were published on a day."""
    chosen = _rows().where(articles.c.published == day.isoformat())
    rows = connection.execute(chosen.order_by(articles.c.id.desc()).limit(limit)).mappings()
    return [_article(row) for row in rows]


def insert(connection: sa.Connection, new: NewArticle, now: datetime) -> int:
    """Insert an article and return its id."""
    result = connection.execute(
        articles.insert()
        .values(
            source=new.source,
            state=new.state,
            translation_group=new.translation_group,
            first_seen_at=now,
            **_columns(new.content, new.content_hash, new.title_key),
        )
        .returning(articles.c.id)
    )
    return int(result.scalar_one())


def revise(connection: sa.Connection, article: Article, new: NewArticle, now: datetime) -> int:
    """Replace an article's content, keep what it was as a revision, return the new number."""
    old = connection.execute(
        sa.select(articles.c.content).where(articles.c.id == article.id)
    ).scalar_one()
    connection.execute(
        article_revisions.insert().values(
            article_id=article.id, revision=article.revision, at=now, content=old
        )
    )
    connection.execute(
        articles.update()
        .where(articles.c.id == article.id)
        .values(
            revision=article.revision + 1,
            changed_at=now,
            **_columns(new.content, new.content_hash, new.title_key),
        )
    )
    return article.revision + 1


def revisions(connection: sa.Connection, article_id: int) -> list[tuple[int, datetime, Extracted]]:
    """Return the earlier contents of an article, oldest first."""
    rows = connection.execute(
        sa.select(article_revisions)
        .where(article_revisions.c.article_id == article_id)
        .order_by(article_revisions.c.revision)
    ).mappings()
    return [(row["revision"], row["at"], restored(row["content"])) for row in rows]


def is_on_the_web(connection: sa.Connection, article_id: int, own: Collection[str]) -> bool:
    """Return whether a feed or a page has an article too; a file may state its `own` address."""
    keys = article_keys.c
    named = sa.or_(keys.kind == "guid", sa.and_(keys.kind == "url", keys.value.not_in(own)))
    query = sa.select(keys.value).where(keys.article_id == article_id, named).limit(1)
    return connection.execute(query).first() is not None


def claim_keys(connection: sa.Connection, article_id: int, keys: Iterable[ArticleKey]) -> None:
    """Give the article those of the keys that no article owns yet."""
    wanted = list(dict.fromkeys(keys))
    known = matching(connection, wanted)
    rows = [
        {"kind": key.kind, "value": key.value, "article_id": article_id}
        for key in wanted
        if key not in known
    ]
    if rows:
        connection.execute(article_keys.insert(), rows)


def adopt(
    connection: sa.Connection, article_ids: Iterable[int], source: str, configured: Collection[str]
) -> None:
    """Give a source those of the articles whose own source is not configured any more."""
    wanted = list(article_ids)
    for start in range(0, len(wanted), MANY):
        some = articles.c.id.in_(wanted[start : start + MANY])
        # Compared here: thousands of keys would make the statement slow, for a few articles.
        owners = connection.execute(sa.select(articles.c.id, articles.c.source).where(some))
        if orphans := [article_id for article_id, owner in owners if owner not in configured]:
            connection.execute(
                articles.update().where(articles.c.id.in_(orphans)).values(source=source)
            )


def without_source(
    connection: sa.Connection, configured: Collection[str], since: datetime
) -> dict[str, int]:
    """Count the new articles first seen since a time whose source is not configured, by source."""
    query = (
        sa.select(articles.c.source, sa.func.count())
        .where(
            articles.c.state == "new",
            articles.c.first_seen_at >= since,
            articles.c.source.not_in(configured),
        )
        .group_by(articles.c.source)
        .order_by(articles.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def of_group(connection: sa.Connection, group: int) -> list[Article]:
    """Return an article with its translations."""
    rows = connection.execute(
        _rows().where(articles.c.translation_group == group).order_by(articles.c.id)
    )
    return [_article(row) for row in rows.mappings()]


def printed_groups(connection: sa.Connection, newsletter: str) -> dict[int, int]:
    """Return the translation groups of which an issue has taken a version out, and which one."""
    query = (
        sa.select(articles.c.translation_group, sa.func.min(articles.c.id))
        .where(articles.c.id.in_(_taken(newsletter)), articles.c.translation_group.is_not(None))
        .group_by(articles.c.translation_group)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def link(connection: sa.Connection, group: int, article_ids: Sequence[int]) -> None:
    """Mark articles as translations of each other."""
    connection.execute(
        articles.update().where(articles.c.id.in_(article_ids)).values(translation_group=group)
    )


def content_hash(connection: sa.Connection, article_id: int) -> str:
    """Return the hash of what is stored, to compare with what was just read."""
    found = connection.scalar(sa.select(articles.c.content_hash).where(articles.c.id == article_id))
    return str(found or "")


def _rows() -> sa.Select[Any]:
    return sa.select(
        articles.c.id,
        articles.c.source,
        articles.c.state,
        articles.c.revision,
        articles.c.first_seen_at,
        articles.c.changed_at,
        articles.c.translation_group,
        articles.c.content,
    )


def _newest_first(chosen: sa.Select[Any]) -> sa.Select[Any]:
    return chosen.order_by(
        articles.c.published.desc(), articles.c.first_seen_at.desc(), articles.c.id.desc()
    )


def _columns(content: Extracted, content_hash: str, title_key: str) -> dict[str, Any]:
    return {
        "url": content.url,
        "title": content.title,
        "title_key": title_key,
        "lang": content.lang,
        "published": content.published.isoformat() if content.published else "",
        "content": plain(content),
        "content_hash": content_hash,
    }


def _article(row: sa.RowMapping) -> Article:
    return Article(**{**row, "content": restored(row["content"])})
