"""Look at articles; hide one, say which other it repeats, read it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.article import Article, Extracted
from newsletter.store import acts
from newsletter.store.content import articles, browsing
from newsletter.store.content.browsing import PAGE, ArticleFilter, ArticleUse
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class ArticleList:
    """A page of articles, latest first; `before` asks for the next one, None if there is none."""

    articles: Sequence[Article]
    before: int | None


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """An article, what it was before, where it was used, and others with the same title."""

    article: Article
    revisions: Sequence[tuple[int, datetime, Extracted]]
    uses: Sequence[ArticleUse]
    similar: Sequence[Article]


def find(
    context: Context, actor: Actor, wanted: ArticleFilter, before: int | None = None
) -> ArticleList:
    """Return a page of the articles that a filter admits."""
    actor.require(Role.EDITOR)
    with context.reader.begin() as connection:
        ids = browsing.search(connection, wanted, before, PAGE + 1)
        found = [articles.load(connection, article_id) for article_id in ids[:PAGE]]
    return ArticleList(found, found[-1].id if len(ids) > PAGE else None)


def look(context: Context, actor: Actor, article_id: int) -> ArticleRecord:
    """Return what is known of an article; raise NotFound."""
    actor.require(Role.EDITOR)
    with context.reader.begin() as connection:
        article = articles.load(connection, article_id)
        titled = articles.like(connection, article_id)
        return ArticleRecord(
            article,
            articles.revisions(connection, article_id),
            browsing.uses(connection, article_id),
            [found for found in titled if found.id != article_id],
        )


def hide(context: Context, actor: Actor, article_id: int) -> None:
    """Offer an article to no new issue. What an issue prints already stays."""
    _set_state(context, actor, article_id, "hidden", ActKind.ARTICLE_HIDDEN)


def show(context: Context, actor: Actor, article_id: int) -> None:
    """Offer an article to new issues again."""
    _set_state(context, actor, article_id, "new", ActKind.ARTICLE_SHOWN)


def _set_state(context: Context, actor: Actor, article_id: int, state: str, kind: ActKind) -> None:
    actor.require(Role.EDITOR)
    with context.engine.begin() as connection:
        before = articles.load(connection, article_id).state
        if before == state:
            return
        articles.set_state(connection, article_id, state)
        acts.record(connection, _act(context, actor, kind, article_id, {"was": before}))


def same_as(context: Context, actor: Actor, article_id: int, kept_id: int) -> None:
    """Say that an article repeats another: it is hidden, and what identifies it names the other."""
    actor.require(Role.EDITOR)
    if article_id == kept_id:
        msg = Phrase("an article cannot duplicate itself; enter the number of another article")
        raise NotAllowed(msg)
    with context.engine.begin() as connection:
        for each in (article_id, kept_id):
            articles.load(connection, each)
        browsing.join_duplicate(connection, article_id, kept_id)
        detail = {"kept": kept_id}
        act = _act(context, actor, ActKind.DUPLICATE_CHOSEN, article_id, detail)
        acts.record(connection, act)


def read_again(context: Context, actor: Actor, article_id: int) -> int | None:
    """Read an article again from its sources, and return its new revision; None if it is unchanged.

    Raises NotAllowed if no configured source lists it any more.
    """
    actor.require(Role.EDITOR)
    configured = {source.key for source in context.publication.sources}
    with context.engine.begin() as connection:
        before = articles.load(connection, article_id).revision
        names = [
            name for name in browsing.forget_reading(connection, article_id) if name in configured
        ]
        if not names or context.collect_from is None:
            msg = Phrase("no configured source lists this article any more")
            raise NotAllowed(msg)
        acts.record(connection, _act(context, actor, ActKind.ARTICLE_READ_AGAIN, article_id, {}))
    context.collect_from(names)
    with context.reader.begin() as connection:
        after = articles.load(connection, article_id).revision
    return after if after != before else None


def _act(
    context: Context, actor: Actor, kind: ActKind, article_id: int, detail: Mapping[str, object]
) -> Act:
    return Act(context.now(), actor, kind, None, detail={"article": article_id, **detail})
