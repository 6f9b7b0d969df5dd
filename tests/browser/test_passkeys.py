"""A passkey in Chromium, with an authenticator that the browser simulates."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from newsletter.model.actor import Role
from newsletter.usecases import staff
from newsletter.web.serving import serving
from tests.fakes.desk import ADDRESSES, OWNER, StaffedDesk, staffed_desk
from tests.fakes.house import house
from tests.fakes.pages import free_port

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StaffedDesk]:
    with house(tmp_path) as opened:
        settings = replace(opened.app.settings, desk=f"127.0.0.1:{free_port()}")
        staffed = staffed_desk(replace(opened.app, settings=settings))
        with serving([(staffed.site, settings.desk)]):
            yield staffed


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone with an authenticator that knows its owner."""
    context = browser.new_context(viewport={"width": 375, "height": 720})
    opened = context.new_page()
    devices = context.new_cdp_session(opened)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield opened
    context.close()


def make(page: Page, desk: StaffedDesk, local: str) -> None:
    """Sign in by a link and make a passkey on the account page."""
    link = staff.make_link(desk.app.context, OWNER, ADDRESSES[Role.EDITOR]).link
    page.goto(link.replace(desk.origin, local))
    page.click("main button")
    page.goto(f"{local}/account")
    page.click("text=Make a passkey")
    page.fill("#name", "My phone")
    page.click("main button")
    page.wait_for_selector("td:has-text('My phone')")


def sign_in(page: Page, local: str) -> None:
    """Ask for a passkey on the page that signs in, and give it."""
    page.goto(f"{local}/sign-in")
    page.click("text=Sign in with a passkey")
    page.click("main button")


def test_a_passkey_signs_in_until_it_is_removed(page: Page, desk: StaffedDesk) -> None:
    local = desk.origin.replace("127.0.0.1", "localhost")
    elsewhere: list[str] = []
    page.on("request", lambda sent: elsewhere.append(sent.url) if local not in sent.url else None)
    answers: list[str] = []
    page.on(
        "request",
        lambda sent: answers.append(sent.post_data or "") if "/answer" in sent.url else None,
    )
    make(page, desk, local)
    page.context.clear_cookies()
    sign_in(page, local)
    page.wait_for_url(f"{local}/")
    assert ADDRESSES[Role.EDITOR] in page.inner_text(".person")

    page.context.clear_cookies()
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    path = f"{local}/sign-in-with-passkey/answer"
    assert page.context.request.post(path, data=answers[0], headers=form).status == 403
    sign_in(page, local)
    page.wait_for_url(f"{local}/")

    page.goto(f"{local}/account")
    page.click("[aria-label='Remove My phone']")
    page.wait_for_selector("text=No passkeys yet")
    page.context.clear_cookies()
    sign_in(page, local)
    page.wait_for_selector("text=was not accepted")
    assert [url for url in elsewhere if not url.startswith(desk.origin)] == []


def test_the_pages_of_passkeys_fit_a_phone_and_are_accessible(
    page: Page, barriers: Callable[[Page], list[str]], desk: StaffedDesk
) -> None:
    local = desk.origin.replace("127.0.0.1", "localhost")
    make(page, desk, local)
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.click("text=Make a passkey")
    assert barriers(page) == []
    page.context.clear_cookies()
    page.goto(f"{local}/sign-in")
    assert barriers(page) == []
    page.click("text=Sign in with a passkey")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
