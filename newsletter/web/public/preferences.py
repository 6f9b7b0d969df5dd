"""The preference page, opened by the link in any email, without a password."""

from dataclasses import replace

import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.model import links
from newsletter.model.vocabulary import author_tag, topic_names
from newsletter.render.catalog import Catalog
from newsletter.store.content import articles
from newsletter.store.people import received
from newsletter.web.public import wording
from newsletter.web.public.forms import (
    PAUSES,
    Form,
    LinkToken,
    changed_answers,
    chosen_zone,
    offered,
    titles,
    wishes,
)
from newsletter.web.public.offering import NAME, AskedField, asked_fields, next_due
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import (
    KnownOf,
    PreferencesView,
    SubscriptionView,
    author_choices,
    language_choices,
    mute_choices,
    reading_languages,
    subscription_views,
    topic_choices,
    zone_choices,
)
from subscribers.consent import choosing, rights
from subscribers.consent.choosing import Preferences
from subscribers.model import AUTHOR, Effects, Subscriber, slug
from subscribers.tokens import Purpose

SAVED = {
    "1": "preferences.saved",
    "2": "preferences.saved_and_asked",
    "3": "preferences.saved_asked_before",
}
"""What `?saved=` confirms after a redirect."""


class PreferencePages:
    """The page on which subscribers choose what they receive."""

    def __init__(self, pages: Pages) -> None:
        """Take the base of the public pages."""
        self._pages = pages

    def page(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Show what a subscriber receives, why, and what they can change."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        person = pages.person(claim) if claim else None
        if claim is None or person is None:
            return pages.incomplete(request)
        catalog = pages.personal_catalog(request, person, claim.newsletter)
        saved = SAVED.get(request.query_params.get("saved", ""))
        view = PreferencesView(
            saved=catalog.text(saved) if saved else "",
            blocked=person.suppressed is not None,
            subscriptions=self._subscriptions(person, catalog),
            topics=topic_choices(pages.publication, person.slugs, catalog.language),
            authors=author_choices(self._authors(), person),
            muted=mute_choices(pages.publication, person, catalog.language),
            languages=language_choices(self._languages(), person.language or catalog.language),
            zones=zone_choices(person, catalog) if pages.publication.asks_for_zones else (),
            fields=self._fields(person, catalog),
            pauses=PAUSES,
            unsubscribe=links.unsubscribe("", token),
            data=f"{links.preferences('', token)}/data",
        )
        return pages.page("preferences", catalog, view)

    def save(self, request: Request, token: LinkToken, form: Form) -> Response:
        """Save the preferences. Newsletters that were added are confirmed by email first."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        person = pages.person(claim) if claim else None
        if claim is None or person is None:
            return pages.incomplete(request)
        if form.first("form") != "preferences":
            return self.page(request, token)
        catalog = pages.personal_catalog(request, person, claim.newsletter)
        shown = wording.consent_wording(pages.app, catalog)
        wanted = self._wishes(request, person, form, shown)
        effects = pages.act(lambda connection: self._choose(connection, person, wanted, shown))
        saved = {"saved and asked": "2", "saved, asked before": "3"}.get(effects.outcome, "1")
        return RedirectResponse(f"{links.preferences('', token)}?saved={saved}", status_code=303)

    def send_data_link(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Email a single-use link to the address on file: issues get forwarded, inboxes do not."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        person = pages.person(claim) if claim else None
        if claim is None or person is None:
            return pages.incomplete(request)
        pages.act(lambda connection: rights.email_link(connection, person, pages.app.now()))
        catalog = pages.personal_catalog(request, person, claim.newsletter)
        return pages.message(catalog, "link_sent", preferences=links.preferences("", token))

    def _subscriptions(self, person: Subscriber, catalog: Catalog) -> tuple[SubscriptionView, ...]:
        pages = self._pages
        now = pages.app.now()
        known = {subscription.newsletter for subscription in person.subscriptions}
        with pages.app.reader.connect() as connection:
            facts = {
                key: KnownOf(
                    received.lately(connection, key, person.id, now) if key in known else [],
                    next_due(connection, newsletter, now),
                )
                for newsletter in pages.publication.newsletters
                for key in (newsletter.key,)
            }
        return subscription_views(pages.publication, person, facts, catalog, now)

    def _fields(self, person: Subscriber, catalog: Catalog) -> tuple[AskedField, ...]:
        given = {**person.answers, NAME: person.name}
        return tuple(
            replace(field, on_file=bool(given.get(field.key)))
            for field in asked_fields(self._pages.publication, catalog)
        )

    def _choose(
        self,
        connection: sa.Connection,
        person: Subscriber,
        wanted: Preferences,
        shown: wording.Wording,
    ) -> Effects:
        wording.keep(connection, shown, self._pages.app)
        return choosing.choose(connection, person, wanted, self._pages.rules())

    def _languages(self) -> tuple[str, ...]:
        pages = self._pages
        return reading_languages(pages.publication, pages.app.templates.catalogs.languages)

    def _authors(self) -> list[str]:
        with self._pages.app.reader.connect() as connection:
            return articles.recent_authors(connection)

    def _wishes(
        self, request: Request, person: Subscriber, form: Form, shown: wording.Wording
    ) -> Preferences:
        pages = self._pages
        publication = pages.publication
        known = {tag.slug: tag for tag in map(author_tag, self._authors())}
        known |= {tag.slug: tag for tag in person.tags if tag.slug.startswith(AUTHOR)}
        names = {slug(topic.slug): topic_names(topic) for topic in publication.topics}
        language = form.first("language")
        answers = changed_answers(form, publication)
        return Preferences(
            follows=form.all("topic"),
            offered=offered(publication, publication.language) | known,
            unmuted=form.all("muted") - form.all("mute"),
            outdated=person.topics.difference(known, *names.values()),
            newsletters=wishes(form, publication, person),
            name=answers.pop(NAME, None),
            answers=answers,
            language=language if language in self._languages() else "",
            timezone=chosen_zone(form, publication),
            names=names,
            titles=titles(publication),
            wording=shown.version,
            network=pages.network(request),
        )
