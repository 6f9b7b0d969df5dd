"""Words in the segment of a newsletter that no subscriber and no topic has: probably misspelled."""

import difflib
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.model.publication import Newsletter, Publication
from newsletter.model.vocabulary import topics_by_name
from subscribers import directory, segment

SIMILAR = 0.8
"""How similar a misspelled tag is: one letter in five differs, or two are swapped."""


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """A tag in a segment that does not exist; `similar` is one that does, if any resembles it."""

    name: str
    similar: str = ""


def unknown(
    connection: sa.Connection, publication: Publication, newsletter: Newsletter
) -> list[UnknownTag]:
    """Return the tags in a newsletter's segment that do not exist."""
    named = segment.names(segment.parse(newsletter.segment, dict(publication.segments)))
    topics = topics_by_name(publication).keys()
    unknown_names = directory.unknown_tags(connection, named - topics)
    if not unknown_names:
        return []
    known = sorted(directory.every_label(connection) | topics)
    return [UnknownTag(name, _similar(name, known)) for name in unknown_names]


def _similar(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=SIMILAR)
    return found[0] if found else ""
