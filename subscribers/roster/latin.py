"""Distinguish Latin encodings by the letters that occur in names; pure.

The result is Windows-1252 unless the letters in another encoding clearly belong to one language.
"""

import re
import unicodedata

_WEST = (
    "àâæçèéêëîïôœùûüáíóúñãõìòª",
    "äöüßåøæéèëêïôóáàíýúþðñç",
)
"""Letters of Romance and of Germanic languages, with those of names common in all of them."""

_EAST = (
    "ąćęłńóśźżöü",
    "áčďéěíňóřšťúůýžöü",
    "áäčďéíĺľňóôŕšťúýžöü",
    "áéíóöőúüű",
    "čćđšžöü",
    "ăâîşţșțéöü",
)
"""Polish, Czech, Slovak, Hungarian, Croatian and Slovene, Romanian."""

_CANDIDATES = (("cp1250", _EAST), ("mac_roman", _WEST))
_ENOUGH = 0.9
_BETWEEN_WORDS = frozenset("’‘“”„«»–—…·°\xa0")
_NEAR = re.compile(r"(?=(.[^\x00-\x7f].))")


def judged(sample: bytes) -> str:
    """Return the Latin encoding of bytes that are not UTF-8."""
    usual = sample.decode("cp1252", errors="replace")
    explained, fewest = _explained(usual, _WEST), _odd(usual)
    found = []
    for name, alphabets in _CANDIDATES:
        text = sample.decode(name, errors="replace")
        share, odd = _explained(text, alphabets), _odd(text)
        if share >= _ENOUGH and share > explained and odd <= fewest:
            found.append((odd, -share, name))
    return min(found)[-1] if found else "cp1252"


def _explained(text: str, alphabets: tuple[str, ...]) -> float:
    """Return the largest share of the non-ASCII letters that one alphabet contains."""
    beyond = [char.lower() for char in text if not char.isascii() and char not in _BETWEEN_WORDS]
    if not beyond:
        return 1.0
    return max(sum(char in alphabet for char in beyond) for alphabet in alphabets) / len(beyond)


def _odd(text: str) -> int:
    """Count what does not occur in names: signs inside words, capitals after lower case, three vowels."""
    return sum(_is_odd(*near) for near in _NEAR.findall(text))


def _is_odd(before: str, char: str, after: str) -> bool:
    if not char.isalpha():
        return char not in _BETWEEN_WORDS and before.isalpha() + after.isalpha() > 0
    if before.islower() and char.isupper():
        return True
    kinds = {_is_vowel(letter) for letter in (before, char, after)}
    return before.isalpha() and after.isalpha() and len(kinds) == 1


def _is_vowel(char: str) -> bool:
    return unicodedata.normalize("NFD", char)[0].lower() in "aeiouyøæœ"
