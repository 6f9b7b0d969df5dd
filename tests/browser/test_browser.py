"""The browser that tests get renders a page, and in the colours it is asked for."""

from playwright.sync_api import Browser

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
