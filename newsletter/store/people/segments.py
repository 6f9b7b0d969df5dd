"""Words in the segment of a newsletter that no subscriber and no topic has: probably misspelled."""

import sqlalchemy as sa

from newsletter.model.publication import Newsletter, Publication
from newsletter.model.vocabulary import topics_by_name
from subscribers import directory, segment


def unknown(
    connection: sa.Connection, publication: Publication, newsletter: Newsletter
) -> list[str]:
    """Return the tags in a newsletter's segment that do not exist."""
    named = segment.names(segment.parse(newsletter.segment, dict(publication.segments)))
    return directory.unknown_tags(connection, named - topics_by_name(publication).keys())
