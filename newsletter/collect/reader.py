"""Read the article behind an entry: its page, its file, or the content in the feed."""

from dataclasses import dataclass, replace
from html import escape

from newsletter.collect.copying import beside
from newsletter.collect.deciding import identity
from newsletter.collect.deciding.arrival import instead_of_article, is_protected
from newsletter.collect.deciding.merge import entry_content, merged
from newsletter.collect.entry import Entry
from newsletter.collect.finding import folders
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.text import urls
from newsletter.collect.text.dates import When, plausible, scheduled_for
from newsletter.collect.text.images import is_picture, size_of
from newsletter.errors import ExtractFailed, FetchFailed, NewsletterError
from newsletter.fetch.client import Clock, Fetched, Fetcher, FetchRequest, origin
from newsletter.model.article import Extracted, Image
from newsletter.model.source import Source
from subscribers.phrase import Phrase

MOST_ATTEMPTS = 3
SCHEDULED = "scheduled for {day}; it is read then"
PAGE_TYPES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
IMAGE_TYPES = "image/jpeg, image/png, image/webp, image/gif, image/*;q=0.5"
PICTURE_HEAD = 65_536
_GONE = frozenset({404, 410})
_LASTING = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 414, 451})


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry with the article read from it.

    `backlog` marks an article older than the newest ones of a first collection. `content` is
    None if nothing could be read, for `reason`. With `again` the entry is tried again later.
    """

    entry: Entry
    content: Extracted | None
    reason: str = ""
    again: bool = False
    backlog: bool = False
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class ArticleReader:
    """Reads articles. Safe to use from many threads."""

    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock

    def file(self, source: Source, entry: Entry) -> ReadEntry:
        """Read an article from its file."""
        try:
            raw = folders.read_bytes(entry.path, source.max_bytes) if entry.path else b""
            content = self.sandbox.article(raw, name=entry.key, source=source.key)
        except NewsletterError as error:
            return ReadEntry(entry, None, str(error))
        # Site generators publish a text on the day that its front matter states.
        stated = content.provenance.get("date") == "front matter"
        if day := scheduled_for(content.published if stated else None, self.clock()):
            return ReadEntry(entry, None, SCHEDULED.format(day=day), again=True)
        return ReadEntry(
            entry, _with_own_image(self._checked(content, source), content, entry, source)
        )

    def article(self, source: Source, entry: Entry, attempts: int) -> ReadEntry:
        """Read the page behind an entry. If that fails, use the content in the feed.

        `attempts` is the number of earlier failures.
        """
        if is_protected(entry):
            return ReadEntry(entry, None, "the post needs a password")
        carried = self._carried(source, entry)
        if not entry.url:
            known = carried if carried and (carried.sections or carried.teaser) else None
            return ReadEntry(entry, known, "" if known else "neither link nor text to read")
        try:
            page = self._page(source, entry, carried)
        except NewsletterError as error:
            tried = attempts + 1
            if _may_pass(error) and tried < MOST_ATTEMPTS:
                reason = f"{error}; it will be tried again"
                return ReadEntry(entry, None, reason, again=True, attempts=tried)
            # A title without any text would be an item that tells readers nothing.
            kept = carried if carried and (carried.sections or carried.teaser) else None
            return ReadEntry(entry, kept, f"page not read: {error}", attempts=tried)
        return ReadEntry(
            entry, self._measured(self._checked(merged(page, carried, entry), source), source)
        )

    def _page(self, source: Source, entry: Entry, carried: Extracted | None) -> Extracted:
        got = self.fetcher.fetch(
            FetchRequest(
                url=entry.url,
                accept=PAGE_TYPES,
                is_page=True,
                private_origin=origin(source.url) if source.allow_private else "",
                max_bytes=source.max_bytes,
            )
        )
        if not isinstance(got, Fetched):
            msg = Phrase("the server answered 304 to a request without conditions")
            raise FetchFailed(msg)
        name = "page.html" if "html" in got.content_type else ""
        content = self.sandbox.article(
            got.body, name=name, url=got.url, declared=got.charset, source=source.key
        )
        if instead := instead_of_article(entry, content, carried, got.url, got.body):
            raise ExtractFailed(instead)
        return content

    def _carried(self, source: Source, entry: Entry) -> Extracted | None:
        """Extract the article from the content in the feed."""
        if not entry.title and not entry.html:
            return None
        body = None
        if entry.html:
            try:
                raw = _document(entry).encode("utf-8", "replace")
                url = entry.url or source.url
                body = self.sandbox.article(raw, name="entry.html", url=url, source=source.key)
            except ExtractFailed:
                body = None
        content = entry_content(entry, body)
        return self._checked(content, source) if content else None

    def _measured(self, content: Extracted, source: Source) -> Extracted:
        """Add the real size of the picture, or drop what turns out not to be one.

        Email clients need the right ratio to reserve the space. A picture that cannot be read
        from here is kept: some servers answer only browsers.
        """
        image = content.image
        if image is None:
            return content
        private = origin(source.url) if source.allow_private else ""
        asked = FetchRequest(
            image.url, accept=IMAGE_TYPES, private_origin=private, first_bytes=PICTURE_HEAD
        )
        try:
            got = self.fetcher.fetch(asked)
        except FetchFailed as error:
            return replace(content, image=None) if error.status in _GONE else content
        size = size_of(got.body) if isinstance(got, Fetched) else None
        if size is None:
            return content
        if not is_picture(image.url, *size):
            return replace(content, image=None)
        return replace(content, image=replace(image, width=size[0], height=size[1]))

    def _checked(self, content: Extracted, source: Source) -> Extracted:
        """Add the topics and language of the source, and drop an impossible date."""
        when = When(content.published, content.published_at) if content.published else None
        kept = plausible(when, self.clock())
        provenance = dict(content.provenance)
        if when and not kept:
            provenance["date"] = f"dropped: {when.day.isoformat()} is in the future"
        elif when and content.date_guessed:
            # A guess would be printed as if the publisher had stated it.
            provenance["date"] = f"none stated; {when.day.isoformat()} is a guess"
            kept = None
        topics: dict[str, str] = {}
        for topic in (*content.topics, *source.topics):
            topics.setdefault(identity.letters(topic) or topic, topic)
        return replace(
            content,
            url=urls.clean(content.url),
            image=content.image if content.image and urls.is_web(content.image.url) else None,
            published=kept.day if kept else None,
            published_at=kept.at if kept else None,
            date_guessed=False,
            topics=tuple(topics.values()),
            lang=content.lang or source.language,
            provenance=provenance,
        )


def _with_own_image(checked: Extracted, read: Extracted, entry: Entry, source: Source) -> Extracted:
    """Return the article of a file with the image that is beside the file, if there is one."""
    image = read.image or Image("")
    local = beside(image.url, entry.path, source) if entry.path else ""
    return replace(checked, image=replace(image, url=local)) if local else checked


def _may_pass(error: NewsletterError) -> bool:
    """Return whether a failure may be temporary: a busy server, a broken connection."""
    if not isinstance(error, FetchFailed):
        return False
    refused = str(error).startswith(("not fetched", "robots.txt", "larger than", "redirects"))
    return not refused and (error.status == 0 or error.status not in _LASTING)


def _document(entry: Entry) -> str:
    """Wrap the content of a feed entry as a page, so that the same extraction reads both."""
    title = f"<h1>{escape(entry.title)}</h1>" if entry.title else ""
    names = " and ".join(escape(author.name) for author in entry.authors)
    byline = f'<p class="byline">By {names}</p>' if names else ""
    return f"<html><body><article>{title}{byline}{entry.html}</article></body></html>"
