"""Download, change of address and deletion, by a single-use link."""

import json

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from newsletter.render.catalog import Catalog
from newsletter.store.people import personal
from newsletter.web.public.forms import Form, LinkToken
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import DataView, TakeAddressView
from subscribers.consent import rights
from subscribers.errors import InvalidAddress
from subscribers.model import EmailAddress
from subscribers.tokens import LinkClaim, Purpose


class DataPages:
    """The pages behind a newly emailed single-use link."""

    def __init__(self, pages: Pages) -> None:
        """Take the base of the public pages."""
        self._pages = pages

    def page(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Show what the link can do. Looking at the page doesn't use the link up."""
        pages = self._pages
        claim = pages.claim(token, Purpose.MANAGE, Purpose.ADDRESS)
        if claim is None:
            return pages.incomplete(request)
        with pages.app.reader.connect() as connection:
            link = rights.open_link(connection, claim, pages.app.now())
        if link is None:
            return self._used(request, claim)
        catalog = self._catalog(request, claim)
        if claim.purpose is Purpose.MANAGE:
            return pages.page("manage", catalog, DataView())
        view = TakeAddressView(str(link.detail.get("address", "")))
        return pages.page("take_address", catalog, view)

    def act(self, request: Request, token: LinkToken, form: Form) -> Response:
        """Do one of the acts, which uses the link up."""
        claim = self._pages.claim(token, Purpose.MANAGE, Purpose.ADDRESS)
        if claim is None:
            return self._pages.incomplete(request)
        if claim.purpose is Purpose.ADDRESS:
            return self._take_address(request, claim)
        match form.first("act"):
            case "export":
                answer: Response = self._export(request, claim)
            case "address":
                answer = self._change_address(request, claim, form.first("address"))
            case "erase" if form.first("sure") == "yes":
                answer = self._erase(request, claim)
            case _:
                answer = self.page(request, token)
        return answer

    def _export(self, request: Request, claim: LinkClaim) -> Response:
        pages = self._pages
        with pages.app.engine.begin() as connection:
            subscriber = rights.export_all(connection, claim, pages.app.now())
            records = personal.of(connection, claim.subscriber_id)
        if subscriber is None:
            return self._used(request, claim)
        return Response(
            json.dumps(subscriber | records, ensure_ascii=False, indent=2),
            media_type="application/json; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="your-data.json"'},
        )

    def _erase(self, request: Request, claim: LinkClaim) -> Response:
        pages = self._pages
        catalog = self._catalog(request, claim)  # before the person, and their language, is erased
        effects = pages.act(
            lambda connection: rights.erase(
                connection, claim, pepper=pages.app.settings.pepper, now=pages.app.now()
            )
        )
        if effects.outcome == "gone":
            return self._used(request, claim)
        return pages.message(catalog, "deleted")

    def _change_address(self, request: Request, claim: LinkClaim, text: str) -> Response:
        pages = self._pages
        catalog = self._catalog(request, claim)
        try:
            address = EmailAddress.parse(text)
        except InvalidAddress as error:
            return pages.page("manage", catalog, DataView(problem=error.word), status=422)
        effects = pages.act(
            lambda connection: rights.change_address(connection, claim, address, pages.rules())
        )
        if effects.outcome == "gone":
            return self._used(request, claim)
        return pages.message(catalog, "address_asked")

    def _take_address(self, request: Request, claim: LinkClaim) -> Response:
        pages = self._pages
        catalog = self._catalog(request, claim)
        effects = pages.act(
            lambda connection: rights.take_address(
                connection, claim, pepper=pages.app.settings.pepper, now=pages.app.now()
            )
        )
        match effects.outcome:
            case "changed":
                return pages.message(catalog, "address_changed")
            case "taken":
                return pages.message(catalog, "address_taken")
            case _:
                return self._used(request, claim)

    def _used(self, request: Request, claim: LinkClaim) -> HTMLResponse:
        return self._pages.message(self._catalog(request, claim), "used", status=410)

    def _catalog(self, request: Request, claim: LinkClaim) -> Catalog:
        return self._pages.personal_catalog(request, self._pages.person(claim))
