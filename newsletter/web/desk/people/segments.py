"""Try a segment: how many are in it, who, and why others are not."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from newsletter.errors import NotFound
from newsletter.render.reasons import explain
from newsletter.usecases import segments
from newsletter.usecases.segments import SegmentFacts
from newsletter.web.desk.gate import Admin, Gate
from newsletter.web.desk.people.views import TABS
from newsletter.web.desk.shell import Heading, Shell
from newsletter.web.public.forms import clean
from subscribers.errors import SegmentError

PATH = "/people/segments"


@dataclass(frozen=True, slots=True)
class SavedSegment:
    """A segment of the configuration, and the address that counts it."""

    name: str
    expression: str
    href: str


@dataclass(frozen=True, slots=True)
class CountedSegment:
    """What is known of a segment; reasons and months with their numbers, `who` finds its members."""

    people: int
    title: str
    examples: tuple[tuple[str, str], ...]
    excluded: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...]
    months: tuple[tuple[str, int], ...]
    who: str


@dataclass(frozen=True, slots=True)
class SegmentsView:
    """The form, what it counted, and the segments of the configuration."""

    expression: str
    newsletter: str
    newsletters: tuple[tuple[str, str], ...]
    problem: str
    counted: CountedSegment | None
    saved: tuple[SavedSegment, ...]


class SegmentPages:
    """The page of segments."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._gate = gate

    def show(self, request: Request, visitor: Admin) -> Response:
        """Count the segment that is asked for, and list those of the configuration."""
        publication = self._shell.app.publication
        titles = {each.key: each.title for each in publication.newsletters}
        expression = clean(request.query_params.get("expression", ""))
        newsletter = request.query_params.get("newsletter", "")
        newsletter = newsletter if newsletter in titles else next(iter(titles), "")
        catalog = self._shell.catalog(visitor)
        counted, problem = None, ""
        try:
            if expression:
                context = self._gate.context
                facts = segments.examine(context, visitor.actor, newsletter, expression)
                reasons = [(explain(why, catalog), n) for why, n in facts.excluded.items()]
                counted = _counted(facts, titles[newsletter], expression, tuple(reasons))
        except (SegmentError, NotFound) as error:
            problem = error.args[0]
        view = SegmentsView(
            expression,
            newsletter,
            tuple(titles.items()),
            problem,
            counted,
            tuple(self._saved(newsletter)),
        )
        text = catalog.text
        heading = Heading(
            "People", text("desk.segments.title"), text("desk.segments.lead"), PATH, TABS
        )
        return self._shell.page("people/segments", heading, view, visitor)

    def _saved(self, newsletter: str) -> Iterator[SavedSegment]:
        publication = self._shell.app.publication
        for name, expression in publication.segments:
            yield SavedSegment(name, expression, _href(name, newsletter))
        for known in publication.newsletters:
            yield SavedSegment(known.title, known.segment, _href(known.segment, known.key))


def _href(expression: str, newsletter: str) -> str:
    return f"{PATH}?{urlencode({'expression': expression, 'newsletter': newsletter})}"


def _counted(
    facts: SegmentFacts, title: str, expression: str, excluded: tuple[tuple[str, int], ...]
) -> CountedSegment:
    return CountedSegment(
        facts.people,
        title,
        tuple(facts.examples),
        excluded,
        tuple(facts.unknown),
        tuple(facts.months),
        f"/people?{urlencode({'segment': expression})}",
    )


def segment_routes(pages: SegmentPages) -> APIRouter:
    """Return the route of the segments."""
    router = APIRouter()
    router.add_api_route(PATH, pages.show, methods=["GET", "HEAD"], response_model=None)
    return router
