"""Decide which articles go into an issue, in which order, and why each is in or out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.model.article import Article
from newsletter.model.issue import ItemDecision
from newsletter.model.publication import Newsletter

# Where subscribers follow topics, an issue has this many times the items of one edition, so that
# even those who follow a rare topic find something.
POOL = 4
# An article moves back by this many places for each item already chosen from its source, and for
# each on the same topic.
SOURCE_COST, TOPIC_COST = 1.5, 1.5
VARIED = "moved up to vary sources and topics"


@dataclass(frozen=True, slots=True)
class EligibleArticle:
    """An eligible article, the tags by which it is followed, and what staff decided about it.

    `printed_as` is the id of its translation that an earlier issue printed, 0 if there is none.
    """

    article: Article
    tags: tuple[str, ...]
    pinned: bool = False
    decision: ItemDecision = ""
    printed_as: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Whether an article is in the issue (in this order) or out, and why, as staff read it."""

    candidate: EligibleArticle
    included: bool
    reason: str


def room(newsletter: Newsletter) -> int:
    """Return how many articles an issue has; more than one edition if subscribers' topics differ."""
    most = newsletter.items.max
    return most if newsletter.content == "same" or newsletter.layout == "letter" else most * POOL


def select(candidates: Sequence[EligibleArticle], newsletter: Newsletter) -> list[Selection]:
    """Include or exclude every candidate; included ones come first, in printed order.

    Pinned articles lead, then the newest; undated ones come last, so that none leads an edition. Every item already chosen from the same source or on the
    same topic moves an article back, so that no source fills the issue.
    """
    fitting, out = _fit(candidates, newsletter)
    chosen = _spread(fitting, room(newsletter))
    included = [
        Selection(candidate, included=True, reason=_why(place, candidate, moved))
        for place, (candidate, moved) in enumerate(chosen)
    ]
    taken = {candidate.article.id for candidate, _ in chosen}
    reason = f"did not fit: {len(chosen)} items are included; carries over"
    over = [
        Selection(candidate, included=False, reason=reason)
        for candidate in fitting
        if candidate.article.id not in taken
    ]
    return [*included, *over, *out]


def filled(
    selections: Sequence[Selection], others: Sequence[Selection], lacking: int
) -> list[Selection]:
    """Append so many of the others, which the newsletter would not print if it had enough."""
    included = [selection for selection in selections if selection.included]
    present = {selection.candidate.article.id for selection in included}
    more = [
        replace(other, reason="added because there are too few new articles")
        for other in others
        if other.included and other.candidate.article.id not in present
    ][:lacking]
    added = {selection.candidate.article.id for selection in more}
    out = [
        selection
        for selection in selections
        if not selection.included and selection.candidate.article.id not in added
    ]
    return [*included, *more, *out]


def _fit(
    candidates: Sequence[EligibleArticle], newsletter: Newsletter
) -> tuple[list[EligibleArticle], list[Selection]]:
    fitting: list[EligibleArticle] = []
    out: list[Selection] = []
    for candidate in sorted(candidates, key=_age):
        reason = _misfit(candidate, newsletter)
        if reason:
            out.append(Selection(candidate, included=False, reason=reason))
        else:
            fitting.append(candidate)
    return fitting, out


def _age(candidate: EligibleArticle) -> tuple[bool, bool, int, int]:
    """Sort pinned articles first, then the newest first, then those without a date."""
    article = candidate.article
    published = article.content.published
    newest = published.toordinal() if published else article.first_seen_at.date().toordinal()
    return (not candidate.pinned, published is None, -newest, -article.id)


def _misfit(candidate: EligibleArticle, newsletter: Newsletter) -> str:
    """Return why an article does not belong in the newsletter; empty if it does."""
    if candidate.pinned:
        return ""
    article, content, key = candidate.article, candidate.article.content, newsletter.key
    of_source = not newsletter.sources or article.source in newsletter.sources
    on_topic = not newsletter.topics or bool(set(newsletter.topics) & set(candidate.tags))
    reasons = (
        (candidate.decision == "out", "excluded from an earlier issue by staff"),
        (
            candidate.printed_as > 0,
            f"a translation of article {candidate.printed_as}, which an earlier issue printed",
        ),
        (not of_source, f"{key} does not print articles from {article.source}"),
        (not on_topic, f"not on a topic of {key}"),
        (not _speaks(newsletter, content.lang), f"{key} does not print articles in {content.lang}"),
        (not content.title.strip(), "has no title"),
    )
    return next((reason for applies, reason in reasons if applies), "")


def _speaks(newsletter: Newsletter, lang: str) -> bool:
    """Return whether the newsletter prints a language, or the one it is a variant of."""
    known = newsletter.languages
    return not known or not lang or lang in known or lang.split("-", maxsplit=1)[0] in known


def _spread(fitting: Sequence[EligibleArticle], most: int) -> list[tuple[EligibleArticle, str]]:
    """Choose up to `most` articles; the second value says why an article moved up.

    Translations of an article are included with it and count once: each subscriber gets only one.
    """
    remaining = list(enumerate(fitting))
    sources: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    chosen: list[tuple[EligibleArticle, str]] = []
    for _ in range(min(most, len(remaining))):
        if not remaining:
            break
        place, best = min(remaining, key=lambda ranked: _rank(ranked, sources, topics))
        moved = VARIED if any(other < place for other, _ in remaining) else ""
        translations = [
            other for _, other in remaining if other is not best and _translated(other, best)
        ]
        chosen += [
            (best, moved),
            *((other, f"a translation of article {best.article.id}") for other in translations),
        ]
        remaining = [
            ranked
            for ranked in remaining
            if ranked[1] is not best and ranked[1] not in translations
        ]
        sources[best.article.source] += 1
        topics.update(best.tags)
    return chosen


def _rank(
    ranked: tuple[int, EligibleArticle], sources: Counter[str], topics: Counter[str]
) -> tuple[bool, bool, float, int]:
    place, candidate = ranked
    repeated = max((topics[tag] for tag in candidate.tags), default=0)
    cost = SOURCE_COST * sources[candidate.article.source] + TOPIC_COST * repeated
    undated = candidate.article.content.published is None
    return (not candidate.pinned, undated, place + cost, place)


def _translated(candidate: EligibleArticle, other: EligibleArticle) -> bool:
    group = candidate.article.translation_group
    return group is not None and group == other.article.translation_group


def _why(place: int, candidate: EligibleArticle, moved: str) -> str:
    published = candidate.article.content.published
    when = f"published {published.isoformat()}" if published else "newly collected"
    reason = "pinned by staff" if candidate.pinned else "; ".join(filter(None, (when, moved)))
    return f"lead: {reason}" if place == 0 else reason
