"""Read and store an article that staff add to an issue, and that no source lists."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from newsletter.collect.deciding import identity
from newsletter.collect.entry import Entry
from newsletter.collect.keep import keep_candidate
from newsletter.collect.parsing.sandbox import USER, Sandbox
from newsletter.collect.reader import MOST_ATTEMPTS, ArticleReader, ReadEntry
from newsletter.errors import ExtractFailed
from newsletter.fetch.client import Clock, Fetcher, origin
from newsletter.model.article import Extracted, plain
from newsletter.model.source import Source

ADDED = "added by staff"
"""The source of these articles."""
TRIES = 3


def read_page(
    fetcher: Fetcher, sources: Sequence[Source], address: str, clock: Clock, *, user: str = USER
) -> Extracted:
    """Read the article at an address through the guard, and store nothing.

    A private address is read only if a source with `allow_private` is there. Raises ExtractFailed
    with the reason. `user` is that of the parsing process.
    """
    own = next((known for known in sources if _may_be_private(known, address)), None)
    source = Source(ADDED, "page", url=own.url if own else "", allow_private=own is not None)
    with Sandbox(user=user) as sandbox:
        entry = Entry(key=address, url=address)
        # As if it had failed before: nothing is tried again later.
        found = ArticleReader(fetcher, sandbox, clock).article(source, entry, MOST_ATTEMPTS)
    if found.content is None:
        raise ExtractFailed(found.reason)
    return found.content


def _may_be_private(source: Source, address: str) -> bool:
    return source.allow_private and bool(source.url) and origin(source.url) == origin(address)


def seal(content: Extracted) -> str:
    """Return a hash of what is stored of an article, to compare it with what was shown."""
    return identity.digest(json.dumps(plain(content), sort_keys=True))


def _guid(content: Extracted) -> str:
    """Return a key of a typed article that is stored: of its words only, so that new fields do not change it."""
    words = (content.title, content.teaser, identity.content_hash(content))
    return identity.digest(json.dumps(words))


def store(engine: sa.Engine, content: Extracted, clock: Clock) -> int:
    """Store an article, or find it among those that are stored; return its id.

    Storing it twice has no effect.
    """
    source = Source(ADDED, "page")
    guid = _guid(content)
    entry = Entry(key=content.url or guid, url=content.url, guid=guid)
    for last in (*[False] * (TRIES - 1), True):
        try:
            with engine.begin() as connection:
                kept = keep_candidate(connection, source, ReadEntry(entry, content), clock())
        except sa.exc.IntegrityError:  # another process has just stored one of its keys
            if last:
                raise
        else:
            return kept.article_id
    raise AssertionError
