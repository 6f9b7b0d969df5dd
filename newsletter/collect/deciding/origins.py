"""Rank where the fields of an article came from, and keep the best of two copies. Pure."""

from dataclasses import replace

from newsletter.model.article import Extracted

# By the beginning of the origin as provenance records it. A copy of the article on its page is
# better than what a feed says about it, and every statement is better than a guess.
_RANKS = (
    ("front matter", 6),
    ("json-ld", 5), ("opengraph", 5), ("meta ", 5), ("heading", 5), ("byline", 5), ("canonical", 5),
    ("author's", 5), ("author’s", 5), ("own pass", 5), ("trafilatura", 5), ("head of the text", 5),
    ("text", 5), ("page", 4), ("below the title", 4), ("tags below", 5), ("line ", 5),
    ("feed (", 3), ("feed", 2), ("markup (guessed)", 1), ("htmldate (guessed)", 1),
    ("first sentence", 1), ("listing", 1),
)  # fmt: skip
UNKNOWN = 4
RICHER = 2.0
"""A copy with this many times the words of another is the whole text, the other a part of it."""
FEW_WORDS = 40
_OWN_ONLY = frozenset({"url", "translations"})
"""What another source says about these holds for its own copy."""

# The field that decides, the name of its origin, and the fields that belong to it.
_FIELDS = (
    ("title", "title", ()),
    ("url", "url", ()),
    ("kicker", "kicker", ()),
    ("authors", "authors", ()),
    ("published", "date", ("published_at", "date_guessed")),
    ("topics", "topics", ()),
    ("takeaways", "takeaways", ("takeaways_label",)),
    ("sections", "sections", ("footnotes", "lang", "direction")),
    ("author_bio", "author_bio", ()),
    ("teaser", "teaser", ()),
    ("image", "image", ()),
    ("translations", "translations", ()),
)


def rank(content: Extracted, name: str) -> int:
    """Return how good the origin of a field is."""
    origin = content.provenance.get(name, "")
    return next((worth for start, worth in _RANKS if origin.startswith(start)), UNKNOWN)


def best_of(stored: Extracted, new: Extracted, *, own: bool) -> Extracted:
    """Return the stored article with every field that `new` has from the same or a better origin.

    A copy from another source (not `own`) replaces a field only from a better origin. A field
    that the new copy lacks is kept: pages lose their takeaways and pictures in redesigns far more
    often than authors withdraw them.
    """
    values: dict[str, object] = {}
    provenance = dict(stored.provenance)
    for name, origin, others in _FIELDS:
        if not _replaces(stored, new, name, origin, own=own):
            continue
        values[name] = getattr(new, name)
        values.update({other: getattr(new, other) for other in others})
        provenance.pop(origin, None)
        if origin in new.provenance:
            provenance[origin] = new.provenance[origin]
    if "sections" in values and not new.footnotes:
        values["footnotes"] = new.footnotes if _has_no_marks(new) else stored.footnotes
    return replace(stored, **values, provenance=provenance)  # type: ignore[arg-type] # names of fields


def _replaces(stored: Extracted, new: Extracted, name: str, origin: str, *, own: bool) -> bool:
    if not getattr(new, name) or (name in _OWN_ONLY and not own):
        return False
    if not getattr(stored, name):
        return True
    mine, theirs = rank(stored, origin), rank(new, origin)
    if name == "sections" and new.words != stored.words:
        # Length decides between a whole text and a part of it, whatever their origins.
        if RICHER * new.words < stored.words:
            return False
        if is_richer(new, stored):
            return True
    return theirs >= mine if own else theirs > mine


def is_richer(new: Extracted, stored: Extracted) -> bool:
    """Return whether a copy is so much longer that it must be the whole text."""
    return new.words > RICHER * max(stored.words, 1) and new.words >= FEW_WORDS


def _has_no_marks(content: Extracted) -> bool:
    return not any("[1]" in text for section in content.sections for text in section.paragraphs)
