"""The page "Edit" in a real browser: autosave, two editors, lost sessions and servers, the order."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsletter.edit.operations import SetBlocks
from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Block, corrected
from newsletter.store.content import issues
from newsletter.usecases import editing, signing_in
from newsletter.web.serving import serving
from tests.fakes.desk import ADDRESSES, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, house
from tests.fakes.pages import free_port

ROOT = Path(__file__).parents[2]
EDIT = "/issues/1/edit"
NOTE = "#issue-note"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        made.pass_at(MONDAY - timedelta(days=1))
        fair = Block("A fair", "On Sunday.", after=1)
        editing.change(made.app.context, STAFF, 1, [SetBlocks((fair,))])
        yield made


@pytest.fixture(scope="module")
def desk(opened: House) -> StaffedDesk:
    settings = replace(opened.app.settings, desk=f"127.0.0.1:{free_port()}")
    return staffed_desk(replace(opened.app, settings=settings))


@pytest.fixture
def served(desk: StaffedDesk) -> Iterator[StaffedDesk]:
    with serving([(desk.site, desk.app.settings.desk)]):
        yield desk


@contextmanager
def signed_in(
    browser: Browser, desk: StaffedDesk, role: Role, light: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """Open a browser with a session."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=light)
    sign_in(context, desk, role)
    yield context.new_page()
    context.close()


def sign_in(context: BrowserContext, desk: StaffedDesk, role: Role) -> str:
    """Give a browser a new session, and return its secret."""
    secret = str(desk.browser(role).cookies[desk.gate.cookie])
    context.add_cookies([{"name": desk.gate.cookie, "value": secret, "url": desk.origin}])
    return secret


def state(field: str) -> str:
    """Return the selector of the line that says whether a form is saved."""
    return f"form:has({field}) [data-state]"


def test_what_is_typed_is_saved_and_the_email_follows(
    browser: Browser, barriers: Callable[[Page], list[str]], served: StaffedDesk, opened: House
) -> None:
    with signed_in(browser, served, Role.EDITOR) as page:
        page.goto(served.origin + EDIT)
        page.fill(NOTE, "We meet **on Thursday**.")
        expect(page.locator(state(NOTE))).to_contain_text("Saved at")
        assert opened.issues()[0].note == "We meet **on Thursday**."
        email = page.frame_locator("[data-email] iframe.frame:not(.waiting)")
        expect(email.locator("strong", has_text="on Thursday")).to_be_visible()
        took = page.get_attribute("[data-email]", "data-took")
        sys.stdout.write(f"the email was shown {took} ms after the answer to a save\n")
        page.fill("#issue-subject", "Four ships for two oceans, and a word about fish")
        expect(page.locator("[data-inbox]")).to_contain_text(
            "Four ships for two oceans, and a word"
        )
        expect(page.locator("[data-back] button")).to_contain_text("Undo: Subject")
        page.click("[data-back] button")
        expect(page.locator("#issue-subject")).to_have_value("")
        page.click("summary >> nth=0")
        look(page, barriers, "light")


def test_the_page_is_accessible_in_the_dark(
    browser: Browser, barriers: Callable[[Page], list[str]], served: StaffedDesk
) -> None:
    with signed_in(browser, served, Role.EDITOR, "dark") as page:
        page.goto(served.origin + EDIT)
        look(page, barriers, "dark")


def look(page: Page, barriers: Callable[[Page], list[str]], name: str) -> None:
    """Check that a wide page fits and that everyone can use it."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"editing-{name}.png"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    edges = "['.masthead .name', '#content > h1'].map(at => document.querySelector(at).getBoundingClientRect().left)"
    assert len(set(page.evaluate(edges))) == 1
    assert barriers(page) == []


def test_two_editors_see_each_other_and_both_texts(
    browser: Browser, served: StaffedDesk, opened: House
) -> None:
    with (
        signed_in(browser, served, Role.EDITOR) as first,
        signed_in(browser, served, Role.APPROVER) as second,
    ):
        first.goto(served.origin + EDIT)
        second.goto(served.origin + EDIT)
        expect(second.locator("[data-who]")).to_contain_text(ADDRESSES[Role.EDITOR])
        first.fill("#issue-preheader", "The first text")
        expect(first.locator(state(NOTE))).to_contain_text("Saved at")
        second.fill("#issue-preheader", "The second text")
        expect(second.locator(".theirs")).to_contain_text("The first text")
        expect(second.locator("#issue-preheader")).to_have_value("The second text")
        assert opened.issues()[0].preheader == "The first text"
        second.click("form:has(#issue-preheader) button >> nth=0")
        expect(second.locator(state(NOTE))).to_contain_text("Saved at")
        assert opened.issues()[0].preheader == "The second text"
        # The answer to the save says that something had changed: no later poll would.
        expect(second.locator("[data-elsewhere]")).to_be_visible()


def test_a_text_survives_a_session_that_ends_while_it_is_typed(
    browser: Browser, served: StaffedDesk, opened: House
) -> None:
    with signed_in(browser, served, Role.EDITOR) as page:
        secret = sign_in(page.context, served, Role.EDITOR)
        page.goto(served.origin + EDIT)
        editor = Actor.person(ADDRESSES[Role.EDITOR], Role.EDITOR)
        signing_in.sign_out(served.app.context, editor, secret)
        page.fill(NOTE, "A long evening's work.")
        expect(page.locator(state(NOTE))).to_contain_text("you are signed out")
        page.goto(served.origin + EDIT)
        assert "/sign-in" in page.url
        sign_in(page.context, served, Role.EDITOR)
        page.goto(served.origin + EDIT)
        expect(page.locator(NOTE)).to_have_value("A long evening's work.")
        expect(page.locator(state(NOTE))).to_contain_text("Saved at")
        assert opened.issues()[0].note == "A long evening's work."


def order(opened: House) -> list[int]:
    with opened.app.reader.connect() as connection:
        return [item.article_id for item in issues.load_items(connection, 1) if item.included]


def test_cards_are_moved_with_the_arrow_keys_and_by_dragging(
    browser: Browser, served: StaffedDesk, opened: House
) -> None:
    first, second = order(opened)
    with signed_in(browser, served, Role.EDITOR) as page:
        page.goto(served.origin + EDIT)
        page.focus(f"#article-{second} [data-handle]")
        page.keyboard.press("ArrowUp")
        expect(page.locator("[data-order]")).to_contain_text("Saved at")
        assert order(opened) == [second, first]
        shown = page.eval_on_selector_all(
            "[data-article], [data-after]", "all => all.map(e => e.id)"
        )
        assert shown == [f"article-{second}", "block-0", f"article-{first}"]
        assert page.evaluate("document.activeElement.hasAttribute('data-handle')")
        page.reload()
        page.drag_and_drop(f"#article-{first} [data-handle]", f"#article-{second} [data-title]")
        expect(page.locator("[data-order]")).to_contain_text("Saved at")
        assert order(opened) == [first, second]


@contextmanager
def in_a_process(desk: StaffedDesk, opened: House) -> Iterator[None]:
    """Serve the desk in a process, and kill it."""
    port = desk.app.settings.desk.rpartition(":")[2]
    module = "tests.fakes.desk_server"
    with subprocess.Popen(
        [sys.executable, "-m", module, str(opened.root), port, opened.at.isoformat()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        process.kill()


def test_no_word_is_lost_if_the_server_is_killed_between_two_saves(
    browser: Browser, desk: StaffedDesk, opened: House
) -> None:
    first, _ = order(opened)
    title = f"#article-{first}-title"
    with signed_in(browser, desk, Role.EDITOR) as page:
        with in_a_process(desk, opened):
            page.goto(desk.origin + EDIT)
            page.fill(NOTE, "Saved before.")
            expect(page.locator(state(NOTE))).to_contain_text("Saved at")
        page.click(f"#article-{first} summary")
        page.fill(title, "Typed while nothing answers")
        expect(page.locator(state(title))).to_contain_text("the desk is not responding")
        with in_a_process(desk, opened):
            expect(page.locator(state(title))).to_contain_text("Saved at", timeout=30_000)
    with opened.app.reader.connect() as connection:
        stored = issues.load_items(connection, 1)[0]
    assert corrected(stored).title == "Typed while nothing answers"
    assert opened.issues()[0].note == "Saved before."
