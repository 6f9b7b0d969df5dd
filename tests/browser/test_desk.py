"""The desk in a real browser: it fits a phone, reads in any light, and is walked by keyboard."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from newsletter.edit.operations import Correct
from newsletter.edit.run import change
from newsletter.model.actor import Actor
from newsletter.store.content import issues
from tests.fakes.house import MONDAY, house
from tests.fakes.pages import Pages, pages

WORD = "Sanktionsdurchsetzungsüberwachungskommission" * 2
PATHS = [
    "/",
    "/issues",
    "/issues/1",
    "/issues/1/preview",
    "/issues/1/preview?show=text",
    "/issues/1/audience",
    "/issues/1/report",
    "/issues/1/report?language=ko",
    "/newsletters/weekly/report",
    "/newsletters/weekly/report?language=ko",
    "/issues/1/history",
    "/issues/1/approve",
    "/issues/1/edit",
    "/calendar",
    "/articles",
    "/sources",
    "/audit",
    "/account",
    "/staff",
    "/outbox",
    "/outbox/1-1",
    "/outbox/1-1?show=headers",
    "/nothing",
]
UNREADABLE = """() => {
  const rgb = text => text.match(/[0-9.]+/g).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .filter(e => e.getClientRects().length)
    .filter(e => {
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    })
    .map(e => e.outerHTML.slice(0, 120));
}"""
UNMARKED = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1;
}"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """A desk with a submitted issue, a corrected one and very long words."""
    with house(tmp_path_factory.mktemp("house")) as opened:
        opened.pass_at(MONDAY - timedelta(days=3))
        opened.pass_at(MONDAY - timedelta(days=1))
        with opened.app.reader.connect() as connection:
            first = issues.load_items(connection, 1)[0]
        made = [Correct(first.article_id, "title", WORD)]
        change(opened.app.engine, 1, made, actor=Actor.person("mina"), now=opened.at)
        opened.pass_at(MONDAY - timedelta(hours=2))
        opened.approve()
        opened.pass_at(MONDAY)
        with pages(opened.app) as served:
            yield served


def enter(context: BrowserContext, desk: Pages) -> None:
    """Give a browser the session that opens the desk."""
    name, value = desk.cookie
    context.add_cookies([{"name": name, "value": value, "url": desk.desk}])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("light", ["light", "dark"])
def test_every_page_fits_a_phone_and_is_accessible(
    browser: Browser,
    barriers: Callable[[Page], list[str]],
    desk: Pages,
    path: str,
    light: Literal["light", "dark"],
) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 720}, color_scheme=light)
    enter(context, desk)
    page = context.new_page()
    page.goto(desk.desk + path)
    if folder := os.environ.get("PICTURES"):
        name = path.strip("/").replace("/", "-").replace("?", "-") or "today"
        page.screenshot(path=f"{folder}/desk-{name}-{light}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate(UNREADABLE) == []
    assert barriers(page) == []
    context.close()


def test_the_keyboard_reaches_every_link_and_the_focus_is_visible(
    browser: Browser, desk: Pages
) -> None:
    context = browser.new_context(viewport={"width": 1180, "height": 800})
    enter(context, desk)
    page = context.new_page()
    page.goto(desk.desk + "/issues/1/preview?show=text")
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.href)")
    missing = set(links) - {None}
    for _ in range(2 * len(links)):  # what scrolls can be reached, too
        if not missing:
            break
        page.keyboard.press("Tab")
        assert not page.evaluate(UNMARKED)
        missing.discard(page.evaluate("document.activeElement.href"))
    assert not missing
    context.close()
