"""What every public page needs: a catalog, the link's claim, one transaction, one layout."""

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse

from newsletter.app import App
from newsletter.model.publication import Publication
from newsletter.render.catalog import Catalog
from newsletter.send.testsend import NO_SUBSCRIBER
from newsletter.usecases import people
from newsletter.web.origin import network
from newsletter.web.public.challenge import Challenges
from newsletter.web.public.views import MessageView, View
from subscribers import directory
from subscribers.consent import signing_up
from subscribers.consent.limits import SignUpLimits, is_wave
from subscribers.consent.signing_up import Rules
from subscribers.model import Effects, Subscriber
from subscribers.tokens import LinkClaim, Purpose


class Pages:
    """The base of the public pages over one opened publication."""

    def __init__(self, app: App) -> None:
        """Take the opened publication."""
        self.app = app
        self.limits = SignUpLimits()
        self.challenges = Challenges(app.settings.secret_keys[0], app.now, app.new_id)

    @property
    def publication(self) -> Publication:
        """Return the publication whose pages these are."""
        return self.app.publication

    def rules(self) -> Rules:
        """Return the limits of a sign-up, as of now."""
        return Rules(self.limits, self.app.settings.pepper, self.app.now())

    def is_wave(self) -> bool:
        """Return whether an unusual number of sign-ups stays unconfirmed right now."""
        with self.app.reader.connect() as connection:
            return is_wave(signing_up.traffic(connection, self.app.now()))

    def network(self, request: Request) -> str:
        """Return the network that a request comes from."""
        return network(request, self.app.settings.trusted_proxies)

    def catalog(self, request: Request, *known: str) -> Catalog:
        """Return the catalog to use: as the address asks, else as known, else as the browser asks."""
        wanted = [request.query_params.get("lang", "")[:20], *known]
        if not any(known):
            wanted += _accepted(request.headers.get("accept-language", ""))
        catalogs = self.app.templates.catalogs
        usable = [tag for tag in wanted if tag and tag.split("-")[0] in catalogs.languages]
        return catalogs.of(*usable, self.publication.language)

    def personal_catalog(
        self, request: Request, person: Subscriber | None, newsletter_key: str = ""
    ) -> Catalog:
        """Return the catalog for a person: in their language, else in the newsletter's."""
        newsletter = self.publication.newsletter(newsletter_key)
        known = (person.language if person else "", newsletter.language if newsletter else "")
        return self.catalog(request, *filter(None, known))

    def page(self, name: str, catalog: Catalog, view: View, *, status: int = 200) -> HTMLResponse:
        """Render one page in the language of a catalog."""
        return HTMLResponse(self.fragment(name, catalog, view), status_code=status)

    def fragment(self, name: str, catalog: Catalog, view: View) -> str:
        """Render a page, or a part of one, in the language of a catalog."""
        locale = Locale.parse(catalog.language.replace("-", "_"))
        return self.app.templates.page(
            f"public/{name}",
            publication=self.publication,
            language=catalog.language,
            direction=locale.text_direction,
            text=catalog.text,
            count=catalog.count,
            view=view,
        )

    def claim(self, token: str, *purposes: Purpose) -> LinkClaim | None:
        """Return what a token of one of these purposes claims, without a query."""
        claim = self.app.signer.read(token)
        return claim if claim is not None and claim.purpose in purposes else None

    def person(self, claim: LinkClaim) -> Subscriber | None:
        """Return the subscriber of a claim, if they still exist."""
        with self.app.reader.connect() as connection:
            return directory.load(connection, claim.subscriber_id)

    def act(self, do: Callable[[sa.Connection], Effects]) -> Effects:
        """Do an act and its effects in one transaction."""
        return people.carry_out(self.app.context, do)

    def incomplete(self, request: Request) -> HTMLResponse:
        """Answer a link that was cut off or changed, or one of a test send."""
        of_a_test = request.path_params.get("token") == NO_SUBSCRIBER
        status = 200 if of_a_test else 404
        return self.message(self.catalog(request), "incomplete", status=status)

    def message(
        self,
        catalog: Catalog,
        name: str,
        more: Iterable[str] = (),
        *,
        status: int = 200,
        preferences: str = "",
        sign_up: str = "",
    ) -> HTMLResponse:
        """Show the texts `message.NAME.title` and `message.NAME.text`, and `more` of that message."""
        sentences = tuple(catalog.text(f"message.{name}.{part}") for part in ("text", *more))
        view = MessageView(
            title=catalog.text(f"message.{name}.title"),
            sentences=sentences,
            preferences=preferences,
            sign_up=sign_up,
        )
        return self.page("message", catalog, view, status=status)


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
    return [language for _weight, language in sorted(found, key=lambda pair: pair[0])]
