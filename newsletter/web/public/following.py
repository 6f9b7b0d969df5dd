"""Why a subscriber received an article, and a form to get more or less of its kind."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.model import links
from newsletter.model.issue import Item, corrected
from newsletter.model.publication import Publication
from newsletter.model.vocabulary import (
    author_tag,
    followed,
    mute_tag,
    shown_name,
    topic_names,
    topic_tag,
)
from newsletter.render.catalog import Catalog
from newsletter.store.people import received
from newsletter.web.public.forms import Form, LinkToken
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import SubjectView, WhyView
from subscribers import directory
from subscribers.consent import choosing
from subscribers.model import Subscriber, Tag, TagKind, slug
from subscribers.tokens import LinkClaim, Purpose

MOST_SUBJECTS = 8
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
"""The number of an article, no larger than the databases take."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A topic or an author of an article; `names` are all slugs under which it is followed."""

    tag: Tag
    names: frozenset[str]

    @property
    def mutes(self) -> frozenset[str]:
        """Return the slugs of the tags that mute it."""
        return frozenset(mute_tag(Tag(name, "", self.tag.kind)).slug for name in self.names)


class WhyPages:
    """The page behind "Why you see this" at each article of an issue."""

    def __init__(self, pages: Pages) -> None:
        """Take the base of the public pages."""
        self._pages = pages

    def page(self, request: Request, article: str, token: LinkToken) -> HTMLResponse:
        """Say why the subscriber received the article, and offer to follow or mute its subjects."""
        found = self._found(token, article)
        if found is None:
            return self._pages.incomplete(request)
        claim, person, item, labels = found
        catalog = self._pages.personal_catalog(request, person, claim.newsletter)
        subjects = tuple(subjects_of(item, labels, self._pages.publication, catalog.language))
        view = WhyView(
            title=item.title,
            saved=request.query_params.get("saved") == "1",
            reasons=tuple(self._reasons(subjects, person, claim, catalog)),
            subjects=tuple(_subject_view(subject, person) for subject in subjects),
            preferences=links.preferences("", token),
        )
        return self._pages.page("why", catalog, view)

    def choose(self, request: Request, article: str, token: LinkToken, form: Form) -> Response:
        """Follow or mute the subjects of the article as the form says."""
        found = self._found(token, article)
        if found is None:
            return self._pages.incomplete(request)
        _claim, person, item, labels = found
        publication = self._pages.publication
        add: list[Tag] = []
        remove: set[str] = set()
        for subject in subjects_of(item, labels, publication, publication.language):
            choice = form.first(f"choice.{subject.tag.slug}")
            if choice == "follow":
                add += [] if subject.names & person.slugs else [subject.tag]
                remove |= subject.mutes
            elif choice == "less":
                add.append(mute_tag(subject.tag))
                remove |= subject.names
            elif choice == "neither":
                remove |= subject.names | subject.mutes
        now = self._pages.app.now()
        self._pages.act(
            lambda connection: choosing.follow(connection, person, add=add, remove=remove, now=now)
        )
        return RedirectResponse(f"{links.why('', item.article_id, token)}?saved=1", status_code=303)

    def _found(
        self, token: str, article: str
    ) -> tuple[LinkClaim, Subscriber, Item, AbstractSet[str]] | None:
        """Return who asks about which item, and which of its topics are labels to staff.

        None if the link is not genuine, or the article was not theirs.
        """
        claim = self._pages.claim(token, Purpose.ISSUE)
        person = self._pages.person(claim) if claim else None
        if claim is None or person is None or not _NUMBER.fullmatch(article):
            return None
        with self._pages.app.reader.connect() as connection:
            item = received.item(connection, claim.newsletter, person.id, int(article))
            if item is None:
                return None
            labels = directory.labels(connection, map(slug, item.topics))
        return claim, person, corrected(item), labels

    def _reasons(
        self, subjects: Iterable[Subject], person: Subscriber, claim: LinkClaim, catalog: Catalog
    ) -> Iterator[str]:
        newsletter = self._pages.publication.newsletter(claim.newsletter)
        title = newsletter.title if newsletter else self._pages.publication.name
        yield catalog.text("why.subscribed", title=title)
        names = [shown_name(subject.tag) for subject in subjects if subject.names & person.slugs]
        if names:
            yield catalog.text("why.followed", names=", ".join(names))
        elif not followed(self._pages.publication, person.topics):
            mutes = any(tag.kind is TagKind.MUTE for tag in person.tags)
            yield catalog.text("why.everything_but" if mutes else "why.everything")
        else:
            yield catalog.text("why.beside")


def subjects_of(
    item: Item, labels: AbstractSet[str], publication: Publication, language: str
) -> Iterator[Subject]:
    """Yield the topics and the authors of an item, at most MOST_SUBJECTS.

    A topic that is not configured and has the slug of a label is left out: only staff set labels.
    """
    topics = {name: topic for topic in publication.topics for name in topic_names(topic)}
    found: dict[str, Subject] = {}
    for name in item.topics:
        topic = topics.get(slug(name))
        if topic is None and slug(name) in labels:
            continue
        tag = topic_tag(topic, language) if topic else Tag(slug(name), name, TagKind.TOPIC)
        found[tag.slug] = Subject(tag, topic_names(topic) if topic else frozenset({tag.slug}))
    for author in item.authors:
        tag = author_tag(author.name)
        found[tag.slug] = Subject(tag, frozenset({tag.slug}))
    yield from [subject for name, subject in found.items() if name][:MOST_SUBJECTS]


def _subject_view(subject: Subject, person: Subscriber) -> SubjectView:
    muted = bool(subject.mutes & person.slugs)
    followed = bool(subject.names & person.slugs)
    return SubjectView(
        value=subject.tag.slug,
        label=shown_name(subject.tag),
        choice="less" if muted else "follow" if followed else "neither",
    )
