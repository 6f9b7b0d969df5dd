"""Return the takeaways of an article: its author's own, else sentences extracted from the text.

Extraction ranks sentences by what they share with the others (TextRank over TF-IDF), plus bonuses
for an early position and for words of the title. It picks them one by one so that none repeats
another (maximal marginal relevance). Hard rules, not the score, decide which sentences can be
picked. This is pure Python: a machine-learning package would cost hundreds of megabytes for a
difference within the noise (docs/decisions/0030).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from newsletter.edit.sentences import split
from newsletter.edit.terms import length, overlap, terms
from newsletter.model.article import Extracted
from newsletter.model.issue import Takeaways

# The weights are round numbers: varying each of them changed ROUGE by less than one point.
FEWEST_WORDS = 150
SHORT_WORDS = 400
MOST_SENTENCES = 400
SHORTEST, LONGEST = 8, 45
FEWEST_TERMS = 5
# With this many headings, the text is a report whose points are not all at the beginning.
HEADED = 3
TITLE_WEIGHT = 0.3
# The damping of PageRank and TextRank (Mihalcea and Tarau 2004); 30 rounds are past convergence.
DAMPING, ROUNDS = 0.85, 30
NOVELTY = 0.7
SAME = 0.6

_END = re.compile(r"[.!。！]['\"”’」』)）]*$")
_OPENER = re.compile(
    r"""(?:he|she|it|they|we|i|you|his|her|its|their|our|my|this|that|these|those|here|there|such
    |however|but|and|so|yet|or|nor|also|thus|hence|therefore|moreover|furthermore|meanwhile
    |nevertheless|nonetheless|consequently|additionally|instead|indeed|still|then|first(?:ly)?
    |second(?:ly)?|third(?:ly)?|finally|lastly|next|for\ example|for\ instance|in\ addition
    |in\ contrast|on\ the\ (?:one|other)\ hand|as\ a\ result|similarly
    |otherwise|worse|likewise|according)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_EAST_OPENER = re.compile(
    r"그러나|하지만|그리고|그래서|따라서|또한|이는|이것|그는|그녀|이러한|이런|첫째|둘째|셋째|반면"
    r"|しかし|そして|また|この|その|これ|それ|彼|彼女|だが|まず|次に"
    r"|但是|然而|因此|所以|而且|此外|这|那|他|她|它|首先|其次"
)
_SELF = re.compile(
    r"\b(?:this|the present) (?:commentary|article|essay|paper|piece|report|post|study|brief)\b",
    re.IGNORECASE,
)
_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"), ("(", ")"), ("[", "]"), ("（", "）"))


@dataclass(frozen=True, slots=True)
class BodySentence:
    """A sentence of the body, its number in the text (from 1), and the index of its section."""

    text: str
    number: int
    section: int
    terms: tuple[str, ...]


def takeaways(article: Extracted, *, teaser: str = "") -> Takeaways:
    """Return the author's own takeaways verbatim, else extracted ones, else none."""
    if article.takeaways:
        label = article.takeaways_label or "marked by the author"
        return Takeaways(article.takeaways, "author", label)
    return extract(article, teaser=teaser)


def extract(article: Extracted, *, teaser: str = "") -> Takeaways:
    """Pick two or three sentences, in the order of the text; none from a short text."""
    words = length(" ".join(p for section in article.sections for p in section.paragraphs))
    if words < FEWEST_WORDS:
        return Takeaways()
    wanted = 2 if words < SHORT_WORDS else 3
    present = list(islice(_body_sentences(article), MOST_SENTENCES))
    avoid = [text for text in (article.title, teaser) if text]
    picked = sorted(_pick(present, _scores(present, article), avoid, wanted))
    if not picked:
        return Takeaways()
    numbers = [str(present[place].number) for place in picked]
    return Takeaways(
        tuple(present[place].text for place in picked),
        "extracted",
        f"sentences {', '.join(numbers)} of {len(present)}",
    )


def eligible(sentence: str) -> bool:
    """Return whether a sentence can be read alone: complete, not a question, of usable length."""
    words = length(sentence)
    return (
        SHORTEST <= words <= LONGEST
        and len(set(terms(sentence))) >= FEWEST_TERMS
        and bool(_END.search(sentence))
        and "?" not in sentence
        and "？" not in sentence
        and _balanced(sentence)
        and not _OPENER.match(sentence.lstrip("\"“‘'(「"))
        and not _EAST_OPENER.match(sentence)
        and not _SELF.search(sentence)
    )


def _balanced(text: str) -> bool:
    return text.count('"') % 2 == 0 and all(text.count(a) == text.count(b) for a, b in _PAIRS)


def _body_sentences(article: Extracted) -> Iterator[BodySentence]:
    number = 0
    for place, section in enumerate(article.sections):
        for paragraph in section.paragraphs:
            for sentence in split(paragraph, article.lang):
                number += 1
                yield BodySentence(sentence.text, number, place, tuple(terms(sentence.text)))


def _scores(present: Sequence[BodySentence], article: Extracted) -> list[float]:
    """Score every sentence; ineligible ones count too, for what the text is about."""
    vectors = _vectors(present)
    rank = _rank(vectors)
    title = set(terms(article.title))
    headings = sum(bool(section.heading) for section in article.sections)
    position = 0.25 if headings >= HEADED else 0.5
    scores = []
    for place, sentence in enumerate(present):
        early = 1 / math.sqrt(1 + place)
        named = len(title & set(sentence.terms)) / len(title) if title else 0.0
        scores.append(rank[place] + position * early + TITLE_WEIGHT * named)
    return scores


def _vectors(present: Sequence[BodySentence]) -> list[dict[str, float]]:
    seen = Counter(term for sentence in present for term in set(sentence.terms))
    weights = {term: math.log(1 + len(present) / count) for term, count in seen.items()}
    vectors = []
    for sentence in present:
        counted = {term: count * weights[term] for term, count in Counter(sentence.terms).items()}
        norm = math.sqrt(sum(value * value for value in counted.values())) or 1.0
        vectors.append({term: value / norm for term, value in counted.items()})
    return vectors


def _rank(vectors: Sequence[dict[str, float]]) -> list[float]:
    """Return the TextRank of every sentence, scaled so that the highest is 1."""
    near = _neighbors(vectors)
    count = len(vectors)
    out = [sum(weights.values()) or 1.0 for weights in near]
    rank = [1.0] * count
    for _ in range(ROUNDS):
        flow = [value / total for value, total in zip(rank, out, strict=True)]
        rank = [
            1 - DAMPING + DAMPING * sum(flow[other] * weight for other, weight in weights.items())
            for weights in near
        ]
    highest = max(rank, default=1.0)
    return [value / highest for value in rank]


def _neighbors(vectors: Sequence[dict[str, float]]) -> list[dict[int, float]]:
    """Return the cosine of each sentence with those that share a term, from an inverted index."""
    holders: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    near: list[defaultdict[int, float]] = [defaultdict(float) for _ in vectors]
    for place, vector in enumerate(vectors):
        for term, weight in vector.items():
            for other, theirs in holders[term]:
                near[place][other] += weight * theirs
                near[other][place] += weight * theirs
            holders[term].append((place, weight))
    return [dict(weights) for weights in near]


def _pick(
    present: Sequence[BodySentence], scores: Sequence[float], avoid: Sequence[str], wanted: int
) -> list[int]:
    vectors = _vectors(present)
    open_places = [
        place
        for place, sentence in enumerate(present)
        if eligible(sentence.text) and overlap(sentence.text, avoid) <= SAME
    ]
    picked: list[int] = []
    while open_places and len(picked) < wanted:
        # Maximal marginal relevance (Carbonell and Goldstein 1998).
        best = max(
            open_places,
            key=lambda place: (
                NOVELTY * scores[place] - (1 - NOVELTY) * _likeness(place, picked, vectors)
            ),
        )
        picked.append(best)
        chosen = [present[place].text for place in picked]
        open_places = [
            place
            for place in open_places
            if place not in picked and overlap(present[place].text, chosen) <= SAME
        ]
    return picked


def _likeness(place: int, picked: Sequence[int], vectors: Sequence[dict[str, float]]) -> float:
    own = vectors[place]
    return max(
        (sum(own[term] * vectors[other].get(term, 0.0) for term in own) for other in picked),
        default=0.0,
    )
