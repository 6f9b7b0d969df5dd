"""Unsubscribe: a page whose GET changes nothing, and one-click unsubscribe (RFC 8058)."""

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from newsletter.model import links
from newsletter.web.public.forms import Form, LinkToken, titles
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import UnsubscribedView, UnsubscribeView
from subscribers.consent import unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.model import Subscriber, SubscriptionState
from subscribers.tokens import LinkClaim, Purpose


class UnsubscribePages:
    """The pages on which a subscription ends."""

    def __init__(self, pages: Pages) -> None:
        """Take the base of the public pages."""
        self._pages = pages

    def page(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Show what the person can unsubscribe from, with a button for each."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        if claim is None:
            return pages.incomplete(request)
        person = pages.person(claim)
        present = _present(person)
        if claim.newsletter and not present:
            return self._unsubscribed(request, person, claim, token, self._title(claim))
        view = UnsubscribeView(
            title=self._title(claim),
            subscribed=claim.newsletter in present,
            titles=self._titles(present),
            preferences=links.preferences("", token),
        )
        catalog = pages.personal_catalog(request, person, claim.newsletter)
        return pages.page("unsubscribe", catalog, view)

    def unsubscribe(self, request: Request, token: LinkToken, form: Form) -> Response:
        """Unsubscribe. Answers 200 even if the person was already unsubscribed."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        one_click = form.first("List-Unsubscribe").casefold() == "one-click"
        if claim is None:
            invalid = "This unsubscribe link is incomplete."
            return _plain(invalid, 404) if one_click else pages.incomplete(request)
        everything = form.first("scope") == "all" or not claim.newsletter
        wanted = Unsubscribe(
            None if everything else claim.newsletter,
            "one click" if one_click else "page",
            form.first("reason"),
            None if one_click else titles(pages.publication),
        )
        pages.act(
            lambda connection: unsubscribing.unsubscribe(
                connection,
                claim.subscriber_id,
                wanted,
                pepper=pages.app.settings.pepper,
                now=pages.app.now(),
            )
        )
        if one_click:
            return _plain("You've unsubscribed.")
        title = pages.publication.name if everything else self._title(claim)
        return self._unsubscribed(request, pages.person(claim), claim, token, title)

    def _unsubscribed(
        self,
        request: Request,
        person: Subscriber | None,
        claim: LinkClaim,
        token: LinkToken,
        title: str,
    ) -> HTMLResponse:
        view = UnsubscribedView(
            title=title,
            remaining=self._titles(_present(person)),
            preferences=links.preferences("", token) if person else "",
        )
        catalog = self._pages.personal_catalog(request, person, claim.newsletter)
        return self._pages.page("unsubscribed", catalog, view)

    def _title(self, claim: LinkClaim) -> str:
        publication = self._pages.publication
        return titles(publication).get(claim.newsletter, claim.newsletter) or publication.name

    def _titles(self, keys: list[str]) -> tuple[str, ...]:
        known = titles(self._pages.publication)
        return tuple(known.get(key, key) for key in keys)


def _present(person: Subscriber | None) -> list[str]:
    """Return the newsletters that a person receives or has yet to confirm."""
    if person is None:
        return []
    present = (
        each for each in person.subscriptions if each.state is not SubscriptionState.UNSUBSCRIBED
    )
    return [subscription.newsletter for subscription in present]


def _plain(text: str, status: int = 200) -> PlainTextResponse:
    return PlainTextResponse(text + "\n", status_code=status)
