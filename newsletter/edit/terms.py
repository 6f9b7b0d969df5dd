"""Find the content words of a text, in scripts with and without spaces between words."""

import re
import unicodedata
from collections.abc import Collection, Iterable

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d[\d.,]*", re.UNICODE)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]+")
SHORTEST_STEM = 4
_STOP = frozenset(
    _WORD.findall(
        """a about above after again against all also although always am among an and any are as at be
    because been before being below between both but by can cannot could did do does doing down
    during each even every few first for from further get had has have having he her here hers
    herself him himself his how however i if in into is it its itself just last less like made make
    many may me might more most much must my never new no nor not now of off often on once one only
    or other our out over own per rather said same say says see seen several she should since so
    some still such than that the their them then there these they this those though through thus to
    too two under until up upon us use used using very was way we well were what when where whether
    which while who whom whose why will with within without would yet you your"""
    )
)


def terms(text: str) -> list[str]:
    """Return the content words of a text in order, in lowercase and lightly stemmed.

    Runs of Hangul, kana and Han become pairs of characters. This needs no dictionary, and a Korean
    word matches with and without a particle.
    """
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if _UNSPACED.match(word):
            found += [word[place : place + 2] for place in range(max(1, len(word) - 1))]
        elif word not in _STOP:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word)
    for ending in ("ies", "es", "s", "ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) > SHORTEST_STEM - 1:
            return word[: -len(ending)]
    return word


def overlap(text: str, others: Iterable[str]) -> float:
    """Return the largest share of the content words of `text` that one of `others` contains too."""
    own = set(terms(text))
    if not own:
        return 0.0
    return max((len(own & set(terms(other))) / len(own) for other in others), default=0.0)


def share(text: str, known: Collection[str]) -> float:
    """Return the share of the content words of `text` that are in `known`."""
    own = terms(text)
    return sum(word in known for word in own) / len(own) if own else 0.0


def width(text: str) -> int:
    """Return the width of a text in columns: a Han, kana or Hangul character counts two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def length(text: str) -> int:
    """Return the number of words; in unspaced scripts, two characters count as one word."""
    runs = _UNSPACED.findall(text)
    # Korean puts spaces between words, so its words are counted like English ones.
    hangul = bool(re.search(r"[\uac00-\ud7af]", text))
    if runs and not hangul:
        return sum(map(len, runs)) // 2 + len(_UNSPACED.sub(" ", text).split())
    return len(text.split())
