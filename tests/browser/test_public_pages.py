"""The public pages in a real browser: on a phone, without scripts, light and dark, in two languages."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.testclient import TestClient

from newsletter import app, settings
from newsletter.web.main import public_site
from newsletter.web.serving import serving
from tests.fakes.house import MONDAY, SECRETS, House, lay_out
from tests.fakes.readers import MORE, Reader

TOPICS = '[topics.south-korea]\nlabels = { en = "South Korea", ko = "한국" }\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reader, str]]:
    """A publication at a free port, with somebody who reads it."""
    more = f'send_at = "reader"\n{MORE}{TOPICS}'
    with open_to_browsers(tmp_path_factory.mktemp("site"), more) as found:
        yield found


def free_address() -> str:
    """Return an address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def open_to_browsers(root: Path, more: str = MORE + TOPICS) -> Iterator[tuple[Reader, str]]:
    port = free_address().rpartition(":")[2]
    lay_out(root, more)
    path = root / "newsletter.toml"
    path.write_text(path.read_text().replace(":8025", f":{port}"), encoding="utf-8")
    opened = app.open_app(settings.load(root, SECRETS))
    built = House(opened, root, MONDAY)
    built.app = replace(opened, now=lambda: built.at)
    site = public_site(built.app)
    base = f"http://127.0.0.1:{port}"
    try:
        with serving([(site, f"127.0.0.1:{port}")]):
            yield Reader(built, TestClient(site, base_url=base), base), base
    finally:
        opened.close()


@contextmanager
def phone(browser: Browser, **options: Any) -> Iterator[Page]:  # noqa: ANN401 - passed on
    """Open a page on a phone, without scripts; every request must stay here and tell nothing."""
    context: BrowserContext = browser.new_context(
        viewport={"width": 375, "height": 720}, java_script_enabled=False, **options
    )
    page = context.new_page()
    asked: list[str] = []
    referrers: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("request", lambda request: referrers.append(request.headers.get("referer", "")))
    yield page
    context.close()
    assert all(url.startswith("http://127.0.0.1:") for url in asked)
    assert set(referrers) == {""}


def fits(page: Page) -> None:
    """Hold that nothing is wider than the phone and nothing to touch is small."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    small = page.evaluate(
        "[...document.querySelectorAll('button, .button, select, .boxes label,"
        " input[type=email], input[type=text]')]"
        ".filter(e => !e.closest('.trap') && e.getBoundingClientRect().height < 43)"
        ".map(e => e.outerHTML)"
    )
    assert small == []


def picture(page: Page, name: str) -> None:
    """Keep a picture where PICTURES names a folder, for people to look at."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


TEXTS = {
    "en": {
        "subscribe": "Subscribe",
        "yes": "Yes, subscribe me",
        "subscribed": "You're subscribed",
        "choose": "Choose topics and frequency",
        "save": "Save",
        "saved": "Saved.",
        "some_or_all": "Unsubscribe from some or all newsletters",
        "unsubscribe": "Unsubscribe from The Tide",
        "unsubscribed": "You've unsubscribed",
        "topic": "South Korea",
        "zone": "Time zone",
    },
    "ko": {
        "subscribe": "구독하기",
        "yes": "네, 구독하겠습니다",
        "subscribed": "구독이 시작되었습니다",
        "choose": "주제와 빈도 선택하기",
        "save": "저장",
        "saved": "저장했습니다.",
        "some_or_all": "뉴스레터 일부 또는 전체 해지",
        "unsubscribe": "The Tide 구독 해지",
        "unsubscribed": "구독이 해지되었습니다",
        "topic": "한국",
        "zone": "시간대",
    },
}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_sign_up_to_unsubscribing_and_back(  # noqa: PLR0915 - one walk, step by step
    browser: Browser, served: tuple[Reader, str], language: str, scheme: str
) -> None:
    eve, base = served
    texts = TEXTS[language]
    address = f"{language}.{scheme}@example.org"
    with phone(browser, color_scheme=scheme) as page:
        page.goto(f"{base}/?lang={language}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        fits(page)
        page.locator("#address").fill(address)
        page.get_by_label("The Tide").check()
        page.get_by_label(texts["topic"]).check()
        page.locator("input[name=agree]").check()
        picture(page, f"sign-up-{language}-{scheme}")
        page.get_by_role("button", name=texts["subscribe"]).click()
        fits(page)
        assert eve.state(address) == "pending"
        page.goto(base + eve.link(address, "confirm"))
        fits(page)
        page.get_by_role("button", name=texts["yes"]).click()
        expect(page.locator("h1")).to_have_text(texts["subscribed"])
        assert eve.state(address) == "confirmed"
        page.get_by_role("link", name=texts["choose"]).click()
        fits(page)
        picture(page, f"preferences-{language}-{scheme}")
        expect(page.get_by_label(texts["topic"])).to_be_checked()
        page.locator('[name="frequency.weekly"][value=monthly]').check()
        page.get_by_label(texts["zone"]).select_option("America/New_York")
        page.get_by_role("button", name=texts["save"]).click()
        expect(page.get_by_role("status")).to_have_text(texts["saved"])
        expect(page.locator('[name="frequency.weekly"][value=monthly]')).to_be_checked()
        page.get_by_role("link", name=texts["some_or_all"]).click()
        fits(page)
        picture(page, f"unsubscribe-{language}-{scheme}")
        assert eve.state(address) == "confirmed"
        page.get_by_role("button", name=texts["unsubscribe"]).click()
        expect(page.locator("h1")).to_have_text(texts["unsubscribed"])
        fits(page)
        assert eve.state(address) == "unsubscribed"
        page.goto(base + eve.link(address, "confirm"))
        page.get_by_role("button", name=texts["yes"]).click()
        assert eve.state(address) == "confirmed"


def test_the_form_is_filled_in_by_keyboard_alone(
    browser: Browser, served: tuple[Reader, str]
) -> None:
    eve, base = served
    with phone(browser) as page:
        page.goto(f"{base}/?lang=en")
        page.locator("#address").focus()
        page.keyboard.type("keys@example.org")
        page.keyboard.press("Tab")
        page.keyboard.type("Kei")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.locator("input[name=agree]").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Check your inbox")
    assert eve.state("keys@example.org") == "pending"


def test_a_mistake_is_said_beside_the_form(browser: Browser, served: tuple[Reader, str]) -> None:
    _eve, base = served
    with phone(browser) as page:
        page.goto(f"{base}/?lang=en")
        page.locator("#address").fill("a@b")
        page.get_by_label("The Tide").check()
        page.locator("input[name=agree]").check()
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("alert")).to_contain_text("doesn't look like an email address")
        expect(page.locator("#address")).to_have_value("a@b")
        picture(page, "mistake")


def test_another_site_may_frame_the_embedded_form_and_nothing_else(
    browser: Browser, served: tuple[Reader, str]
) -> None:
    _eve, base = served
    outer = f'<iframe src="{base}/embed"></iframe><iframe src="{base}/"></iframe>'
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "http://127.0.0.1:1/", lambda route: route.fulfill(body=outer, content_type="text/html")
    )
    page.goto("http://127.0.0.1:1/")
    framed, refused = page.frames[1:]
    expect(framed.locator("#address")).to_be_visible()
    assert refused.locator("#address").count() == 0
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_in_any_language_or_color(
    browser: Browser,
    served: tuple[Reader, str],
    barriers: Callable[[Page], list[str]],
    scheme: Literal["light", "dark"],
) -> None:
    eve, base = served
    address = f"eve.{scheme}@example.org"
    eve.sign_up(address, newsletter=["weekly", "daily"])
    confirm = eve.link(address, "confirm")
    token = eve.token(address)
    eve.client.post(f"/preferences/{token}/data")
    manage = eve.link(address, "manage")
    paths = [
        "/",
        "/embed",
        "/signed-up",
        confirm,
        manage,
        f"/preferences/{token}",
        f"/unsubscribe/{token}",
        f"/keep/{token}",
        "/unsubscribe/x",
    ]
    context = browser.new_context(color_scheme=scheme, viewport={"width": 375, "height": 720})
    page = context.new_page()
    for path in paths:
        for language in ("en", "ko"):
            page.goto(f"{base}{path}?lang={language}")
            assert barriers(page) == [], (path, language)
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_wave_of_sign_ups_is_answered_by_our_script_or_by_a_person(
    browser: Browser, served: tuple[Reader, str], *, scripts: bool
) -> None:
    eve, base = served
    address = f"scripts.{scripts}@example.org".lower()
    eve.sign_up("first@example.org")
    known = eve.subscriber("first@example.org")
    with eve.house.app.engine.begin() as connection:
        for _ in range(60):
            connection.exec_driver_sql(
                "INSERT INTO requests (subscriber_id, at, newsletters, topics, language, source,"
                " wording, network, mailed) VALUES (?, ?, '[]', '[]', 'en', 'wave', 'x', 'x', 1)",
                (
                    known,
                    eve.house.at.strftime("%Y-%m-%d %H:%M:%S.%f"),
                ),
            )
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{base}/?lang=en")

    def fill() -> None:
        page.locator("#address").fill(address)
        page.get_by_label("The Tide").check()
        page.locator("input[name=agree]").check()

    fill()
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("alert")).to_contain_text("enter your address once more")
    fill()
    question = page.locator("[data-question]")
    if scripts:
        expect(question).to_be_hidden()
    else:
        numbers = [
            int(word) for word in question.inner_text().rstrip("?").split() if word.isdigit()
        ]
        page.locator("#answer").fill(str(sum(numbers)))
    page.get_by_role("button", name="Subscribe").click()
    expect(page.locator("h1")).to_have_text("Check your inbox", timeout=20_000)
    assert eve.state(address) == "pending"
    context.close()
    with eve.house.app.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM requests WHERE source = 'wave'")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_reason_for_an_article_has_no_barrier_and_takes_a_choice(
    browser: Browser,
    tmp_path: Path,
    barriers: Callable[[Page], list[str]],
    language: str,
    scheme: Literal["light", "dark"],
) -> None:
    address = "cyd@example.org"
    with open_to_browsers(tmp_path, "") as (cyd, base):
        cyd.house.at = MONDAY - timedelta(days=4)
        cyd.sign_up(address, language=language)
        cyd.client.post(cyd.link(address, "confirm"))
        cyd.house.pass_at(MONDAY - timedelta(hours=5))
        cyd.house.approve()
        cyd.house.pass_at(MONDAY)
        link = f"{base}{cyd.link(address, 'why')}"
        with phone(browser, color_scheme=scheme) as page:
            page.goto(link)
            expect(page.locator("html")).to_have_attribute("lang", language)
            fits(page)
            picture(page, f"why-{language}-{scheme}")
            page.locator("input[value=less]").first.check()
            page.get_by_role("button", name=TEXTS[language]["save"]).click()
            expect(page.get_by_role("status")).to_contain_text(TEXTS[language]["saved"])
            expect(page.locator("input[value=less]").first).to_be_checked()
            picture(page, f"why-saved-{language}-{scheme}")
        context = browser.new_context(color_scheme=scheme, viewport={"width": 375, "height": 720})
        page = context.new_page()
        for query in ("", "?saved=1"):
            page.goto(f"{link}{query}")
            assert barriers(page) == [], query
        context.close()
