"""Read the article behind an entry: its page, its file, or what the feed itself carries."""

from dataclasses import dataclass, replace
from html import escape

from newsletter.collect.deciding import identity
from newsletter.collect.deciding.merge import entry_content, merged
from newsletter.collect.deciding.walls import wall
from newsletter.collect.entry import Entry
from newsletter.collect.finding import folders
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.text import urls
from newsletter.collect.text.dates import When, plausible
from newsletter.errors import ExtractFailed, FetchFailed, NewsletterError
from newsletter.fetch.client import Clock, Fetched, Fetcher, Request
from newsletter.model.article import Extracted
from newsletter.model.source import Source

MOST_ATTEMPTS = 3
PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_LASTING = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 414, 451})


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
class Reader:
    """Reads articles with what it is given; safe to use from many threads."""

    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock

    def file(self, source: Source, entry: Entry) -> Candidate:
        """Read an article from its file."""
        try:
            raw = folders.read_bytes(entry.path, source.max_bytes) if entry.path else b""
            content = self.sandbox.article(raw, name=entry.key)
        except NewsletterError as error:
            return Candidate(entry, None, str(error))
        return Candidate(entry, self._sober(content, source))

    def article(self, source: Source, entry: Entry, attempts: int) -> Candidate:
        """Read the page behind an entry; what the feed carries serves where that fails for good.

        `attempts` is how often it failed before.
        """
        carried = self._carried(source, entry)
        if not entry.url:
            return Candidate(entry, carried, "" if carried else "neither link nor text to read")
        try:
            page = self._page(source, entry)
        except NewsletterError as error:
            tried = attempts + 1
            if _may_pass(error) and tried < MOST_ATTEMPTS:
                reason = f"{error}; will be tried again"
                return Candidate(entry, None, reason, again=True, attempts=tried)
            return Candidate(entry, carried, f"page not read: {error}", attempts=tried)
        return Candidate(entry, self._sober(merged(page, carried, entry), source))

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
        if instead := wall(entry.url, got.url, got.body, content.words):
            raise ExtractFailed(instead)
        return content

    def _carried(self, source: Source, entry: Entry) -> Extracted | None:
        """Extract the article that the feed itself carries."""
        if not entry.title and not entry.html:
            return None
        body = None
        if entry.html:
            try:
                raw = _document(entry).encode("utf-8", "replace")
                body = self.sandbox.article(raw, name="entry.html", url=entry.url or source.url)
            except ExtractFailed:
                body = None
        content = entry_content(entry, body)
        return self._sober(content, source) if content else None

    def _sober(self, content: Extracted, source: Source) -> Extracted:
        """Add what the source says of all its articles; drop a date that cannot be."""
        when = When(content.published, content.published_at) if content.published else None
        kept = plausible(when, self.clock())
        provenance = dict(content.provenance)
        if when and not kept:
            provenance["date"] = f"dropped: {when.day.isoformat()} lies in the future"
        topics: dict[str, str] = {}
        for topic in (*content.topics, *source.topics):
            topics.setdefault(identity.letters(topic) or topic, topic)
        return replace(
            content,
            url=urls.clean(content.url),
            image=content.image if content.image and urls.is_web(content.image.url) else None,
            published=kept.day if kept else None,
            published_at=kept.at if kept else None,
            topics=tuple(topics.values()),
            lang=content.lang or source.language,
            provenance=provenance,
        )


def _may_pass(error: NewsletterError) -> bool:
    """Say whether a failure may be over at the next attempt: a busy server, a broken line."""
    if not isinstance(error, FetchFailed):
        return False
    refused = str(error).startswith(("not fetched", "robots.txt", "larger than", "redirects"))
    return not refused and (error.status == 0 or error.status not in _LASTING)


def _document(entry: Entry) -> str:
    """Wrap what a feed carries as a page, so that one extraction serves both."""
    title = f"<h1>{escape(entry.title)}</h1>" if entry.title else ""
    names = " and ".join(escape(author.name) for author in entry.authors)
    byline = f'<p class="byline">By {names}</p>' if names else ""
    return f"<html><body><article>{title}{byline}{entry.html}</article></body></html>"
