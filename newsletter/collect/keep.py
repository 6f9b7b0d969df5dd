"""Store what was gathered from a source: articles, entries and the state of the source."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.collect import missing
from newsletter.collect.deciding import identity
from newsletter.collect.deciding.decide import (
    ArticleDecision,
    Match,
    decide,
    may_be_translation,
    newest_first,
)
from newsletter.collect.gather import Gathered
from newsletter.collect.reader import ReadEntry
from newsletter.collect.report import Collected, SourceReport
from newsletter.collect.text import urls
from newsletter.model.article import Article, ArticleKey, Extracted
from newsletter.model.languages import main_language
from newsletter.model.source import SeenEntry, Source, SourceState
from newsletter.store.content import articles
from newsletter.store.content import sources as source_store

LONGEST_PAUSE = timedelta(days=1)
REDIRECTS_TO_LEARN = 3
JITTER = 0.1
EMPTY = "readable but empty"


def keep(
    connection: sa.Connection,
    gathered: Gathered,
    state: SourceState,
    now: datetime,
    rng: random.Random,
    recheck: timedelta | None = None,
) -> SourceReport:
    """Store everything gathered from a source. Returns the outcome of each candidate.

    `recheck` is how soon a source with news is read again, to notice what is withdrawn.
    """
    if gathered.problem:
        source_store.save(connection, failed_state(gathered, state, now, rng))
        return SourceReport(gathered.source.key, "failed", problem=gathered.problem)
    kept: list[Collected] = []
    skipped, without_page = list(gathered.skipped), list[tuple[str, str]]()
    for candidate in _with_backlog(gathered, state):
        if candidate.content is None:
            skipped.append(
                (
                    candidate.entry.title or candidate.entry.url or candidate.entry.key,
                    candidate.reason,
                )
            )
            _remember(connection, gathered.source, candidate, None, now)
            continue
        collected = keep_candidate(connection, gathered.source, candidate, now)
        kept.append(collected)
        _remember(connection, gathered.source, candidate, collected.article_id, now)
        if candidate.reason:
            without_page.append((candidate.entry.title or candidate.entry.url, candidate.reason))
    if gathered.listed is not None:
        missing.note(connection, gathered.source, gathered.listed, now)
    fresh = any(collected.verdict == "new" for collected in kept)
    source_store.save(
        connection, _succeeded(gathered, state, now, rng, fresh=fresh, recheck=recheck)
    )
    problem = _emptied(gathered, state)
    unchanged = gathered.unchanged or not (kept or skipped or state.first_collected_at is None)
    return SourceReport(
        gathered.source.key,
        "emptied" if problem else "unchanged" if unchanged else "collected",
        tuple(kept),
        tuple(skipped),
        tuple(_notes(gathered, state)),
        problem,
        without_page=tuple(without_page),
        found=gathered.found,
    )


def _emptied(gathered: Gathered, state: SourceState) -> str:
    """Describe a source that can be read and had entries before, but has none now."""
    if gathered.found:
        return ""
    if state.found:
        return f"{EMPTY}; it had {state.found:,} entries before"
    if state.failing_since is None:
        return state.health
    return EMPTY if state.last_new_at else ""


def _with_backlog(gathered: Gathered, state: SourceState) -> Sequence[ReadEntry]:
    """On the first collection of a folder, mark all but the newest articles as seen.

    For other sources this happened before the articles were read.
    """
    if state.first_collected_at is not None or gathered.source.kind != "folder":
        return gathered.candidates
    read = [
        (at, candidate.content)
        for at, candidate in enumerate(gathered.candidates)
        if candidate.content
    ]
    order = newest_first([(content.published, at) for at, content in read])
    old = {read[place][0] for place in order[gathered.source.backfill :]}
    return [
        replace(candidate, backlog=at in old) for at, candidate in enumerate(gathered.candidates)
    ]


def keep_candidate(
    connection: sa.Connection, source: Source, candidate: ReadEntry, now: datetime
) -> Collected:
    """Store an article that was read, or recognize one that is stored."""
    entry, content = candidate.entry, candidate.content
    if content is None:
        raise AssertionError
    keys = identity.keys(source, entry, content)
    matches = _matches(connection, keys, content)
    stored_hash = articles.content_hash(connection, matches[0].article.id) if matches else ""
    decision = decide(source.key, content, matches, stored_hash, now)
    if decision.article is not None and decision.article != (
        matches[0].article if matches else None
    ):
        stored_hash = articles.content_hash(connection, decision.article.id)
        decision = decide(source.key, content, matches, stored_hash, now)
    article_id, verdict = _carry_out(connection, source, candidate, decision, now)
    claimed = [*keys, *_link_keys(source, candidate)]
    articles.claim_keys(connection, article_id, claimed)
    _link_translations(connection, source, candidate, article_id)
    return Collected(article_id, content.title, verdict, decision.why)


def _matches(
    connection: sa.Connection, keys: Sequence[ArticleKey], content: Extracted
) -> list[Match]:
    known = articles.matching(connection, keys)
    found = [_match(connection, key, known[key], content) for key in keys if key in known]
    seen = {match.article.id for match in found}
    titled = articles.titled(connection, identity.title_key(content.title))
    return [*found, *(Match(article, "title") for article in titled if article.id not in seen)]


def _match(
    connection: sa.Connection, key: ArticleKey, article_id: int, content: Extracted
) -> Match:
    own = {urls.identity(content.url)} if content.url else set()
    elsewhere = key.kind == "file" and articles.is_on_the_web(connection, article_id, own)
    return Match(articles.load(connection, article_id), key.kind, elsewhere)


def _carry_out(
    connection: sa.Connection,
    source: Source,
    candidate: ReadEntry,
    decision: ArticleDecision,
    now: datetime,
) -> tuple[int, str]:
    content = candidate.content
    if content is None:
        raise AssertionError
    kept = decision.content or content
    new = articles.NewArticle(
        source.key,
        "seen" if candidate.backlog else "new",
        kept,
        identity.content_hash(kept),
        identity.title_key(kept.title),
    )
    if decision.article is None:
        return articles.insert(connection, new, now), new.state
    if decision.verdict in {"changed", "enriched"} and not candidate.backlog:
        articles.revise(connection, decision.article, new, now)
        return decision.article.id, decision.verdict
    return decision.article.id, "same"


def _link_keys(source: Source, candidate: ReadEntry) -> Iterator[ArticleKey]:
    """Yield the keys that connect a translation collected later to this article."""
    if candidate.content is None:
        return
    for key in identity.alternates(source, candidate.entry, candidate.content):
        yield key if key.kind == "stem" else ArticleKey("alternate", f"{key.kind}:{key.value}")


def _link_translations(
    connection: sa.Connection, source: Source, candidate: ReadEntry, article_id: int
) -> None:
    """Put the article and its translations into one group, which has one article per language.

    Some sites name the same page as the translation of every article. The first keeps it: a group
    with two articles in one language would hide one of them from all readers.
    """
    content = candidate.content
    if content is None:
        return
    mine = articles.load(connection, article_id)
    group = {article.id: article for article in _group(connection, mine)}
    for other in _translations(connection, source, candidate, mine):
        joining = [article for article in _group(connection, other) if article.id not in group]
        spoken = [_language(article) for article in (*group.values(), *joining)]
        if len(set(spoken)) == len(spoken):
            group.update({article.id: article for article in joining})
    if len(group) > 1:
        known = [article.translation_group for article in group.values()]
        articles.link(connection, min(filter(None, known), default=min(group)), sorted(group))


def _translations(
    connection: sa.Connection, source: Source, candidate: ReadEntry, mine: Article
) -> list[Article]:
    """Return the stored articles that link to this one or that it links to, then the likely ones."""
    entry, content = candidate.entry, candidate.content
    if content is None:
        return []
    wanted = [*identity.alternates(source, entry, content)]
    wanted += [
        ArticleKey("alternate", f"{key.kind}:{key.value}")
        for key in identity.keys(source, entry, content)
    ]
    owners = set(articles.matching(connection, wanted).values()) - {mine.id}
    linked = [articles.load(connection, other) for other in sorted(owners)]
    return [*linked, *_same_layout(connection, content, mine.id)]


def _group(connection: sa.Connection, article: Article) -> list[Article]:
    if article.translation_group is None:
        return [article]
    return articles.of_group(connection, article.translation_group)


def _same_layout(connection: sa.Connection, content: Extracted, article_id: int) -> list[Article]:
    if not content.published:
        return []
    near = articles.published_on(connection, content.published)
    return [
        article
        for article in near
        if article.id != article_id and may_be_translation(content, article)
    ]


def _language(article: Article) -> str:
    return main_language(article.content.lang)


def _remember(
    connection: sa.Connection,
    source: Source,
    candidate: ReadEntry,
    article_id: int | None,
    now: datetime,
) -> None:
    """Remember the entry. Without a fingerprint it is tried again next time."""
    seen = SeenEntry(
        candidate.entry.key,
        "" if candidate.again else candidate.entry.fingerprint,
        article_id,
        candidate.attempts,
        candidate.reason,
    )
    source_store.remember(connection, source.key, seen, now)


def _notes(gathered: Gathered, state: SourceState) -> Iterator[str]:
    if gathered.note:
        yield gathered.note
    if gathered.cut_short:
        yield f"{gathered.waiting} not reached in the time for this source; read in the next pass"
    elif gathered.waiting:
        yield f"{gathered.waiting} more will be read in the next collection"
    if gathered.found == 0 and not gathered.unchanged:
        yield EMPTY
    learnt = _learnt(gathered, state)
    if learnt[0] and learnt[0] != state.learnt_url:
        yield f"moved permanently to {learnt[0]}; that address is used from now on"


def _learnt(gathered: Gathered, state: SourceState) -> tuple[str, str, int]:
    """Count permanent redirects. After three in a row the new address is learned."""
    if not gathered.moved_to:
        return state.learnt_url, "", 0
    seen = state.redirects_seen + 1 if gathered.moved_to == state.redirected_to else 1
    if seen >= REDIRECTS_TO_LEARN:
        return gathered.moved_to, "", 0
    return state.learnt_url, gathered.moved_to, seen


def _succeeded(
    gathered: Gathered,
    state: SourceState,
    now: datetime,
    rng: random.Random,
    *,
    fresh: bool,
    recheck: timedelta | None,
) -> SourceState:
    """Return the state after a success. After news, it is read again before an alert is sent."""
    pause = max(gathered.source.every, timedelta(seconds=gathered.fresh_seconds))
    if fresh and recheck is not None:
        pause = min(pause, recheck * (1 - JITTER))
    learnt, redirected, seen = _learnt(gathered, state)
    kept = gathered.unchanged
    return replace(
        state,
        etag=state.etag if kept else gathered.etag,
        last_modified=state.last_modified if kept else gathered.last_modified,
        body_hash=state.body_hash if kept else gathered.body_hash,
        learnt_url=learnt,
        redirected_to=redirected,
        redirects_seen=seen,
        first_collected_at=state.first_collected_at or now,
        checked_at=now,
        last_success_at=now,
        last_new_at=now if fresh else state.last_new_at,
        next_check_at=now if gathered.cut_short else _later(now, pause, rng),
        failures=0,
        failing_since=None,
        found=gathered.found,
        health=_emptied(gathered, state),
    )


def failed_state(
    gathered: Gathered, state: SourceState, now: datetime, rng: random.Random
) -> SourceState:
    """Return the state after a failure. The pause doubles, or is as long as the server asked."""
    failures = state.failures + 1
    pause = gathered.source.every * 2 ** min(failures - 1, 10)
    asked = timedelta(seconds=gathered.retry_after_seconds)
    return replace(
        state,
        checked_at=now,
        next_check_at=_later(now, max(min(pause, LONGEST_PAUSE), asked), rng),
        failures=failures,
        failing_since=state.failing_since or now,
        health=gathered.problem,
    )


def _later(now: datetime, pause: timedelta, rng: random.Random) -> datetime:
    """Return the time of the next check, with jitter so that sources do not align."""
    bounded = min(pause, 7 * LONGEST_PAUSE)
    return now + bounded * (1 + JITTER * rng.random())
