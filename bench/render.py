"""What an edition costs: rendering, inlining, and filling in one recipient."""

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from bench.figure import Figure
from newsletter.model.edition import Contents
from newsletter.model.personalization import fill, substitutions
from newsletter.render.compose import rendered
from newsletter.render.html import inline
from newsletter.render.templates import open_templates
from tests.fakes import manuscripts

FULL, QUICK = 30, 3


def figures(quick: bool) -> Iterator[Figure]:
    """Yield the milliseconds of each step for an issue of eight items, and the bytes."""
    times = QUICK if quick else FULL
    items = tuple(
        replace(manuscripts.SUMMIT, article_id=place, position=place) for place in range(1, 13)
    )
    contents = Contents(tuple(range(1, 9)), tuple(range(9, 13)))
    context = manuscripts.context()
    house = context.publication
    templates = open_templates(house, None)

    def render() -> str:
        return rendered(templates, manuscripts.issue(), items, contents, context).html

    page = render()
    mail = inline(page)
    values = substitutions(context.nonce, {"token": "t" * 40, "delivery": "1-1", "name": "Ada"})
    yield Figure("open the templates", _median(lambda: open_templates(house, None), 3), "ms")
    yield Figure("render", _median(render, times), "ms/edition", "8 items, 4 headlines")
    yield Figure("inline", _median(lambda: inline(page), times), "ms/edition")
    yield Figure("fill in one recipient", _median(lambda: fill(mail, values), times), "ms")
    yield Figure("page", len(mail.encode()) / 1000, "kB")
    yield Figure("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "MB")


def _median(step: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds)
