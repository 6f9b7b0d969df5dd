"""The archive: past issues that anyone may read, and an Atom feed of each newsletter.

A page shows the edition for readers who follow no topics, without anything of a recipient. A
newsletter is here only if the sign-up form offers it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from newsletter.app import App
from newsletter.model import links
from newsletter.model.edition import Edition
from newsletter.model.issue import Issue, corrected
from newsletter.model.publication import Newsletter
from newsletter.render.catalog import Catalog
from newsletter.render.issue_view import publication_view
from newsletter.render.picture_view import picture
from newsletter.render.public_copy import PageFrame, emptied, public_copy
from newsletter.render.view import Picture
from newsletter.store.content import archive, issues, pictures
from newsletter.store.content.archive import ArchivedIssue
from newsletter.web.caching import cacheable
from newsletter.web.headers import OPEN_IMAGES, policy
from newsletter.web.public import feed
from newsletter.web.public.corrected import marks
from newsletter.web.public.feed import Feed, FeedEntry
from newsletter.web.public.forms import ARCHIVE
from newsletter.web.public.offering import archived
from newsletter.web.public.pages import Pages
from newsletter.web.public.signing_up import sign_up_view
from newsletter.web.public.views import SignUpView, View

PAGE = 20
"""Issues on one page, and in a feed."""
ISSUE = policy(style_src="'self' 'unsafe-inline'", img_src=OPEN_IMAGES)
"""Emails carry their styles in attributes; the sign-up form below is ours."""
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ENDED = re.compile(r"([0-9]{1,9})[.,;:!?)\]}>\"”’»…。）」]{0,3}", re.ASCII)
"""The number of an issue, with what email programs take for a part of the address."""
Missing = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """An issue in the list; `corrected_on` is empty unless a correction was sent."""

    url: str
    subject: str
    preheader: str
    line: str
    corrected_on: str


@dataclass(frozen=True, slots=True)
class ArchiveView(View):
    """A page of the past issues of a newsletter; `earlier` leads to the next one, if any."""

    title: str
    description: str
    canonical: str
    feed: str
    noindex: bool
    entries: tuple[ArchiveEntry, ...]
    first: bool
    earlier: str


@dataclass(frozen=True, slots=True)
class ArchivesView(View):
    """The newsletters that have an archive: title, description and address."""

    canonical: str
    newsletters: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ArchivedView(View):
    """What is around an issue: its card for other sites, the links, and the sign-up form.

    `corrects` is the address of the issue that this one corrects, or empty; `corrections` are those
    of its own corrections.
    """

    title: str
    subject: str
    description: str
    image: Picture | None
    published: str
    canonical: str
    listing: str
    feed: str
    noindex: bool
    corrects: str
    corrections: tuple[str, ...]
    form: SignUpView


class ArchivePages:
    """The archive over one opened publication."""

    def __init__(self, app: App, missing: Missing) -> None:
        """Take the opened publication, and what answers for pages that do not exist."""
        self._app = app
        self._pages = Pages(app)
        self._missing = missing

    def overview(self, request: Request) -> Response:
        """List the newsletters that have an archive."""
        base = self._app.publication.url
        shown = tuple(
            (newsletter.title, newsletter.description, links.archive(base, newsletter.key))
            for newsletter in archived(self._app.publication)
        )
        if not shown:
            return self._missing(request)
        catalog = self._app.templates.catalogs.of(self._app.publication.language)
        view = ArchivesView(f"{base.rstrip('/')}/archive", shown)
        return cacheable(request, self._pages.page("archives", catalog, view))

    def listing(self, request: Request, newsletter: str) -> Response:
        """List the issues of a newsletter, a page at a time."""
        found = self._newsletter(newsletter)
        before = request.query_params.get("before", "")
        if found is None or (before and not _NUMBER.fullmatch(before)):
            return self._missing(request)
        with self._app.reader.connect() as connection:
            shown = archive.listed(
                connection, found.key, before=int(before) if before else None, limit=PAGE + 1
            )
        view = self._listing_view(found, shown, before)
        answer = self._pages.page("archive", self._catalog(found), view)
        return cacheable(request, _marked(answer, found))

    def feed(self, request: Request, newsletter: str) -> Response:
        """Return the latest issues of a newsletter as an Atom feed."""
        found = self._newsletter(newsletter)
        if found is None:
            return self._missing(request)
        with self._app.reader.connect() as connection:
            shown = archive.listed(connection, found.key, limit=PAGE)
        answer = Response(feed.written(self._feed(found, shown)), media_type=feed.MEDIA_TYPE)
        return cacheable(request, _marked(answer, found))

    def issue(self, request: Request, newsletter: str, number: str) -> Response:
        """Show an issue to anyone, with a sign-up form below it."""
        found, named = self._newsletter(newsletter), _ENDED.fullmatch(number)
        if found is None or named is None:
            return self._missing(request)
        with self._app.reader.connect() as connection:
            loaded = archive.load(connection, found.key, int(named[1]))
            if loaded is None:
                return self._missing(request)
            issue, edition = loaded
            image = self._image(connection, edition)
            corrections = archive.corrections(connection, issue.id)
        view = self._issue_view(found, issue, edition, image)
        base = self._app.publication.url
        addresses = (links.archived(base, found.key, correction.id) for correction in corrections)
        view = replace(view, corrections=tuple(addresses))
        page = self._copy(found, edition, view, marks(self._app, corrections))
        answer = HTMLResponse(page, headers={"Content-Security-Policy": ISSUE})
        return cacheable(request, _marked(answer, found))

    def _newsletter(self, key: str) -> Newsletter | None:
        return next((found for found in archived(self._app.publication) if found.key == key), None)

    def _catalog(self, newsletter: Newsletter) -> Catalog:
        catalogs = self._app.templates.catalogs
        return catalogs.of(newsletter.language, self._app.publication.language)

    def _listing_view(
        self, newsletter: Newsletter, shown: list[ArchivedIssue], before: str
    ) -> ArchiveView:
        base, catalog = self._app.publication.url, self._catalog(newsletter)
        address = links.archive(base, newsletter.key)
        entries = tuple(_entry(base, newsletter, issue, catalog) for issue in shown[:PAGE])
        return ArchiveView(
            title=newsletter.title,
            description=newsletter.description,
            canonical=f"{address}?before={before}" if before else address,
            feed=links.feed(base, newsletter.key),
            noindex=newsletter.noindex,
            entries=entries,
            first=not before,
            earlier=f"{address}?before={shown[PAGE - 1].id}" if len(shown) > PAGE else "",
        )

    def _feed(self, newsletter: Newsletter, shown: list[ArchivedIssue]) -> Feed:
        publication = self._app.publication
        return Feed(
            url=links.feed(publication.url, newsletter.key),
            page=links.archive(publication.url, newsletter.key),
            title=newsletter.title,
            author=publication.name,
            language=newsletter.language,
            entries=tuple(_feed_entry(publication.url, newsletter, issue) for issue in shown),
        )

    def _issue_view(
        self, newsletter: Newsletter, issue: Issue, edition: Edition, image: Picture | None
    ) -> ArchivedView:
        base, catalog = self._app.publication.url, self._catalog(newsletter)
        wrong = issue.corrects_issue_id
        return ArchivedView(
            title=newsletter.title,
            subject=emptied(edition.subject, edition.nonce),
            description=emptied(edition.preheader, edition.nonce),
            image=image,
            published=issue.frozen_at.isoformat() if issue.frozen_at else "",
            canonical=links.archived(base, newsletter.key, issue.id),
            listing=links.archive(base, newsletter.key),
            feed=links.feed(base, newsletter.key),
            noindex=newsletter.noindex,
            corrects=links.archived(base, newsletter.key, wrong) if wrong is not None else "",
            corrections=(),
            form=replace(
                sign_up_view(self._pages, catalog, frozenset({newsletter.key})), origin=ARCHIVE
            ),
        )

    def _copy(
        self, newsletter: Newsletter, edition: Edition, view: ArchivedView, corrections: str
    ) -> str:
        catalog = self._catalog(newsletter)
        parts = (self._pages.fragment(f"archived_{part}", catalog, view) for part in _PARTS)
        head, above, below = parts
        site = publication_view(self._app.publication).site
        of_edition = self._app.templates.catalogs.of(edition.language, newsletter.language)
        why = of_edition.text("issue.why", title=newsletter.title, site=site)
        return public_copy(edition, PageFrame(head, above, corrections, below), {why})

    def _image(self, connection: sa.Connection, edition: Edition) -> Picture | None:
        """Return the image of the lead."""
        lead_id = next(iter(edition.items), 0)
        lead = issues.load_item(connection, edition.issue_id, lead_id)
        image = corrected(lead).image if lead is not None else None
        if image is None:
            return None
        return picture(image, pictures.known(connection, {image.url}), self._app.publication.url)


_PARTS = ("head", "above", "below")


def _entry(
    base: str, newsletter: Newsletter, issue: ArchivedIssue, catalog: Catalog
) -> ArchiveEntry:
    number = catalog.text("issue.number", number=issue.number)
    day = catalog.date(date.fromisoformat(issue.nominal[:10]))
    at = issue.corrected_at
    corrected_on = catalog.date(at.astimezone(newsletter.timezone)) if at else ""
    return ArchiveEntry(
        url=links.archived(base, newsletter.key, issue.id),
        subject=emptied(issue.subject, issue.nonce),
        preheader=emptied(issue.preheader, issue.nonce),
        line=f"{number} · {day}",
        corrected_on=corrected_on,
    )


def _feed_entry(base: str, newsletter: Newsletter, issue: ArchivedIssue) -> FeedEntry:
    return FeedEntry(
        url=links.archived(base, newsletter.key, issue.id),
        title=emptied(issue.subject, issue.nonce),
        summary=emptied(issue.preheader, issue.nonce),
        published=issue.sent_at,
        updated=max(issue.sent_at, issue.corrected_at or issue.sent_at),
    )


def _marked(answer: Response, newsletter: Newsletter) -> Response:
    """Keep search engines away if the newsletter asks for it; a feed has no other place for that."""
    if newsletter.noindex:
        answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def archive_routes(app: App, missing: Missing) -> APIRouter:
    """Return the routes of the archive."""
    pages = ArchivePages(app, missing)
    router = APIRouter()
    for path, page in (
        ("/archive", pages.overview),
        ("/archive/{newsletter}", pages.listing),
        ("/archive/{newsletter}/feed.xml", pages.feed),
        ("/archive/{newsletter}/{number}", pages.issue),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
