"""Leaving: a page whose GET changes nothing, and the one click of RFC 8058."""

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from newsletter.model import links
from newsletter.web.public.forms import Form, titles
from newsletter.web.public.pages import Pages
from subscribers.consent import unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.model import Subscriber, SubscriptionState
from subscribers.tokens import LinkClaim, Purpose


class Leaving:
    """The pages on which a subscription ends."""

    def __init__(self, pages: Pages) -> None:
        """Take the common ground."""
        self._pages = pages

    def page(self, request: Request, token: str) -> HTMLResponse:
        """Show what can be left, with a button for it."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        if claim is None:
            return pages.broken(request)
        person = pages.person(claim)
        words = pages.words(request, *self._languages(person, claim))
        confirmed = _present(person)
        if claim.newsletter and claim.newsletter not in confirmed and not confirmed:
            return self._left(request, person, claim, token)
        return pages.page(
            "leave",
            words,
            title=self._title(claim),
            here=claim.newsletter in confirmed,
            others=[titles(pages.publication).get(key, key) for key in confirmed],
            preferences=links.preferences("", token),
        )

    def leave(self, request: Request, token: str, form: Form) -> Response:
        """Leave; answers 200 whether or not there was still something to leave."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        one_click = form.one("List-Unsubscribe").casefold() == "one-click"
        if claim is None:
            return _plain("This link is not complete.", 404) if one_click else pages.broken(request)
        everything = form.one("scope") == "all" or not claim.newsletter
        farewell = Unsubscribe(
            None if everything else claim.newsletter,
            "one click" if one_click else "page",
            form.one("reason"),
            None if one_click else titles(pages.publication),
        )
        pages.act(
            lambda connection: unsubscribing.unsubscribe(
                connection,
                claim.subscriber_id,
                farewell,
                pepper=pages.app.settings.pepper,
                now=pages.app.now(),
            )
        )
        if one_click:
            return _plain("You have left.")
        return self._left(request, pages.person(claim), claim, token)

    def _left(
        self, request: Request, person: Subscriber | None, claim: LinkClaim, token: str
    ) -> HTMLResponse:
        pages = self._pages
        words = pages.words(request, *self._languages(person, claim))
        known = titles(pages.publication)
        return pages.page(
            "left",
            words,
            title=self._title(claim),
            others=[known.get(key, key) for key in _present(person)],
            back=person is not None,
            preferences=links.preferences("", token),
        )

    def _title(self, claim: LinkClaim) -> str:
        publication = self._pages.publication
        return titles(publication).get(claim.newsletter, claim.newsletter) or publication.name

    def _languages(self, person: Subscriber | None, claim: LinkClaim) -> tuple[str, ...]:
        newsletter = self._pages.publication.newsletter(claim.newsletter)
        known = (person.language if person else "", newsletter.language if newsletter else "")
        return tuple(one for one in known if one)


def _present(person: Subscriber | None) -> list[str]:
    """Return the newsletters that somebody gets or waits for."""
    if person is None:
        return []
    return [
        one.newsletter
        for one in person.subscriptions
        if one.state is not SubscriptionState.UNSUBSCRIBED
    ]


def _plain(text: str, status: int = 200) -> PlainTextResponse:
    return PlainTextResponse(text + "\n", status_code=status)
