"""Read one source: what it lists, and the articles behind what is new. Writes nothing."""

import hashlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from newsletter.collect import folders, identity, sitemaps, urls
from newsletter.collect.dates import plausible
from newsletter.collect.entry import Entry, Listing
from newsletter.collect.merge import entry_content, light_content, merged
from newsletter.collect.sandbox import Sandbox
from newsletter.errors import ExtractFailed, FetchFailed, NewsletterError
from newsletter.fetch.client import Clock, Fetched, Fetcher, NotModified, Request
from newsletter.model.article import Extracted
from newsletter.model.source import SeenEntry, Source, SourceState
from newsletter.store import sources as source_store

MOST_PAGES = 60
"""How many articles of one source are read in one collection; the rest waits for the next."""

MOST_ATTEMPTS = 3
FEED_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
MOST_SITEMAPS = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry with what was read behind it.

    `backlog` marks what was already there before the newest `backfill` of a first collection.
    `content` is None where nothing could be read, for `reason`; `again` says to try once more.
    """

    entry: Entry
    content: Extracted | None
    reason: str = ""
    again: bool = False
    backlog: bool = False
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one reading of a source brought; `problem` is set when the source itself failed."""

    source: Source
    candidates: tuple[Candidate, ...] = ()
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


@dataclass(frozen=True, slots=True)
class _Read:
    """A listing with what its answer said about itself."""

    listing: Listing | None
    answer: Fetched | NotModified | None = None
    body_hash: str = ""


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads sources with what it is given; safe to use from many threads.

    Without `memory` every entry counts as unknown. `door` lets one thread at a time to the
    database: SQLite's own waiting is slower and less fair.
    """

    engine: sa.Engine
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    memory: bool = True
    door: threading.Lock = field(default_factory=threading.Lock)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger(__name__))

    def gather(self, source: Source, state: SourceState) -> Gathered:
        """Read a source; whatever goes wrong with it becomes its problem and nobody else's."""
        try:
            return self._gather(source, state)
        except FetchFailed as error:
            return Gathered(
                source, problem=str(error), retry_after_seconds=error.retry_after_seconds
            )
        except NewsletterError as error:
            return Gathered(source, problem=str(error))
        except Exception as error:
            self.log.exception("source failed unexpectedly", extra={"source": source.key})
            return Gathered(
                source, problem=f"failed unexpectedly ({type(error).__name__}: {error})"
            )

    def _gather(self, source: Source, state: SourceState) -> Gathered:
        read = self._listing(source, state)
        answer = read.answer
        base = Gathered(
            source,
            fresh_seconds=answer.fresh_seconds if answer else 0,
            moved_to=answer.moved_to if answer else "",
        )
        if read.listing is None:
            return replace(base, unchanged=True, found=state.found)
        listing = read.listing
        pending, known, bad = self._pending(source, listing)
        candidates, waiting = self._candidates(source, state, pending)
        settled = not waiting and not any(one.again for one in candidates)
        fetched = answer if settled and isinstance(answer, Fetched) else None
        return replace(
            base,
            candidates=candidates,
            found=len(listing.entries),
            known=known,
            skipped=(*listing.skipped, *bad),
            note=listing.note if listing.note != sitemaps.INDEX else "",
            fresh_seconds=max(base.fresh_seconds, listing.ttl_seconds),
            etag=fetched.etag if fetched else "",
            last_modified=fetched.last_modified if fetched else "",
            body_hash=read.body_hash if settled else "",
            waiting=waiting,
        )

    def _listing(self, source: Source, state: SourceState) -> _Read:
        """Read what the source lists; no listing means that nothing changed."""
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
        return _Read(self._parsed(source, answer), answer, body_hash)

    def _parsed(self, source: Source, answer: Fetched) -> Listing:
        if len(answer.body) > source.max_bytes:
            msg = f"larger than {source.max_bytes / 1e6:g} MB"
            raise FetchFailed(msg)
        url = answer.url or source.url
        if source.kind == "sitemap":
            return self._sitemap(source, answer.body, url)
        if source.kind == "page":
            return self.sandbox.page(
                answer.body,
                url=url,
                declared=answer.charset,
                links=source.links,
                ignore=source.ignore,
            )
        return self.sandbox.feed(answer.body, url=url, declared=answer.charset)

    def _sitemap(self, source: Source, body: bytes, url: str) -> Listing:
        """Read a sitemap; of an index, the newest few of its sitemaps."""
        listing = self.sandbox.sitemap(body, url=url, links=source.links, ignore=source.ignore)
        if listing.note != sitemaps.INDEX:
            return listing
        entries: dict[str, Entry] = {}
        skipped = list(listing.skipped)
        for number, inner in enumerate(listing.entries):
            if number >= MOST_SITEMAPS:
                skipped.append((inner.url, "an older sitemap of the index"))
                continue
            try:
                got = self.fetcher.fetch(replace(_request(source, SourceState("")), url=inner.url))
                if isinstance(got, Fetched):
                    below = self.sandbox.sitemap(
                        got.body, url=got.url, links=source.links, ignore=source.ignore
                    )
                    entries.update((one.key, one) for one in below.entries)
                    skipped.extend(below.skipped)
            except NewsletterError as error:
                skipped.append((inner.url, str(error)))
        return Listing(tuple(entries.values()), tuple(skipped))

    def _pending(
        self, source: Source, listing: Listing
    ) -> tuple[list[tuple[Entry, SeenEntry | None]], int, list[tuple[str, str]]]:
        """Return the entries that are new or changed; and again those that could not be read."""
        if not self.memory:
            return [(entry, None) for entry in listing.entries], 0, []
        with self.door, self.engine.connect() as connection:
            seen = source_store.entries(
                connection, source.key, (one.key for one in listing.entries)
            )
        pending: list[tuple[Entry, SeenEntry | None]] = []
        bad: list[tuple[str, str]] = []
        for entry in listing.entries:
            before = seen.get(entry.key)
            if before is None or before.fingerprint != entry.fingerprint:
                pending.append((entry, before))
            elif before.article_id is None and before.reason:
                bad.append((entry.title or entry.key, before.reason))
        return pending, len(listing.entries) - len(pending), bad

    def _candidates(
        self, source: Source, state: SourceState, pending: Sequence[tuple[Entry, SeenEntry | None]]
    ) -> tuple[tuple[Candidate, ...], int]:
        """Read the articles behind the pending entries; return also how many must wait."""
        if source.kind == "folder":
            return tuple(self._file(source, entry) for entry, _ in pending), 0
        newest = pending
        backlog: list[Candidate] = []
        if state.first_collected_at is None:
            ordered = _newest_first(pending)
            newest, rest = ordered[: source.backfill], ordered[source.backfill :]
            backlog = [Candidate(entry, light_content(entry), backlog=True) for entry, _ in rest]
        taken, waiting = newest[:MOST_PAGES], newest[MOST_PAGES:]
        read = [self._article(source, entry, before) for entry, before in taken]
        return (*reversed(read), *backlog), len(waiting)

    def _file(self, source: Source, entry: Entry) -> Candidate:
        try:
            raw = folders.read_bytes(entry.path, source.max_bytes) if entry.path else b""
            content = self.sandbox.article(raw, name=entry.key)
        except NewsletterError as error:
            return Candidate(entry, None, str(error))
        return Candidate(entry, self._sober(content, source))

    def _article(self, source: Source, entry: Entry, before: SeenEntry | None) -> Candidate:
        """Read the page behind an entry; what the feed carries serves where that fails."""
        fallback = self._carried(source, entry)
        if not entry.url:
            reason = "" if fallback else "neither link nor text to read"
            return Candidate(entry, fallback, reason)
        attempts = before.attempts if before else 0
        try:
            page = self._page(source, entry)
        except NewsletterError as error:
            lasting = (
                isinstance(error, ExtractFailed) or error.status in _LASTING
                if isinstance(error, (ExtractFailed, FetchFailed))
                else True
            )
            if not lasting and attempts + 1 < MOST_ATTEMPTS:
                return Candidate(
                    entry, None, f"{error}; will be tried again", again=True, attempts=attempts + 1
                )
            return Candidate(entry, fallback, f"page not read: {error}", attempts=attempts + 1)
        return Candidate(entry, self._sober(merged(page, fallback, entry), source))

    def _page(self, source: Source, entry: Entry) -> Extracted:
        got = self.fetcher.fetch(
            Request(
                url=entry.url,
                accept=PAGE_TYPES,
                is_page=True,
                allow_private=source.allow_private,
                max_bytes=source.max_bytes,
            )
        )
        if not isinstance(got, Fetched):
            msg = "the server claims that nothing changed, though nothing is known"
            raise FetchFailed(msg)
        name = "page.html" if "html" in got.content_type else ""
        content = self.sandbox.article(got.body, name=name, url=got.url, declared=got.charset)
        if b"password" in got.body and content.words < 150 and urls.is_web(got.url):  # noqa: PLR2004
            from newsletter.collect.pages import is_login  # noqa: PLC0415

            if is_login(got.body.decode("utf-8", "replace")):
                msg = "a login page instead of the article"
                raise ExtractFailed(msg)
        return content

    def _carried(self, source: Source, entry: Entry) -> Extracted | None:
        """Extract the article that the feed itself carries."""
        if not entry.title and not entry.html:
            return None
        body = None
        if entry.html:
            title = f"<h1>{_escaped(entry.title)}</h1>" if entry.title else ""
            names = " and ".join(_escaped(author.name) for author in entry.authors)
            byline = f'<p class="byline">By {names}</p>' if names else ""
            document = f"<html><body><article>{title}{byline}{entry.html}</article></body></html>"
            try:
                body = self.sandbox.article(
                    document.encode(), name="entry.html", url=entry.url or source.url
                )
            except ExtractFailed:
                body = None
        content = entry_content(entry, body)
        return self._sober(content, source) if content else None

    def _sober(self, content: Extracted, source: Source) -> Extracted:
        """Add what the source says of all its articles; drop a date that cannot be."""
        from newsletter.collect.dates import When  # noqa: PLC0415

        when = When(content.published, content.published_at) if content.published else None
        kept = plausible(when, self.clock())
        topics = (*content.topics, *source.topics)
        provenance = dict(content.provenance)
        if when and not kept:
            provenance["date"] = f"dropped: {when.day.isoformat()} lies in the future"
        return replace(
            content,
            url=urls.clean(content.url),
            published=kept.day if kept else None,
            published_at=kept.at if kept else None,
            topics=tuple(
                {identity.letters(topic) or topic: topic for topic in reversed(topics)}.values()
            )[::-1],
            lang=content.lang or source.language,
            provenance=provenance,
        )


_LASTING = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 414, 451})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _request(source: Source, state: SourceState) -> Request:
    return Request(
        url=state.learnt_url or source.url,
        etag=state.etag,
        last_modified=state.last_modified,
        accept=FEED_TYPES if source.kind == "feed" else PAGE_TYPES,
        is_page=source.kind == "page",
        allow_private=source.allow_private,
        max_bytes=source.max_bytes,
    )


def _newest_first(
    pending: Sequence[tuple[Entry, SeenEntry | None]],
) -> list[tuple[Entry, SeenEntry | None]]:
    """Order by date where every entry has one; otherwise keep the source's own order."""
    if not all(entry.when for entry, _ in pending):
        return list(pending)
    return sorted(
        pending, key=lambda pair: pair[0].when.day if pair[0].when else None, reverse=True
    )  # type: ignore[arg-type, return-value] # all have one
