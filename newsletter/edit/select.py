"""Which articles go into an issue, in which order, and the reason for each, in or out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.model.article import Article
from newsletter.model.publication import Newsletter

POOL = 4
SOURCE_COST, TOPIC_COST = 1.5, 1.5
VARIED = "moved up to vary sources and topics"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An eligible article, the tags by which it is followed, and what staff said of it."""

    article: Article
    tags: tuple[str, ...]
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """A candidate's place: in (ordered) or out, and why, in words for staff."""

    candidate: Candidate
    included: bool
    reason: str


def room(newsletter: Newsletter) -> int:
    """Return how many articles an issue takes: where readers differ, more than one edition holds."""
    most = newsletter.items.max
    return most if newsletter.content == "same" or newsletter.layout == "letter" else most * POOL


def select(candidates: Sequence[Candidate], newsletter: Newsletter) -> list[Selection]:
    """Put every candidate in or out; those in come first, in printed order, the lead on top.

    Pinned articles come first. Then the newest that fits, with a cost for every earlier item from
    the same source or on the same topics, so that no single source fills the issue.
    """
    fitting, out = _fit(candidates, newsletter)
    chosen = _spread(fitting, room(newsletter))
    included = [
        Selection(one, included=True, reason=_why(place, one, turn))
        for place, (one, turn) in enumerate(chosen)
    ]
    taken = {one.article.id for one, _ in chosen}
    over = [
        Selection(
            one, included=False, reason=f"did not fit: {len(chosen)} items are taken; carries over"
        )
        for one in fitting
        if one.article.id not in taken
    ]
    return [*included, *over, *out]


def _fit(
    candidates: Sequence[Candidate], newsletter: Newsletter
) -> tuple[list[Candidate], list[Selection]]:
    fitting: list[Candidate] = []
    out: list[Selection] = []
    for one in sorted(candidates, key=_age):
        reason = _misfit(one, newsletter)
        if reason:
            out.append(Selection(one, included=False, reason=reason))
        else:
            fitting.append(one)
    return fitting, out


def _age(one: Candidate) -> tuple[bool, int, int]:
    """Sort pinned ones first, then newest first."""
    article = one.article
    published = article.content.published
    newest = published.toordinal() if published else article.first_seen_at.date().toordinal()
    return (not one.pinned, -newest, -article.id)


def _misfit(one: Candidate, newsletter: Newsletter) -> str:
    article = one.article
    if one.pinned:
        return ""
    if newsletter.sources and article.source not in newsletter.sources:
        return f"{newsletter.key} does not take from {article.source}"
    if newsletter.topics and not set(newsletter.topics) & set(one.tags):
        return f"not on a topic of {newsletter.key}"
    if not article.content.title.strip():
        return "has no title"
    return ""


def _spread(fitting: Sequence[Candidate], most: int) -> list[tuple[Candidate, str]]:
    """Pick up to `most` articles; the second value says why one went before its turn.

    Translations of one article come with it and count once: every reader gets only one of them.
    """
    left = list(enumerate(fitting))
    sources: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    picked: list[tuple[Candidate, str]] = []
    for _ in range(min(most, len(left))):
        if not left:
            break
        place, best = min(left, key=lambda ranked: _rank(ranked, sources, topics))
        varied = VARIED if any(other < place for other, _ in left) else ""
        family = [one for _, one in left if one is not best and _paired(one, best)]
        picked += [
            (best, varied),
            *((one, f"a translation of article {best.article.id}") for one in family),
        ]
        left = [ranked for ranked in left if ranked[1] is not best and ranked[1] not in family]
        sources[best.article.source] += 1
        topics.update(best.tags)
    return picked


def _rank(
    ranked: tuple[int, Candidate], sources: Counter[str], topics: Counter[str]
) -> tuple[bool, float, int]:
    place, one = ranked
    repeated = max((topics[tag] for tag in one.tags), default=0)
    cost = SOURCE_COST * sources[one.article.source] + TOPIC_COST * repeated
    return (not one.pinned, place + cost, place)


def _paired(one: Candidate, other: Candidate) -> bool:
    group = one.article.translation_group
    return group is not None and group == other.article.translation_group


def _why(place: int, one: Candidate, turn: str) -> str:
    published = one.article.content.published
    when = f"published {published.isoformat()}" if published else "newly collected"
    reason = "pinned by staff" if one.pinned else "; ".join(filter(None, (when, turn)))
    return f"lead: {reason}" if place == 0 else reason
