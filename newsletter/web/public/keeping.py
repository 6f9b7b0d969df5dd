"""Keep a newsletter: the page behind the question whether a reader still wants it."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse

from newsletter.model import links
from newsletter.usecases import reengaging
from newsletter.web.public.forms import LinkToken, titles
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import View
from subscribers.tokens import Purpose


@dataclass(frozen=True, slots=True)
class KeepView(View):
    """The question, with links to what else a reader may want to do."""

    title: str
    preferences: str
    unsubscribe: str


class KeepPages:
    """The pages on which a reader says that they still want a newsletter."""

    def __init__(self, pages: Pages) -> None:
        """Take the base of the public pages."""
        self._pages = pages

    def page(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Ask. Only the button answers: scanners follow links."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        if claim is None:
            return pages.incomplete(request)
        view = KeepView(
            title=titles(pages.publication).get(claim.newsletter, pages.publication.name),
            preferences=links.preferences("", token),
            unsubscribe=links.unsubscribe("", token),
        )
        catalog = pages.personal_catalog(request, pages.person(claim), claim.newsletter)
        return pages.page("keep", catalog, view)

    def keep(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Keep the subscription, and resume it if it was paused for lack of an answer."""
        pages = self._pages
        claim = pages.claim(token, Purpose.ISSUE)
        if claim is None:
            return pages.incomplete(request)
        done = reengaging.keep(pages.app.context, claim.subscriber_id, claim.newsletter)
        catalog = pages.personal_catalog(request, pages.person(claim), claim.newsletter)
        if done.outcome == "gone":
            return pages.message(catalog, "not_subscribed", sign_up="/")
        return pages.message(catalog, "kept", preferences=links.preferences("", token))
