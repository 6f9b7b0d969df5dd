"""The browser that tests get renders a page, in the colours it is asked for, and finds barriers."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page

PAGE = """<!DOCTYPE html><meta name="color-scheme" content="light dark">
<style>p { color: black } @media (prefers-color-scheme: dark) { p { color: white } }</style><p>x"""


def test_a_page_is_rendered_light_and_dark(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(PAGE)
    seen = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen.append(page.evaluate("getComputedStyle(document.querySelector('p')).color"))
    page.close()
    assert seen == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


def test_a_picture_without_words_and_pale_text_are_barriers(
    browser: Browser, barriers: Callable[[Page], list[str]]
) -> None:
    page = browser.new_page()
    page.set_content(
        "<!DOCTYPE html><html lang=en><title>x</title><main><h1>x</h1><img src='data:,'>"
        "<p style='color:#ccc'>pale</p></main>"
    )
    found = sorted(one.partition(":")[0] for one in barriers(page))
    page.close()
    assert found == ["color-contrast", "image-alt"]
