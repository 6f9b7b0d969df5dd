"""Decide what a candidate is: new, an edit, or an article that is known already. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from newsletter.collect.deciding import identity
from newsletter.model.article import Article, Extracted

WINDOW = timedelta(days=14)
ALIKE, SHINGLE = 0.5, 4
FEW_WORDS = 40
RICHER = 2.0
Verdict = Literal["new", "changed", "enriched", "same"]


@dataclass(frozen=True, slots=True)
class Match:
    """A stored article that shares a key with the candidate; `by` is the key's kind."""

    article: Article
    by: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a candidate; `article` is the stored one it turned out to be."""

    verdict: Verdict
    article: Article | None = None
    why: str = ""


def decide(
    source: str, content: Extracted, matches: Sequence[Match], stored_hash: str, now: datetime
) -> Decision:
    """Say whether `content` is a new article, an edit of a stored one, or nothing new.

    `stored_hash` is the content hash of the first article that turns out to be the same; an edit
    counts only when it comes from the source that brought the article.
    """
    match = same(content, matches, now)
    if match is None:
        return Decision("new")
    why = f"the same {_KINDS.get(match.by, match.by)} as article {match.article.id}"
    if (
        _words(content) > RICHER * max(_words(match.article.content), 1)
        and _words(content) >= FEW_WORDS
    ):
        return Decision("enriched", match.article, why)
    moved = match.by == "guid" and bool(content.url) and content.url != match.article.content.url
    edited = moved or identity.content_hash(content) != stored_hash
    if (
        edited
        and match.article.source == source
        and match.by in {"file", "url", "guid", "title+date"}
    ):
        return Decision("changed", match.article, why)
    return Decision("same", match.article, why)


_KINDS = {
    "file": "file",
    "guid": "guid",
    "url": "address",
    "text": "text",
    "title": "title and text",
}


def same(content: Extracted, matches: Sequence[Match], now: datetime) -> Match | None:
    """Return the stored article that `content` is, by the strongest evidence first."""
    for kinds, holds in _EVIDENCE:
        for match in matches:
            if match.by in kinds and holds(content, match.article, now):
                return match
    return None


def _unlike(content: Extracted, article: Article) -> bool:
    """Say whether two texts under one address have nothing in common: title, text or date."""
    if identity.title_key(content.title) == identity.title_key(article.content.title):
        return False
    if min(_words(content), _words(article.content)) < FEW_WORDS:
        return False
    return likeness(content, article.content) < ALIKE / 5


def _other_article(content: Extracted, article: Article) -> bool:
    """Say whether a shared guid is a mistake of the feed: neither title, address nor text agree."""
    if identity.title_key(content.title) == identity.title_key(article.content.title):
        return False
    if content.url and content.url == article.content.url:
        return False
    if min(_words(content), _words(article.content)) < FEW_WORDS:
        return bool(content.url and article.content.url) and _days_apart(content, article) > 1
    return likeness(content, article.content) < ALIKE


def _title_agrees(content: Extracted, article: Article) -> bool:
    """Say whether the texts under a shared title agree, or the days where a text is missing."""
    if min(_words(content), _words(article.content)) >= FEW_WORDS:
        return likeness(content, article.content) >= ALIKE
    long_enough = len(content.title.split()) >= 4 or len(identity.letters(content.title)) >= 16  # noqa: PLR2004
    return long_enough and content.published is not None and _days_apart(content, article) == 0


def _near(content: Extracted, article: Article, now: datetime) -> bool:
    """Say whether the two were published, or else first seen, within the window."""
    mine, theirs = content.published, article.content.published
    if mine and theirs:
        return abs(mine - theirs) <= WINDOW
    return now - article.first_seen_at <= WINDOW or bool(
        mine and abs(mine - article.first_seen_at.date()) <= WINDOW
    )


def _days_apart(content: Extracted, article: Article) -> int:
    mine, theirs = content.published, article.content.published
    return abs((mine - theirs).days) if mine and theirs else 0


def likeness(one: Extracted, other: Extracted) -> float:
    """Return the share of the shorter text's word groups that the longer one holds."""
    first, second = _shingles(one), _shingles(other)
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0


def _shingles(content: Extracted) -> set[str]:
    text = identity.letters(identity.body_text(content)[:6000])
    width = SHINGLE * 5
    return {text[at : at + width] for at in range(max(len(text) - width, 0) + 1)}


def _words(content: Extracted) -> int:
    return content.words


_EVIDENCE: tuple[tuple[frozenset[str], Callable[[Extracted, Article, datetime], bool]], ...] = (
    (frozenset({"file"}), lambda _content, _article, _now: True),
    (
        frozenset({"url", "title+date"}),
        lambda content, article, _now: not _unlike(content, article),
    ),
    (frozenset({"guid"}), lambda content, article, _now: not _other_article(content, article)),
    (frozenset({"text"}), _near),
    (
        frozenset({"title"}),
        lambda content, article, now: (
            _near(content, article, now) and _title_agrees(content, article)
        ),
    ),
)
"""By which keys an article is known again, in this order, and what else must hold."""


def may_be_translation(content: Extracted, article: Article) -> bool:
    """Say whether two articles in different languages have the same layout and the same figures."""
    other = article.content
    if _primary(content.lang) == _primary(other.lang) or not content.published:
        return False
    if content.published != other.published or _layout(content) != _layout(other):
        return False
    mine, theirs = _figures(content), _figures(other)
    shared = len(mine & theirs) / max(min(len(mine), len(theirs)), 1)
    return len(content.sections) >= 3 and (shared >= 0.5 or _same_notes(content, other))  # noqa: PLR2004


def _primary(lang: str) -> str:
    return lang.split("-", maxsplit=1)[0].lower()


def _layout(content: Extracted) -> tuple[int, ...]:
    return (
        len(content.takeaways),
        len(content.footnotes),
        *(len(section.paragraphs) for section in content.sections),
    )


def _figures(content: Extracted) -> set[str]:
    text = identity.body_text(content)
    return {
        word for word in "".join(c if c.isdigit() else " " for c in text).split() if len(word) > 1
    }


def _same_notes(content: Extracted, other: Extracted) -> bool:
    mine = {note.url for note in content.footnotes if note.url}
    return bool(mine & {note.url for note in other.footnotes})


def newest_first(dated: Sequence[tuple[date | None, int]]) -> list[int]:
    """Order positions by date, newest first; undated ones keep their place behind."""
    return sorted(
        range(len(dated)),
        key=lambda at: -(dated[at][0].toordinal() if dated[at][0] else 0),  # type: ignore[union-attr] # a date by then
    )
