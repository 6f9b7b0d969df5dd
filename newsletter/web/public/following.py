"""Why a subscriber received an article, and a form to get more or less of its kind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.model import links
from newsletter.model.issue import Item, corrected
from newsletter.model.publication import Publication
from newsletter.model.vocabulary import author_tag, mute_tag, shown_name, topic_names, topic_tag
from newsletter.render.catalog import Catalog
from newsletter.store.people import received
from newsletter.web.public.forms import Form, LinkToken
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import SubjectView, WhyView
from subscribers.consent import choosing
from subscribers.model import Subscriber, Tag, TagKind, slug
from subscribers.tokens import LinkClaim, Purpose

MOST_SUBJECTS = 8


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

    def page(self, request: Request, article: int, token: LinkToken) -> HTMLResponse:
        """Say why the subscriber received the article, and offer to follow or mute its subjects."""
        found = self._found(token, article)
        if found is None:
            return self._pages.incomplete(request)
        claim, person, item = found
        catalog = self._pages.personal_catalog(request, person, claim.newsletter)
        subjects = tuple(subjects_of(item, self._pages.publication, catalog.language))
        view = WhyView(
            title=item.title,
            saved=request.query_params.get("saved") == "1",
            reasons=tuple(self._reasons(subjects, person, claim, catalog)),
            subjects=tuple(_subject_view(subject, person) for subject in subjects),
            preferences=links.preferences("", token),
        )
        return self._pages.page("why", catalog, view)

    def choose(self, request: Request, article: int, token: LinkToken, form: Form) -> Response:
        """Follow or mute the subjects of the article as the form says."""
        found = self._found(token, article)
        if found is None:
            return self._pages.incomplete(request)
        _claim, person, item = found
        publication = self._pages.publication
        add: list[Tag] = []
        remove: set[str] = set()
        for subject in subjects_of(item, publication, publication.language):
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
        return RedirectResponse(f"{links.why('', article, token)}?saved=1", status_code=303)

    def _found(self, token: str, article: int) -> tuple[LinkClaim, Subscriber, Item] | None:
        """Return who asks about which item; None if the link is not genuine, or was not theirs."""
        claim = self._pages.claim(token, Purpose.ISSUE)
        person = self._pages.person(claim) if claim else None
        if claim is None or person is None:
            return None
        with self._pages.app.reader.connect() as connection:
            item = received.item(connection, claim.newsletter, person.id, article)
        return (claim, person, corrected(item)) if item else None

    def _reasons(
        self, subjects: Iterable[Subject], person: Subscriber, claim: LinkClaim, catalog: Catalog
    ) -> Iterator[str]:
        newsletter = self._pages.publication.newsletter(claim.newsletter)
        title = newsletter.title if newsletter else self._pages.publication.name
        yield catalog.text("why.subscribed", title=title)
        followed = [shown_name(subject.tag) for subject in subjects if subject.names & person.slugs]
        if followed:
            yield catalog.text("why.followed", names=", ".join(followed))
        elif not person.topics:
            yield catalog.text("why.everything")
        else:
            yield catalog.text("why.beside")


def subjects_of(item: Item, publication: Publication, language: str) -> Iterator[Subject]:
    """Yield the topics and the authors of an item, at most MOST_SUBJECTS."""
    topics = {name: topic for topic in publication.topics for name in topic_names(topic)}
    found: dict[str, Subject] = {}
    for name in item.topics:
        topic = topics.get(slug(name))
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
