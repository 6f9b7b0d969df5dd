"""Preferences, by the link in any mail, without a password."""

import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.model import links
from newsletter.model.vocabulary import topic_names
from newsletter.store.people import received
from newsletter.web.public import wording
from newsletter.web.public.forms import PAUSES, Form, offered, titles, wishes
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import language_choices, standings, topic_choices
from subscribers.consent import choosing, rights
from subscribers.consent.choosing import Preferences
from subscribers.model import Effects, Frequency, Subscriber, slug
from subscribers.tokens import LinkClaim, Purpose

SAID = {
    "1": "Saved.",
    "3": "Saved. We have already written to you about what you added: confirm it in that mail, or try again tomorrow.",
    "2": "Saved. A mail about what you added is on its way to you: confirm it there.",
}


class Choosing:
    """The page on which people say what they want."""

    def __init__(self, pages: Pages) -> None:
        """Take the common ground."""
        self._pages = pages

    def page(self, request: Request, token: str) -> HTMLResponse:
        """Show what somebody gets, why, and what can be changed."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        person = pages.person(claim) if claim else None
        if claim is None or person is None:
            return pages.broken(request)
        words = pages.words(request, *self._languages(person, claim))
        now = pages.app.now()
        with pages.app.reader.connect() as connection:
            arrivals = {
                one.newsletter: received.lately(connection, one.newsletter, person.id, now)
                for one in person.subscriptions
            }
        publication = pages.publication
        return pages.page(
            "preferences",
            words,
            said=words.say(SAID.get(request.query_params.get("saved", ""), "")),
            blocked=person.suppressed is not None,
            standings=standings(publication, person, arrivals, words, now),
            topics=topic_choices(publication, person.slugs, words.language),
            languages=language_choices(pages.app.templates.words.languages, words.language),
            frequencies=[one.value for one in Frequency],
            pauses=PAUSES,
            count=words.count,
            leave=links.leave("", token),
            data=f"{links.preferences('', token)}/data",
        )

    def save(self, request: Request, token: str, form: Form) -> Response:
        """Carry out what was set; what is added is asked about by mail."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        person = pages.person(claim) if claim else None
        if claim is None or person is None:
            return pages.broken(request)
        if form.one("form") != "preferences":
            return self.page(request, token)
        words = pages.words(request, *self._languages(person, claim))
        agreed = wording.consent_wording(pages.app, words)
        wanted = self._wishes(request, form, agreed)
        effects = pages.act(lambda connection: self._choose(connection, person, wanted, agreed))
        said = {"saved and asked": "2", "saved, asked before": "3"}.get(effects.outcome, "1")
        return RedirectResponse(f"{links.preferences('', token)}?saved={said}", status_code=303)

    def mail_link(self, request: Request, token: str) -> HTMLResponse:
        """Mail a single-use link to the address on file: issues get forwarded, mailboxes do not."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        person = pages.person(claim) if claim else None
        if claim is None or person is None:
            return pages.broken(request)
        pages.act(lambda connection: self._mail(connection, person))
        return pages.message(
            pages.words(request, *self._languages(person, claim)),
            "Look into your mailbox",
            "A link is on its way to the address on file. It works once, for an hour.",
            preferences=links.preferences("", token),
        )

    def _mail(self, connection: sa.Connection, person: Subscriber) -> Effects:
        return rights.mail_link(connection, person, self._pages.app.now())

    def _choose(
        self,
        connection: sa.Connection,
        person: Subscriber,
        wanted: Preferences,
        agreed: wording.Wording,
    ) -> Effects:
        wording.keep(connection, agreed, self._pages.app)
        return choosing.choose(connection, person, wanted, self._pages.rules())

    def _wishes(self, request: Request, form: Form, agreed: wording.Wording) -> Preferences:
        pages = self._pages
        publication = pages.publication
        language = form.one("language")
        return Preferences(
            follows=form.all("topic"),
            offered=offered(publication, publication.language),
            newsletters=wishes(form, publication),
            language=language if language in pages.app.templates.words.languages else "",
            names={slug(one.slug): topic_names(one) for one in publication.topics},
            titles=titles(publication),
            wording=agreed.version,
            network=pages.network(request),
        )

    def _languages(self, person: Subscriber, claim: LinkClaim) -> tuple[str, ...]:
        newsletter = self._pages.publication.newsletter(claim.newsletter)
        known = (person.language, newsletter.language if newsletter else "")
        return tuple(one for one in known if one)
