"""The rule of every route, found where the route declares it."""

from collections.abc import Iterator

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute

from newsletter.errors import NewsletterError, NotFound
from newsletter.web.desk.access import OPEN
from newsletter.web.desk.gate import Explanation, Gate, RouteRule, TurnedAway
from newsletter.web.desk.planning.pages import FEED
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.desk.signing_in.pages import ASK
from newsletter.web.desk.signing_in.passkeys import ENTER, SCRIPT
from newsletter.web.health import PATHS
from subscribers.errors import SubscribersError

_FILES = ("/paper.css", "/desk.css", "/live.js", "/edit.js")
FOR_EVERYONE = (OPEN, ASK, ENTER, SCRIPT, FEED, *PATHS, *_FILES)
"""How the paths begin that need no session."""


def rules(site: FastAPI) -> Iterator[tuple[str, str, RouteRule | None]]:
    """Yield path, method and rule of every route; None is for everyone.

    Raises TypeError for anything that may contain routes whose rules cannot be seen here.
    """
    for route in site.routes:
        if not isinstance(route, APIRoute):
            msg = f"{route!r} is not a single route"
            raise TypeError(msg)
        rule = next(_declared(route.dependant), None)
        yield from ((route.path, method, rule) for method in sorted(route.methods or ()))


def _declared(dependant: Dependant) -> Iterator[RouteRule]:
    for inner in dependant.dependencies:
        rule: object = inner.call
        if isinstance(rule, RouteRule):
            yield rule


def refuse_unruled(site: FastAPI) -> None:
    """Raise RuntimeError if a route does not say who may use it: it would be open to everyone."""
    for path, method, rule in rules(site):
        if rule is None and not path.startswith(FOR_EVERYONE):
            msg = f"{method} {path} requires no role"
            raise RuntimeError(msg)


def answer_refusals(site: FastAPI, shell: Shell) -> None:
    """Answer what is not admitted, and what a use case refuses, with a page that says why."""

    def turned_away(_request: Request, error: Exception) -> Response:
        if not isinstance(error, TurnedAway):
            raise error
        return error.answer

    def refused(request: Request, error: Exception) -> Response:
        gate: Gate = request.app.state.gate
        visitor = gate.visitor(request)
        catalog = shell.catalog(visitor)
        title = catalog.text("desk.refused.title")
        view = Explanation(_sentence(catalog.error(error)))
        status = 404 if isinstance(error, NotFound) else 409
        return shell.page("explanation", Heading("", title), view, visitor, status=status)

    site.add_exception_handler(TurnedAway, turned_away)
    for kind in (NewsletterError, SubscribersError):
        site.add_exception_handler(kind, refused)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
