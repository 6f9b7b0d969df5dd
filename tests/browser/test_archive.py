"""The archive in a real browser: on a phone, light and dark, in two languages."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.usecases import drafting
from tests.browser.test_public_pages import fits, open_to_browsers, phone, picture
from tests.fakes.house import MONDAY, STAFF
from tests.fakes.readers import Reader


def send_and_correct(eve: Reader) -> int:
    """Send an issue and a correction of it; return the number of the correction."""
    house = eve.house
    house.at = MONDAY - timedelta(days=4)
    eve.sign_up("eve@example.org")
    eve.client.post(eve.link("eve@example.org", "confirm"))
    house.pass_at(MONDAY - timedelta(hours=5))
    house.approve()
    house.pass_at(MONDAY)
    drafted = drafting.correct(house.app.context, STAFF, 1, note="The harbor is in **Busan**.")
    house.pass_at(MONDAY + timedelta(hours=1))
    house.approve(drafted.issue.id)
    house.pass_at(MONDAY + timedelta(hours=2))
    return drafted.issue.id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_past_issues_are_read_and_subscribed_to_without_a_barrier(
    browser: Browser,
    tmp_path: Path,
    barriers: Callable[[Page], list[str]],
    language: str,
    scheme: Literal["light", "dark"],
) -> None:
    more = f'language = "{language}"\ndescription = "The week at sea."\n'
    with open_to_browsers(tmp_path, more) as (eve, base):
        correction = send_and_correct(eve)
        address = f"{language}.{scheme}@example.org"
        with phone(browser, color_scheme=scheme) as page:
            page.goto(f"{base}/archive")
            fits(page)
            page.get_by_role("link", name="The Tide", exact=True).click()
            expect(page.locator("html")).to_have_attribute("lang", language)
            fits(page)
            picture(page, f"archive-{language}-{scheme}")
            page.locator(".past a").first.click()
            fits(page)
            picture(page, f"archived-{language}-{scheme}")
            page.locator("#address").fill(address)
            page.locator("input[name=agree]").check()
            page.locator("button[type=submit]").click()
            expect(page.locator("#address")).to_have_count(0)
        assert eve.state(address) == "pending"
        context = browser.new_context(color_scheme=scheme, viewport={"width": 375, "height": 720})
        page = context.new_page()
        for path in ("", "/weekly", "/weekly/1", f"/weekly/{correction}"):
            page.goto(f"{base}/archive{path}")
            assert barriers(page) == [], path
        context.close()
