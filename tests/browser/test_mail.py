"""Mails in a real browser: inlining changes nothing that is seen, and nothing overflows."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from newsletter.model.edition import Contents
from newsletter.render.compose import rendered
from newsletter.render.html import inline
from newsletter.render.notice import render as render_notice
from tests.fakes import manuscripts

PROPERTIES = [
    "color",
    "background-color",
    "font-family",
    "font-size",
    "font-weight",
    "line-height",
    "letter-spacing",
    "text-align",
    "text-decoration-line",
    "text-transform",
    "text-indent",
    "vertical-align",
    "direction",
    "padding-top",
    "padding-right",
    "padding-bottom",
    "padding-left",
    "margin-top",
    "margin-right",
    "margin-bottom",
    "margin-left",
    "border-top-width",
    "border-top-style",
    "border-top-color",
    "border-right-width",
    "border-right-color",
    "border-bottom-width",
    "border-bottom-color",
    "border-left-width",
    "border-left-color",
    "display",
    "width",
    "height",
    "max-width",
    "word-break",
]
COMPUTED = """names => [...document.querySelectorAll('body, body *')].map(
  one => one.tagName + '.' + one.className + ' ' + names.map(
    name => name + ':' + getComputedStyle(one).getPropertyValue(name)).join(' '))"""
OF_PAGES = ("landmark-one-main", "region")
"""Rules for a whole page; a mail is shown inside somebody else's."""
LAYOUTS = ["brief", "letter", "magazine"]
MODES = [(800, "light"), (375, "light"), (800, "dark"), (375, "dark")]


def page(layout: str) -> str:
    weekly = manuscripts.newsletter(layout=layout)
    context = manuscripts.context(weekly=weekly)
    items = (*manuscripts.hard_items(10), manuscripts.PICTURED)
    issue = manuscripts.issue(blocks=(manuscripts.EVENT,))
    contents = Contents((11, *range(1, 9)), (6, 9, 10))
    if layout == "letter":
        contents = Contents(tuple(range(1, 9)), (9, 10))
    return rendered(manuscripts.templates(), issue, items, contents, context).html


def styles(browser: Browser, html: str, width: int, scheme: str) -> list[str]:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    try:
        tab.route("**/*", lambda route: route.abort())
        tab.set_content(html, wait_until="load")
        return list(tab.evaluate(COMPUTED, PROPERTIES))
    finally:
        tab.close()


def without_styles(html: str) -> str:
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


def differences(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    assert len(before) == len(after)
    return [(one, two) for one, two in zip(before, after, strict=True) if one != two]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_inlining_changes_nothing_that_a_browser_computes(browser: Browser, layout: str) -> None:
    html = page(layout)
    inlined = inline(html)
    for width, scheme in MODES:
        before = styles(browser, html, width, scheme)
        assert differences(before, styles(browser, inlined, width, scheme)) == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_look_by_day_does_not_need_the_style_elements(browser: Browser, layout: str) -> None:
    html = page(layout)
    before = styles(browser, html, 800, "light")
    assert differences(before, styles(browser, without_styles(inline(html)), 800, "light")) == []


@pytest.mark.parametrize("width", [320, 375, 600])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_wider_than_a_phone(browser: Browser, layout: str, width: int) -> None:
    inlined = inline(page(layout))
    for html in (inlined, without_styles(inlined)):
        tab = browser.new_page(viewport={"width": width, "height": 900})
        tab.route("**/*", lambda route: route.abort())
        tab.set_content(html, wait_until="load")
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        tab.close()


def test_dark_mode_changes_every_colour_of_the_page(browser: Browser) -> None:
    inlined = inline(page("brief"))
    colour = re.compile(r"(?:^| )(color|background-color):(rgb\([^)]*\))")
    day, night = (styles(browser, inlined, 800, scheme) for scheme in ("light", "dark"))
    seen = {found for one in day for _, found in colour.findall(one)}
    kept = {found for one in night for _, found in colour.findall(one)}
    assert not (seen & kept) - {"rgb(0, 0, 0)"}


def test_a_notice_keeps_its_look_without_styles(browser: Browser) -> None:
    values = {"title": "The Weekly Brief", "link": "https://news.example.org/confirm/x"}
    made = render_notice(manuscripts.templates(), "confirm", "ko", values)
    before = styles(browser, made.html, 800, "light")
    assert differences(before, styles(browser, without_styles(made.html), 800, "light")) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nobody_meets_a_barrier_in_a_mail(
    browser: Browser,
    barriers: Callable[[Page], list[str]],
    layout: str,
    scheme: Literal["light", "dark"],
) -> None:
    tab = browser.new_page(viewport={"width": 800, "height": 900}, color_scheme=scheme)
    tab.route("**/*", lambda route: route.abort())
    tab.set_content(inline(page(layout)), wait_until="load")
    found = [one for one in barriers(tab) if not one.startswith(OF_PAGES)]
    tab.close()
    assert found == []
