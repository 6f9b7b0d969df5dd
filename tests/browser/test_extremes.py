"""Issues at their limits in a real browser: nothing overflows, and everyone can read them."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from newsletter.model.edition import Contents
from newsletter.model.issue import Issue, Item
from newsletter.render.checks.accessibility import problems_of
from newsletter.render.checks.pages import CLIPPED
from newsletter.render.compose import compose
from tests.fakes import manuscripts
from tests.fakes.manuscripts import item
from tests.fakes.pictures import png

LAYOUTS = ["brief", "letter", "magazine"]
WEEK = Path(__file__).parents[1] / "snapshots" / "week"
MODES = [(760, "light"), (760, "dark"), (375, "light"), (375, "dark"), (320, "light")]
OF_PAGES = ("landmark-one-main", "region")
"""Rules for a whole page; an email is shown inside one."""
ARABIC = replace(manuscripts.hard_items(4)[2], article_id=1, position=1)
LONG = item(1, title=("An unusually long headline about ports and " * 8)[:300].strip())
FORTY = tuple(
    replace(
        item(place) if place % 3 else manuscripts.FRONT,
        article_id=place,
        position=place,
        title=f"Number {place}",
        url=f"https://www.example.org/{place}",
    )
    for place in range(1, 41)
)
NOTE = manuscripts.issue()
EXTREMES: dict[str, tuple[Issue, tuple[Item, ...], Contents]] = {
    "forty items": (NOTE, FORTY, manuscripts.contents(FORTY)),
    "one item": (NOTE, (item(1),), Contents((1,))),
    "one item without a note": (manuscripts.issue(note=""), (item(1),), Contents((1,))),
    "only headlines": (NOTE, manuscripts.GOOD, Contents((), (1, 2, 3, 4, 5))),
    "only a note": (NOTE, (), Contents(())),
    "an Arabic lead": (NOTE, (ARABIC, *manuscripts.GOOD[1:]), Contents((1, 2, 3, 4, 5))),
    "a long headline": (NOTE, (LONG, *manuscripts.GOOD[1:]), Contents((1, 2), (3, 4))),
}


def html(name: str, layout: str) -> str:
    issue, items, contents = EXTREMES[name]
    context = manuscripts.context(weekly=manuscripts.newsletter(layout=layout))
    return compose(manuscripts.templates(), issue, items, contents, context).html


def shown(browser: Browser, page: str, width: int, scheme: str, *, images: bool = True) -> Page:
    """Open an email; images of any address are gray, or are not loaded."""

    def answer(route: Route) -> None:
        if images:
            route.fulfill(body=png(400, 300), content_type="image/png")
        else:
            route.abort()

    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.route("http*://**/*", answer)
    tab.set_content(page, wait_until="load")
    return tab


def overflow(tab: Page) -> int:
    return int(tab.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", EXTREMES)
def test_an_issue_at_its_limits_is_whole(
    browser: Browser, barriers: Callable[[Page], list[str]], name: str, layout: str
) -> None:
    made = html(name, layout)
    assert not any(problems_of(made).values())
    for width in (760, 320):
        tab = shown(browser, made, width, "light")
        assert overflow(tab) <= 0
        tab.close()
    tab = shown(browser, made, 760, "dark")
    assert [found for found in barriers(tab) if not found.startswith(OF_PAGES)] == []
    tab.close()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_item_costs_few_bytes(layout: str) -> None:
    """Forty items, a third of them with an image and takeaways, fit below Gmail's limit."""
    few, many = (len(html(name, layout).encode()) for name in ("one item", "forty items"))
    assert (many - few) / 39 <= 2200
    assert many < CLIPPED


@pytest.mark.parametrize("name", ["issue", "correction"])
def test_the_emails_of_the_week_look_right_everywhere(
    browser: Browser, barriers: Callable[[Page], list[str]], name: str
) -> None:
    page = (WEEK / f"{name}.html").read_text(encoding="utf-8")
    for width, scheme in MODES:
        tab = shown(browser, page, width, scheme)
        assert overflow(tab) <= 0
        assert [found for found in barriers(tab) if not found.startswith(OF_PAGES)] == []
        sizes = tab.evaluate("[...document.images].map(i => [i.width, i.height])")
        assert all(0 < w <= min(528, width) and 0 < h <= 480 for w, h in sizes)
        tab.close()


def test_with_images_off_their_words_and_their_place_remain(browser: Browser) -> None:
    page = (WEEK / "issue.html").read_text(encoding="utf-8")
    tab = shown(browser, page, 760, "light", images=False)
    described = re.findall(r'<img[^>]* alt="([^"]+)"', page)
    assert len(described) >= 4
    for words in described:
        box = tab.get_by_alt_text(words, exact=True).bounding_box()
        assert box
        assert box["height"] >= 20
    assert overflow(tab) <= 0
    tab.close()
