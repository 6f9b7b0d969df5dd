"""Decide whether a candidate is new, an edit, or an article that is already stored. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from newsletter.collect.deciding import identity
from newsletter.collect.deciding.origins import FEW_WORDS, best_of, is_richer
from newsletter.model.article import Article, Extracted

WINDOW = timedelta(days=14)
ALIKE, SHINGLE = 0.5, 4
LONG = 1000
"""Letters, about 200 words. Shorter texts, such as a forecast, recur word for word."""
Verdict = Literal["new", "changed", "enriched", "same"]


@dataclass(frozen=True, slots=True)
class Match:
    """A stored article that shares a key with the candidate.

    `by` is the kind of the key. `is_elsewhere` says that an article of a file is on the web too.
    """

    article: Article
    by: str
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class ArticleDecision:
    """What to do with a candidate.

    `article` is the stored article that it matches, `content` what to store in its place.
    """

    verdict: Verdict
    article: Article | None = None
    why: str = ""
    content: Extracted | None = None


def decide(
    source: str, content: Extracted, matches: Sequence[Match], stored_hash: str, now: datetime
) -> ArticleDecision:
    """Return whether `content` is a new article, an edit of a stored one, or nothing new.

    `stored_hash` is the content hash of the first match. An edit counts only if it comes from
    the source that the article was collected from.
    """
    match = same(content, matches, now)
    if match is None:
        return ArticleDecision("new")
    why = f"the same {_KINDS.get(match.by, match.by)} as article {match.article.id}"
    stored = match.article
    own = stored.source == source and match.by in _OWN_KINDS
    # A file is edited as a whole: what is gone from it was removed on purpose. But what another
    # source gave the article was never in the file.
    whole = match.by == "file" and not match.is_elsewhere
    best = content if whole else best_of(stored.content, content, own=own)
    if not _differs(best, stored.content, stored_hash):
        return ArticleDecision("same", stored, why)
    edited = own and not is_richer(content, stored.content)
    verdict: Verdict = "changed" if edited else "enriched"
    return ArticleDecision(verdict, stored, why, best)


def _differs(best: Extracted, stored: Extracted, stored_hash: str) -> bool:
    """Return whether readers would see a difference."""
    if identity.content_hash(best) != stored_hash or best.url != stored.url:
        return True
    gained = not stored.published and best.published
    return bool(gained or (best.image and not stored.image) or best.author_bio != stored.author_bio)


_OWN_KINDS = frozenset({"file", "url", "guid", "title+date"})
_KINDS = {
    "file": "file",
    "guid": "guid",
    "url": "address",
    "text": "text",
    "title": "title and text",
}


def same(content: Extracted, matches: Sequence[Match], now: datetime) -> Match | None:
    """Return the stored article that matches `content`, by the strongest evidence first."""
    for kinds, holds in _EVIDENCE:
        for match in matches:
            if match.by in kinds and holds(content, match.article, now):
                return match
    return None


def _unlike(content: Extracted, article: Article) -> bool:
    """Return whether two texts at the same address have neither title nor text in common."""
    if identity.title_key(content.title) == identity.title_key(article.content.title):
        return False
    if min(content.words, article.content.words) < FEW_WORDS:
        return False
    return likeness(content, article.content) < ALIKE / 5


def _other_article(content: Extracted, article: Article) -> bool:
    """Return whether a shared guid is a mistake: title, address and text all differ."""
    if identity.title_key(content.title) == identity.title_key(article.content.title):
        return False
    if content.url and content.url == article.content.url:
        return False
    if min(content.words, article.content.words) < FEW_WORDS:
        return bool(content.url and article.content.url) and _days_apart(content, article) > 1
    return likeness(content, article.content) < ALIKE


def _title_agrees(content: Extracted, article: Article) -> bool:
    """Return whether the texts under a shared title agree; without texts, whether the days do."""
    if min(content.words, article.content.words) >= FEW_WORDS:
        return likeness(content, article.content) >= ALIKE
    long_enough = len(content.title.split()) >= 4 or len(identity.letters(content.title)) >= 16  # noqa: PLR2004
    return long_enough and content.published is not None and _days_apart(content, article) == 0


def _near(content: Extracted, article: Article, now: datetime) -> bool:
    """Return whether both were published, or first seen, within the window."""
    mine, theirs = content.published, article.content.published
    if mine and theirs:
        return abs(mine - theirs) <= WINDOW
    return now - article.first_seen_at <= WINDOW or bool(
        mine and abs(mine - article.first_seen_at.date()) <= WINDOW
    )


def _text_agrees(content: Extracted, article: Article, now: datetime) -> bool:
    """Return whether a shared beginning is the same article, and not a text that comes regularly.

    A long text that is the same to the last letter is the same article, however old: a site that
    moves gives all articles other addresses, and often other dates.
    """
    if _near(content, article, now):
        return True
    mine, theirs = (
        identity.letters(identity.body_text(each)) for each in (content, article.content)
    )
    return mine == theirs and len(mine) >= LONG


def _days_apart(content: Extracted, article: Article) -> int:
    mine, theirs = content.published, article.content.published
    return abs((mine - theirs).days) if mine and theirs else 0


def likeness(content: Extracted, other: Extracted) -> float:
    """Return the share of the shorter text's shingles that the longer text contains."""
    first, second = _shingles(content), _shingles(other)
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0


def _shingles(content: Extracted) -> set[str]:
    text = identity.letters(identity.body_text(content)[:6000])
    width = SHINGLE * 5
    return {text[at : at + width] for at in range(max(len(text) - width, 0) + 1)}


_EVIDENCE: tuple[tuple[frozenset[str], Callable[[Extracted, Article, datetime], bool]], ...] = (
    (frozenset({"file"}), lambda _content, _article, _now: True),
    (
        frozenset({"url", "title+date"}),
        lambda content, article, _now: not _unlike(content, article),
    ),
    (frozenset({"guid"}), lambda content, article, _now: not _other_article(content, article)),
    (frozenset({"text"}), _text_agrees),
    (
        frozenset({"title"}),
        lambda content, article, now: (
            _near(content, article, now) and _title_agrees(content, article)
        ),
    ),
)
"""By which keys an article is known again, in this order, and what else must hold."""


def may_be_translation(content: Extracted, article: Article) -> bool:
    """Return whether two articles in different languages have the same layout and figures."""
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
    """Return the positions by date, newest first. Undated ones come last, in their order."""
    return sorted(
        range(len(dated)),
        key=lambda at: -(dated[at][0].toordinal() if dated[at][0] else 0),  # type: ignore[union-attr] # a date by then
    )
