"""Signing up, and confirming it."""

import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.model import links
from newsletter.render.words import Words
from newsletter.web.public import wording
from newsletter.web.public.forms import Form, chosen_newsletters, offered, titles
from newsletter.web.public.pages import Pages
from newsletter.web.public.views import language_choices, topic_choices
from subscribers.consent import signing_up
from subscribers.consent.signing_up import SignUp
from subscribers.errors import InvalidAddress
from subscribers.model import Effects, EmailAddress, SignUpRequest
from subscribers.tokens import LinkClaim, Purpose

FRAMED = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *"
)


class Joining:
    """The pages on which a subscription begins."""

    def __init__(self, pages: Pages) -> None:
        """Take the common ground."""
        self._pages = pages

    def form(self, request: Request) -> HTMLResponse:
        """Show the sign-up form."""
        return self._form(self._pages.words(request), "sign_up")

    def embedded(self, request: Request) -> HTMLResponse:
        """Show the form alone, for a frame on somebody else's page."""
        answer = self._form(self._pages.words(request), "embed")
        answer.headers["Content-Security-Policy"] = FRAMED
        return answer

    def submit(self, request: Request, form: Form) -> Response:
        """Take a sign-up; whoever is known or not, blocked or not, gets the same answer."""
        pages = self._pages
        words = pages.words(request, form.one("language"))
        wanted = chosen_newsletters(form, pages.publication)
        if form.one("quiet"):
            return self._thanks(words)
        try:
            address = EmailAddress.parse(form.one("address"))
        except InvalidAddress as error:
            return self._form(words, "sign_up", problem=error.word, form=form)
        if not wanted or form.one("agree") != "yes":
            missing = "agree" if wanted else "newsletter"
            return self._form(words, "sign_up", problem=missing, form=form)
        said = wording.consent_wording(pages.app, words)
        topics = offered(pages.publication, words.language)
        asked = SignUp(
            address=address,
            titles=wanted,
            topics=tuple(slug for slug in topics if slug in form.all("topic")),
            language=words.language,
            source="embedded form" if form.one("form") == "embedded" else "sign-up page",
            wording=said.version,
            network=pages.network(request),
        )
        pages.act(lambda connection: self._sign_up(connection, asked, said))
        return self._thanks(words)

    def thanks(self, request: Request) -> HTMLResponse:
        """Say that a mail is on its way, if it is."""
        return self._pages.message(
            self._pages.words(request),
            "One more step",
            "If the address is right, a mail is on its way to it. Open it and confirm.",
            "No mail after a few minutes? Look in your spam folder. We write once a day at most.",
        )

    def asked(self, request: Request, token: str) -> HTMLResponse:
        """Show what a confirmation link confirms, with a button: only a person presses it."""
        pages = self._pages
        claim = pages.claim(token, Purpose.CONFIRM)
        if claim is None:
            return pages.broken(request)
        with pages.app.reader.connect() as connection:
            found = signing_up.requested(connection, claim)
        words = pages.words(request, found.language if found else "")
        if found is None:
            return self._answer(words, "gone", claim)
        if found.confirmed_at is not None:
            return self._answer(words, "already", claim)
        if claim.expired(pages.app.now()):
            return self._answer(words, "expired", claim)
        return self._ask(found, words)

    def confirm(self, request: Request, token: str) -> HTMLResponse:
        """Confirm a sign-up."""
        pages = self._pages
        claim = pages.claim(token, Purpose.CONFIRM)
        if claim is None:
            return pages.broken(request)
        with pages.app.reader.connect() as connection:
            found = signing_up.requested(connection, claim)
        words = pages.words(request, found.language if found else "")
        effects = pages.act(
            lambda connection: signing_up.confirm(
                connection,
                claim,
                offered(pages.publication, pages.publication.language),
                network=pages.network(request),
                rules=pages.rules(),
            )
        )
        newsletters = found.newsletters if found else ()
        return self._answer(words, effects.outcome, claim, newsletters[0] if newsletters else "")

    def _sign_up(self, connection: sa.Connection, asked: SignUp, said: wording.Wording) -> Effects:
        wording.keep(connection, said, self._pages.app)
        return signing_up.sign_up(connection, asked, self._pages.rules())

    def _form(
        self, words: Words, name: str, *, problem: str = "", form: Form | None = None
    ) -> HTMLResponse:
        """Show the form; after a mistake the boxes stay ticked, the address is typed again."""
        pages = self._pages
        ticked = form.all("newsletter") if form else frozenset()
        topics = form.all("topic") if form else frozenset()
        return pages.page(
            name,
            words,
            status=422 if problem else 200,
            problem=problem,
            newsletters=[(one, one.key in ticked) for one in pages.publication.newsletters],
            topics=topic_choices(pages.publication, topics, words.language),
            languages=language_choices(pages.app.templates.words.languages, words.language),
            wording=wording.consent_wording(pages.app, words),
            base=pages.publication.url.rstrip("/"),
        )

    def _thanks(self, words: Words) -> Response:
        return RedirectResponse(f"/signed-up?lang={words.language}", status_code=303)

    def _ask(self, found: SignUpRequest, words: Words) -> HTMLResponse:
        publication = self._pages.publication
        known = titles(publication)
        topics = offered(publication, words.language)
        return self._pages.page(
            "confirm",
            words,
            titles=[known.get(key, key) for key in found.newsletters],
            topics=[topics[slug].name for slug in found.topics if slug in topics],
            asked_on=words.date(found.at),
            back=found.leads_back,
        )

    def _answer(
        self, words: Words, word: str, claim: LinkClaim, newsletter: str = ""
    ) -> HTMLResponse:
        pages = self._pages
        status = {"gone": 410, "expired": 410}.get(word, 200)
        token = pages.app.signer.mint(claim.subscriber_id, newsletter, Purpose.ISSUE)
        shown = {}
        if word == "confirmed":
            shown["preferences"] = links.preferences("", token)
        elif status != 200:  # noqa: PLR2004 - all is well
            shown["sign_up"] = "/"
        return pages.message(words, *_ANSWERS[word], status=status, **shown)


_ANSWERS = {
    "confirmed": ("Welcome", "You are subscribed. The next issue comes to you."),
    "already": ("You are subscribed", "This was confirmed before; there is nothing more to do."),
    "expired": ("This link is too old", "Please sign up again; it takes a minute."),
    "gone": ("This link is too old", "Please sign up again; it takes a minute."),
    "suppressed": (
        "Not yet",
        "We cannot send mail to your address. Write to us, and we will look into it.",
    ),
}
