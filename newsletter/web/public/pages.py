"""What every public page needs: words, tokens, one transaction, one layout."""

from collections.abc import Callable

import sqlalchemy as sa
from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse

from newsletter.app import App
from newsletter.model.publication import Publication
from newsletter.render.words import Words
from newsletter.store.people import intents
from newsletter.store.people.erasure import erase_elsewhere
from newsletter.web.guard import network
from subscribers import directory
from subscribers.consent.signing_up import Rules, SignUpLimits
from subscribers.model import Effects, Subscriber
from subscribers.tokens import LinkClaim, Purpose


class Pages:
    """The public pages' common ground over one opened publication."""

    def __init__(self, app: App) -> None:
        """Take the opened publication."""
        self.app = app
        self.limits = SignUpLimits()

    @property
    def publication(self) -> Publication:
        """Return what the pages are about."""
        return self.app.publication

    def rules(self) -> Rules:
        """Return what a sign-up is measured by, now."""
        return Rules(self.limits, self.app.settings.pepper, self.app.now())

    def network(self, request: Request) -> str:
        """Return the network that a request comes from."""
        return network(request, self.app.settings.trusted_proxies)

    def words(self, request: Request, *known: str) -> Words:
        """Return the words to use: as the address asks, as is known, as the browser prefers."""
        asked = [request.query_params.get("lang", "")[:20], *known]
        if not any(known):
            asked += _accepted(request.headers.get("accept-language", ""))
        catalogues = self.app.templates.words
        usable = [one for one in asked if one and one.split("-")[0] in catalogues.languages]
        return catalogues.of(*usable, self.publication.language)

    def page(self, name: str, words: Words, *, status: int = 200, **values: object) -> HTMLResponse:
        """Render one page in the words of a language."""
        locale = Locale.parse(words.language.replace("-", "_"))
        content = self.app.templates.page(
            f"public/{name}",
            publication=self.publication,
            language=words.language,
            direction=locale.text_direction,
            say=words.say,
            **values,
        )
        return HTMLResponse(content, status_code=status)

    def claim(self, token: str, *purposes: Purpose) -> LinkClaim | None:
        """Return what a token of one of these purposes says; asks no database."""
        claim = self.app.signer.read(token)
        return claim if claim is not None and claim.purpose in purposes else None

    def person(self, claim: LinkClaim) -> Subscriber | None:
        """Return whom a token is about, if we still know them."""
        with self.app.reader.connect() as connection:
            return directory.load(connection, claim.subscriber_id)

    def act(self, do: Callable[[sa.Connection], Effects]) -> Effects:
        """Carry out an act and what follows from it in one transaction."""
        with self.app.engine.begin() as connection:
            effects = do(connection)
            intents.carry_out(connection, effects, self.app.journal, now=self.app.now())
        erase_elsewhere(self.app.engine, self.app.settings.outbox, effects.erased)
        return effects

    def broken(self, request: Request) -> HTMLResponse:
        """Say that a link is not whole."""
        words = self.words(request)
        return self.message(
            words,
            "This link is not complete",
            "Open it from the mail once more. If that does not help, write to us.",
            status=404,
        )

    def message(
        self, words: Words, title: str, *says: str, status: int = 200, **links: str
    ) -> HTMLResponse:
        """Show a page of a title and a few sentences, all of them words of the catalogue."""
        sentences = [words.say(one) for one in says]
        return self.page(
            "message",
            words,
            status=status,
            title=words.say(title),
            says=sentences,
            links={"preferences": "", "sign_up": ""} | links,
        )


def _accepted(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, most wanted first."""
    found: list[tuple[float, str]] = []
    for part in header[:200].split(","):
        language, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        try:
            found.append((-float(weight or "1"), language))
        except ValueError:
            continue
    return [language for _weight, language in sorted(found, key=lambda one: one[0])]
