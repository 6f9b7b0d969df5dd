"""Sign up, and confirm a sign-up."""

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from newsletter.model import links
from newsletter.render.catalog import Catalog
from newsletter.web.headers import EMBEDDED, policy
from newsletter.web.public import wording
from newsletter.web.public.forms import (
    Form,
    LinkToken,
    answers,
    chosen_newsletters,
    chosen_origin,
    offered,
    titles,
)
from newsletter.web.public.offering import NAME, archived, asked_fields, newsletter_choices
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import (
    ConfirmView,
    SignUpView,
    language_choices,
    topic_choices,
)
from subscribers.consent import signing_up
from subscribers.consent.signing_up import SignUp
from subscribers.errors import InvalidAddress
from subscribers.model import Effects, EmailAddress, SignUpRequest
from subscribers.tokens import LinkClaim, Purpose

EMBEDDED_FORM = "embedded"
"""The value of the field `form` of a form on another site."""
LONGEST_ADDRESS = 254
ANSWERS = {
    "confirmed": "confirmed",
    "already": "already",
    "gone": "expired",
    "expired": "expired",
    "suppressed": "suppressed",
}
"""The message that each outcome of a confirmation shows."""


def _asked(request: Request, **fields: str) -> Form:
    """Return the origin that the address of a form names, with other fields."""
    filled = {"origin": request.query_params.get("origin", "")} | fields
    return Form({name: (value,) for name, value in filled.items()})


def sign_up_view(
    pages: Pages,
    catalog: Catalog,
    newsletters: frozenset[str] = frozenset(),
    topics: frozenset[str] = frozenset(),
) -> SignUpView:
    """Return the form with these newsletters and topics selected."""
    with pages.app.reader.connect() as connection:
        choices = newsletter_choices(
            connection, pages.publication, newsletters, catalog, pages.app.now()
        )
    return SignUpView(
        problem="",
        address="",
        newsletters=choices,
        fields=asked_fields(pages.publication, catalog),
        topics=topic_choices(pages.publication, topics, catalog.language),
        languages=language_choices(pages.app.templates.catalogs.languages, catalog.language),
        wording=wording.consent_wording(pages.app, catalog),
        base=pages.publication.url.rstrip("/"),
        challenge=None,
    )


class SignUpPages:
    """The pages on which a subscription begins."""

    def __init__(self, pages: Pages) -> None:
        """Take the base of the public pages."""
        self._pages = pages

    def form(self, request: Request) -> HTMLResponse:
        """Show the sign-up form."""
        return self._form(self._pages.catalog(request), "sign_up", form=_asked(request))

    def embedded(self, request: Request) -> HTMLResponse:
        """Show the form alone, for a frame on another site's page."""
        asked = _asked(request, form=EMBEDDED_FORM)
        answer = self._form(self._pages.catalog(request), "embed", form=asked)
        answer.headers["Content-Security-Policy"] = EMBEDDED
        return answer

    def snippet(self, request: Request) -> Response:
        """Return the form as plain HTML, to be copied into a page of another site."""
        asked = _asked(request, newsletter=request.query_params.get("newsletter", ""))
        view = self._view(self._pages.catalog(request), asked)
        html = self._pages.fragment("snippet", self._pages.catalog(request), view)
        return PlainTextResponse(html)

    def submit(self, request: Request, form: Form) -> Response:
        """Accept a sign-up. A known, unknown or suppressed address gets the same answer."""
        pages = self._pages
        catalog = pages.catalog(request, form.first("language"))
        newsletters = chosen_newsletters(form, pages.publication)
        if form.first("quiet"):  # only a script fills in a field that people don't see
            return self._thanks(catalog)
        try:
            address = EmailAddress.parse(form.first("address"))
        except InvalidAddress as error:
            return self._form(catalog, "sign_up", problem=error.word, form=form)
        given = answers(form, pages.publication)
        if problem := self._missing(form, newsletters, given):
            return self._form(catalog, "sign_up", problem=problem, form=form)
        shown = wording.consent_wording(pages.app, catalog)
        topics = offered(pages.publication, catalog.language)
        sign_up = SignUp(
            address=address,
            titles=newsletters,
            topics=tuple(slug for slug in topics if slug in form.all("topic")),
            language=catalog.language,
            source=self._source(form),
            wording=shown.version,
            network=pages.network(request),
            name=given.pop(NAME, ""),
            answers=given,
        )
        pages.act(lambda connection: self._sign_up(connection, sign_up, shown))
        return self._thanks(catalog)

    def thanks(self, request: Request) -> HTMLResponse:
        """Ask the person to check their inbox; whether an email was sent is not disclosed."""
        return self._pages.message(self._pages.catalog(request), "signed_up", ["spam"])

    def requested(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Show what a confirmation link confirms. Only the button confirms it: scanners follow links."""
        pages = self._pages
        claim = pages.claim(token, Purpose.CONFIRM)
        if claim is None:
            return pages.incomplete(request)
        with pages.app.reader.connect() as connection:
            found = signing_up.requested(connection, claim)
        catalog = pages.catalog(request, found.language if found else "")
        if found is None:
            return self._answer(catalog, "expired", claim)
        if found.confirmed_at is not None:
            return self._answer(catalog, "already", claim)
        if claim.expired(pages.app.now()):
            return self._answer(catalog, "expired", claim)
        return self._ask(found, catalog)

    def confirm(self, request: Request, token: LinkToken) -> HTMLResponse:
        """Confirm a sign-up."""
        pages = self._pages
        claim = pages.claim(token, Purpose.CONFIRM)
        if claim is None:
            return pages.incomplete(request)
        with pages.app.reader.connect() as connection:
            found = signing_up.requested(connection, claim)
        effects = pages.act(
            lambda connection: signing_up.confirm(
                connection,
                claim,
                offered(pages.publication, pages.publication.language),
                network=pages.network(request),
                rules=pages.rules(),
            )
        )
        catalog = pages.catalog(request, found.language if found else "")
        newsletters = found.newsletters if found else ()
        name = ANSWERS[effects.outcome]
        return self._answer(catalog, name, claim, newsletters[0] if newsletters else "")

    def _sign_up(
        self, connection: sa.Connection, sign_up: SignUp, shown: wording.Wording
    ) -> Effects:
        wording.keep(connection, shown, self._pages.app)
        return signing_up.sign_up(connection, sign_up, self._pages.rules())

    def _form(
        self, catalog: Catalog, name: str, *, problem: str = "", form: Form | None = None
    ) -> HTMLResponse:
        """Show the form. After a mistake the address and the choices stay as they were."""
        view = self._view(catalog, form, problem)
        answer = self._pages.page(name, catalog, view, status=422 if problem else 200)
        if view.challenge is not None:
            answer.headers["Content-Security-Policy"] = policy(script_src="'self'")
        return answer

    def _view(self, catalog: Catalog, form: Form | None, problem: str = "") -> SignUpView:
        pages = self._pages
        newsletters = form.all("newsletter") if form else frozenset()
        topics = form.all("topic") if form else frozenset()
        typed = answers(form, pages.publication) if form else {}
        view = sign_up_view(pages, catalog, newsletters, topics)
        return replace(
            view,
            fields=tuple(replace(field, value=typed.get(field.key, "")) for field in view.fields),
            problem=problem,
            address=form.first("address")[:LONGEST_ADDRESS] if form else "",
            challenge=pages.challenges.new() if problem == "proof" else None,
            past_issues=bool(archived(pages.publication)),
            origin=chosen_origin(form.first("origin"), pages.publication) if form else "",
            embedded=form is not None and form.first("form") == EMBEDDED_FORM,
        )

    def _source(self, form: Form) -> str:
        """Return what the proof of consent says about where the reader agreed."""
        page = "embedded form" if form.first("form") == EMBEDDED_FORM else "sign-up page"
        origin = chosen_origin(form.first("origin"), self._pages.publication)
        return f"{page}: {origin}" if origin else page

    def _missing(self, form: Form, newsletters: Mapping[str, str], given: Mapping[str, str]) -> str:
        """Name what a sign-up lacks, or return ""."""
        if not newsletters:
            return "newsletter"
        if any(
            field.required and field.key not in given for field in self._pages.publication.fields
        ):
            return "field"
        if form.first("agree") != "yes":
            return "agree"
        return "" if self._proven(form) else "proof"

    def _proven(self, form: Form) -> bool:
        """Return whether a sign-up may go on: without an answer to a challenge if all is quiet."""
        answers = (form.first(name) for name in ("challenge", "address", "proof", "answer"))
        return not self._pages.is_wave() or self._pages.challenges.solved(*answers)

    def _thanks(self, catalog: Catalog) -> Response:
        return RedirectResponse(f"/signed-up?lang={catalog.language}", status_code=303)

    def _ask(self, found: SignUpRequest, catalog: Catalog) -> HTMLResponse:
        publication = self._pages.publication
        known = titles(publication)
        topics = offered(publication, catalog.language)
        given = {**found.answers, **({NAME: found.name} if found.name else {})}
        view = ConfirmView(
            titles=tuple(known.get(key, key) for key in found.newsletters),
            topics=tuple(topics[slug].name for slug in found.topics if slug in topics),
            answers=tuple(
                (field.label, given[field.key])
                for field in asked_fields(publication, catalog)
                if field.key in given
            ),
            requested_on=catalog.date(found.at),
            again=found.leads_back,
        )
        return self._pages.page("confirm", catalog, view)

    def _answer(
        self, catalog: Catalog, name: str, claim: LinkClaim, newsletter: str = ""
    ) -> HTMLResponse:
        pages = self._pages
        if name == "expired":
            return pages.message(catalog, name, status=410, sign_up="/")
        if name != "confirmed":
            return pages.message(catalog, name)
        token = pages.app.signer.mint(claim.subscriber_id, newsletter, Purpose.ISSUE)
        return pages.message(catalog, name, preferences=links.preferences("", token))
