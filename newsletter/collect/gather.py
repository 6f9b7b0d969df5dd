"""Read a source: its entries, and the articles behind the new ones. Writes nothing."""

import hashlib
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from newsletter.collect import missing
from newsletter.collect.deciding.merge import light_content
from newsletter.collect.entry import INDEX, Entry, Listing
from newsletter.collect.finding import folders
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.reader import PAGE_TYPES, SCHEDULED, ArticleReader, ReadEntry
from newsletter.collect.text.dates import scheduled_for
from newsletter.errors import FetchFailed, NewsletterError
from newsletter.fetch.client import Clock, Fetched, Fetcher, FetchRequest, NotModified, origin
from newsletter.model.source import SeenEntry, Source, SourceState
from newsletter.store.content import sources as source_store
from subscribers.phrase import Phrase

MOST_PAGES = 60
"""The most articles of a source to read in a collection. The rest waits for the next."""

FEED_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
MOST_SITEMAPS = 5


@dataclass(frozen=True, slots=True)
class Gathered:
    """The result of reading a source. `problem` is set if the source itself failed.

    What is `abandoned` is not stored; the source comes first in the next pass. `listed` are the keys
    of all entries, None if the listing is not known to be complete.
    """

    source: Source
    candidates: tuple[ReadEntry, ...] = ()
    found: int = 0
    known: int = 0
    unchanged: bool = False
    skipped: tuple[tuple[str, str], ...] = ()
    note: str = ""
    problem: str = ""
    retry_after_seconds: int = 0
    fresh_seconds: int = 0
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    moved_to: str = ""
    waiting: int = 0
    cut_short: bool = False
    abandoned: bool = False
    listed: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A listing, and the response it came in. Without a listing nothing has changed."""

    listing: Listing | None
    answer: Fetched | NotModified | None = None
    body_hash: str = ""


_Due = tuple[Entry, SeenEntry | None]


@dataclass(frozen=True, slots=True)
class _Pending:
    """The entries to read, and those that are not read, with the reason."""

    entries: tuple[_Due, ...] = ()
    bad: tuple[tuple[str, str], ...] = ()
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads sources. Safe to use from many threads.

    Without `memory` every entry counts as unknown. No document is begun when a source has taken
    `seconds`, or when `stopped`; the rest is read in the next pass. `lock` admits one thread at a time
    to the database, because SQLite's own waiting is slower and less fair.
    """

    engine: sa.Engine
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    memory: bool = True
    seconds: float = math.inf
    stopped: Callable[[], bool] = lambda: False
    lock: threading.Lock = field(default_factory=threading.Lock)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger(__name__))

    def gather(self, source: Source, state: SourceState) -> Gathered:
        """Read a source. Any failure becomes its `problem`, so that other sources go on."""
        try:
            return self._gather(source, state)
        except FetchFailed as error:
            return Gathered(
                source, problem=str(error), retry_after_seconds=error.retry_after_seconds
            )
        except NewsletterError as error:
            return Gathered(source, problem=str(error))
        except Exception:
            self.log.exception("source failed unexpectedly", extra={"source": source.key})
            return Gathered(source, problem="unexpected error; the log has the details")

    def _gather(self, source: Source, state: SourceState) -> Gathered:
        deadline = time.monotonic() + self.seconds
        # Which articles of a new folder or index are the newest is only known when all are read.
        until = math.inf if _is_whole(source, state) else deadline
        read = self._listing(source, state, until)
        answer = read.answer
        base = Gathered(
            source,
            fresh_seconds=answer.fresh_seconds if answer else 0,
            moved_to=answer.moved_to if answer else "",
        )
        if read.listing is None:
            return replace(base, unchanged=True, found=state.found)
        listing = read.listing
        pending = self._pending(source, listing)
        candidates, waiting = self._candidates(source, state, pending.entries, deadline)
        if _is_whole(source, state) and self.stopped():
            return replace(base, abandoned=True)
        again = pending.scheduled or any(candidate.again for candidate in candidates)
        settled = not waiting and not again
        # An index rarely changes when its sitemaps do: it is always read, and they with it.
        settled = settled and listing.note != INDEX
        fetched = answer if settled and isinstance(answer, Fetched) else None
        return replace(
            base,
            candidates=candidates,
            found=len(listing.entries),
            known=len(listing.entries) - len(pending.entries),
            listed=missing.complete(source, listing),
            skipped=(*listing.skipped, *pending.bad),
            note=listing.note if listing.note != INDEX else "",
            fresh_seconds=max(base.fresh_seconds, listing.ttl_seconds),
            etag=fetched.etag if fetched else "",
            last_modified=fetched.last_modified if fetched else "",
            body_hash=read.body_hash if settled else "",
            waiting=waiting,
            cut_short=bool(waiting) and self._is_up(deadline),
        )

    def _listing(self, source: Source, state: SourceState, deadline: float) -> _Read:
        """Read the listing of the source, unless nothing has changed."""
        if source.kind == "folder" and source.path is not None:
            return _Read(folders.list_folder(source.path, links=source.links, ignore=source.ignore))
        if source.path is not None:
            raw = folders.read_bytes(source.path, source.max_bytes)
            answer: Fetched = Fetched(url="", status=200, body=raw)
        else:
            got = self.fetcher.fetch(_request(source, state))
            if isinstance(got, NotModified):
                return _Read(None, got)
            answer = got
        body_hash = hashlib.sha256(answer.body).hexdigest()
        if body_hash == state.body_hash:
            return _Read(None, answer)
        return _Read(self._parsed(source, answer, deadline), answer, body_hash)

    def _parsed(self, source: Source, answer: Fetched, deadline: float) -> Listing:
        if len(answer.body) > source.max_bytes:
            msg = Phrase("larger than {limit:g} MB", limit=source.max_bytes / 1e6)
            raise FetchFailed(msg)
        url = answer.url or source.url
        if source.kind == "sitemap":
            return self._sitemap(source, answer.body, deadline)
        if source.kind == "page":
            return self.sandbox.page(answer.body, source, url=url, declared=answer.charset)
        return self.sandbox.feed(answer.body, url=url, declared=answer.charset, source=source.key)

    def _sitemap(self, source: Source, body: bytes, deadline: float) -> Listing:
        """Read a sitemap. Of an index, read its newest sitemaps."""
        listing = self.sandbox.sitemap(body, source)
        if listing.note != INDEX:
            return listing
        entries: dict[str, Entry] = {}
        skipped = list(listing.skipped)
        for number, inner in enumerate(listing.entries):
            if number >= MOST_SITEMAPS:
                skipped.append((inner.url, "an older sitemap of the index"))
                continue
            if self._is_up(deadline):
                skipped.append((inner.url, "not reached in the time for this source"))
                continue
            try:
                got = self.fetcher.fetch(replace(_request(source, SourceState("")), url=inner.url))
                if isinstance(got, Fetched):
                    below = self.sandbox.sitemap(got.body, source)
                    entries.update((entry.key, entry) for entry in below.entries)
                    skipped.extend(below.skipped)
            except NewsletterError as error:
                skipped.append((inner.url, str(error)))
        return Listing(tuple(entries.values()), tuple(skipped), note=INDEX)

    def _pending(self, source: Source, listing: Listing) -> _Pending:
        """Return new and changed entries, and those that failed before or are scheduled."""
        if not self.memory:
            return _Pending(tuple((entry, None) for entry in listing.entries))
        with self.lock, self.engine.connect() as connection:
            seen = source_store.entries(
                connection, source.key, (entry.key for entry in listing.entries)
            )
        now, pending, bad = self.clock(), list[_Due](), list[tuple[str, str]]()
        scheduled = False
        for entry in listing.entries:
            before = seen.get(entry.key)
            day = scheduled_for(entry.when.day if entry.when else None, now)
            if before is None and day:
                scheduled = True
                bad.append((entry.title or entry.key, SCHEDULED.format(day=day)))
            elif before is None or before.fingerprint != entry.fingerprint:
                pending.append((entry, before))
            elif before.article_id is None and before.reason:
                bad.append((entry.title or entry.key, before.reason))
        return _Pending(tuple(pending), tuple(bad), scheduled=scheduled)

    def _candidates(
        self, source: Source, state: SourceState, pending: Sequence[_Due], deadline: float
    ) -> tuple[tuple[ReadEntry, ...], int]:
        """Read the articles behind the pending entries. Returns also how many must wait."""
        reader = ArticleReader(self.fetcher, self.sandbox, self.clock)
        if source.kind == "folder":
            until = math.inf if _is_whole(source, state) else deadline
            files = [reader.file(source, entry) for entry, _ in self._until(until, pending)]
            return tuple(files), len(pending) - len(files)
        newest = pending
        backlog: list[ReadEntry] = []
        if state.first_collected_at is None:
            ordered = _newest_first(pending)
            newest, rest = ordered[: source.backfill], ordered[source.backfill :]
            backlog = [ReadEntry(entry, light_content(entry), backlog=True) for entry, _ in rest]
        # What failed before comes last, so that it keeps nothing else from being read.
        due = sorted(newest, key=_attempts)
        read = [
            reader.article(source, entry, _attempts((entry, before)))
            for entry, before in self._until(deadline, due[:MOST_PAGES])
        ]
        return (*reversed(read), *backlog), len(due) - len(read)

    def _until(self, deadline: float, pending: Iterable[_Due]) -> Iterator[_Due]:
        """Yield entries until the time is up."""
        return itertools.takewhile(lambda _: not self._is_up(deadline), pending)

    def _is_up(self, deadline: float) -> bool:
        return self.stopped() or time.monotonic() >= deadline


def _is_whole(source: Source, state: SourceState) -> bool:
    """Return whether a part of a source must not be stored: the rest would then look new."""
    return state.first_collected_at is None and source.kind in {"folder", "sitemap"}


def _attempts(pending: _Due) -> int:
    _, before = pending
    return before.attempts if before else 0


def _request(source: Source, state: SourceState) -> FetchRequest:
    return FetchRequest(
        url=state.learnt_url or source.url,
        etag=state.etag,
        last_modified=state.last_modified,
        accept=FEED_TYPES if source.kind == "feed" else PAGE_TYPES,
        is_page=source.kind == "page",
        private_origin=origin(source.url) if source.allow_private else "",
        max_bytes=source.max_bytes,
    )


def _newest_first(pending: Sequence[_Due]) -> list[_Due]:
    """Order by date; entries without one come last, in the order of the source."""
    return sorted(pending, key=lambda pair: -_day(pair[0]))


def _day(entry: Entry) -> int:
    return entry.when.day.toordinal() if entry.when else 0
