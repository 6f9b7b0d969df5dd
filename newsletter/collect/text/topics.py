"""Clean topics: no duplicates, and none that blog software adds when the author chose none."""

from collections.abc import Iterable
from functools import lru_cache

from newsletter.collect.text.blocks import tidy

DEFAULTS = frozenset(
    "uncategorized|uncategorised|uncategorized posts|unclassified|general|default|blog|posts|articles|allgemein"
    "|unkategorisiert|nicht kategorisiert|non classé|sans catégorie|non catégorisé|sin categoría"
    "|sin categorizar|sem categoria|senza categoria|non categorizzato|geen categorie|zonder categorie"
    "|okategoriserade|okategoriserat|ikke kategoriseret|bez kategorii|без рубрики|без категории|genel"
    "|미분류|未分類|未分类|غير مصنف".split("|")
)
LONGEST, MOST = 60, 20


def topics(words: Iterable[str], most: int = MOST) -> tuple[str, ...]:
    """Return the topics in order, without defaults, duplicates and overlong ones."""
    found: dict[str, str] = {}
    for word in words:
        name, folded = _name(word)
        if name and len(name) <= LONGEST and folded not in DEFAULTS:
            found.setdefault(folded, name)
    return tuple(found.values())[:most]


@lru_cache(maxsize=256)
def _name(word: str) -> tuple[str, str]:
    """Return a topic and the form in which topics are compared. A source repeats its topics."""
    name = tidy(word).lstrip("#").strip()
    return name, name.casefold()
