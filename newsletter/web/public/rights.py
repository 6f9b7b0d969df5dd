"""What is theirs by right: all that we hold, another address, erasure; by a single-use link."""

import json

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from newsletter.render.words import Words
from newsletter.store.people import personal
from newsletter.web.public.forms import Form
from newsletter.web.public.pages import Pages
from subscribers.consent import rights
from subscribers.errors import InvalidAddress
from subscribers.model import EmailAddress
from subscribers.tokens import LinkClaim, Purpose


class Rights:
    """The page behind a freshly mailed link."""

    def __init__(self, pages: Pages) -> None:
        """Take the common ground."""
        self._pages = pages

    def page(self, request: Request, token: str) -> HTMLResponse:
        """Show what the link can do; looking at it uses nothing up."""
        pages = self._pages
        claim = pages.claim(token, Purpose.MANAGE, Purpose.ADDRESS)
        if claim is None:
            return pages.broken(request)
        with pages.app.reader.connect() as connection:
            link = rights.works(connection, claim, pages.app.now())
        if link is None:
            return self._over(request, claim)
        name = "manage" if claim.purpose is Purpose.MANAGE else "take_address"
        address = str(link.detail.get("address", ""))
        return pages.page(name, self._words(request, claim), problem="", address=address)

    def act(self, request: Request, token: str, form: Form) -> Response:
        """Do one of the acts, which uses the link up."""
        claim = self._pages.claim(token, Purpose.MANAGE, Purpose.ADDRESS)
        if claim is None:
            return self._pages.broken(request)
        if claim.purpose is Purpose.ADDRESS:
            return self._take(request, claim)
        wanted = form.one("act")
        if wanted == "address":
            return self._change(request, claim, form.one("address"))
        if wanted == "erase" and form.one("sure") != "yes":
            wanted = ""
        acts = {"export": self._export, "erase": self._erase}
        return acts[wanted](request, claim) if wanted in acts else self.page(request, token)

    def _export(self, request: Request, claim: LinkClaim) -> Response:
        pages = self._pages
        with pages.app.engine.begin() as connection:
            found = rights.everything(connection, claim, pages.app.now())
            ours = personal.of(connection, claim.subscriber_id)
        if found is None:
            return self._over(request, claim)
        return Response(
            json.dumps(found | ours, ensure_ascii=False, indent=2),
            media_type="application/json; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="what-we-hold.json"'},
        )

    def _erase(self, request: Request, claim: LinkClaim) -> Response:
        pages = self._pages
        words = self._words(request, claim)
        effects = pages.act(
            lambda connection: rights.erase(
                connection, claim, pepper=pages.app.settings.pepper, now=pages.app.now()
            )
        )
        if effects.outcome == "gone":
            return self._over(request, claim)
        return pages.message(
            words,
            "You are erased",
            "We hold nothing about you any more except a code that keeps your address from coming"
            " back with a list.",
        )

    def _change(self, request: Request, claim: LinkClaim, text: str) -> Response:
        pages = self._pages
        words = self._words(request, claim)
        try:
            address = EmailAddress.parse(text)
        except InvalidAddress as error:
            return pages.page("manage", words, status=422, problem=error.word, address="")
        effects = pages.act(
            lambda connection: rights.change_address(connection, claim, address, pages.rules())
        )
        if effects.outcome == "gone":
            return self._over(request, claim)
        return pages.message(
            words,
            "One more step",
            "If the address is right, a mail is on its way to it. Open it and confirm.",
        )

    def _take(self, request: Request, claim: LinkClaim) -> Response:
        pages = self._pages
        words = self._words(request, claim)
        effects = pages.act(
            lambda connection: rights.take_address(
                connection, claim, pepper=pages.app.settings.pepper, now=pages.app.now()
            )
        )
        if effects.outcome == "changed":
            says = "From now on your mail comes to the new address."
            return pages.message(words, "Your address is changed", says)
        if effects.outcome == "taken":
            says = "This address cannot be used. Write to us, and we will look into it."
            return pages.message(words, "Not yet", says)
        return self._over(request, claim)

    def _over(self, request: Request, claim: LinkClaim) -> HTMLResponse:
        return self._pages.message(
            self._words(request, claim),
            "This link no longer works",
            "Such a link works once, for an hour. Ask for a new one on the preference page.",
            status=410,
        )

    def _words(self, request: Request, claim: LinkClaim) -> Words:
        person = self._pages.person(claim)
        return self._pages.words(request, *([person.language] if person else []))
