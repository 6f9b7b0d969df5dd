"""A morning of an approver in Chromium: from the sign-in link to an issue that goes out."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.model.actor import Role
from newsletter.model.issue import Item, corrected
from newsletter.model.states import IssueState
from newsletter.store.content import issues
from newsletter.usecases import signing_in
from newsletter.web.serving import serving
from tests.fakes.desk import ADDRESSES, OWNER, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, House, house
from tests.fakes.pages import free_port
from tests.fakes.site import Site, open_site

MOST_CLICKS = 6
SENTENCES = " ".join(f"The ferry carried its {n}th bicycle across the bay." for n in range(40))
ARTICLE = (
    "<html lang='en'><head><title>{0}</title><meta name='author' content='Nao Reed'>"
    "<meta property='article:published_time' content='2026-11-24T08:00:00Z'></head>"
    "<body><article><h1>{0}</h1><p>{1}</p></article></body></html>"
)


@dataclass(slots=True)
class Morning:
    """A publication whose issue is due in two hours, the site it reads, and its desk."""

    opened: House
    site: Site
    desk: StaffedDesk

    def state(self) -> IssueState:
        """Return the state of the issue."""
        return self.opened.issues()[0].state

    def sent(self) -> list[str]:
        """Return the names of the emails of the issue, without test sends."""
        return [name for name in self.opened.mails() if not name.startswith("test")]

    def printed(self) -> list[Item]:
        """Return the items that the issue prints, as corrected."""
        with self.opened.app.reader.connect() as connection:
            return [corrected(item) for item in issues.load_items(connection, 1) if item.included]

    def link(self) -> str:
        """Answer the requests for a link, and return the newest one, as the email has it."""
        signing_in.answer_requests(self.desk.app.context, OWNER)
        with self.desk.app.reader.connect() as connection:
            number = connection.exec_driver_sql("SELECT max(id) FROM sign_ins").scalar()
        return self.desk.app.sign_ins.link(int(number or 0))


@dataclass(slots=True)
class Hand:
    """The hand of an approver at a browser, which counts its clicks."""

    page: Page
    clicks: int = 0

    def click(self, selector: str) -> None:
        """Click, and wait for the page that follows."""
        self.clicks += 1
        self.page.click(selector)
        self.page.wait_for_load_state()

    def follow(self, link: str) -> None:
        """Click a link in an email."""
        self.clicks += 1
        self.page.goto(link)

    def fill(self, field: str, text: str) -> None:
        """Type, and wait until the page has saved it."""
        self.page.fill(field, text)
        expect(self.page.locator(f"form:has({field}) [data-state]")).to_contain_text("Saved at")


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    with open_site() as site:
        feed = site.serve("/feed.xml", "<rss/>")
        source = f'[sources.site]\nkind = "feed"\nurl = "{feed}"\nallow_private = true\n'
        with house(tmp_path, source) as opened:
            opened.pass_at(MONDAY - timedelta(days=1))
            opened.at = MONDAY - timedelta(hours=2)
            known = opened.app.publication
            slow = tuple(replace(each, spread=timedelta(hours=2)) for each in known.newsletters)
            opened.app = replace(opened.app, publication=replace(known, newsletters=slow))
            settings = replace(opened.app.settings, desk=f"127.0.0.1:{free_port()}")
            desk = staffed_desk(replace(opened.app, settings=settings))
            with serving([(desk.site, settings.desk)]):
                yield Morning(opened, site, desk)


def test_a_morning_at_the_desk(browser: Browser, morning: Morning) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    hand = Hand(page)
    approve_without_edits(hand, morning)
    sys.stdout.write(f"from sign-in to approved: {hand.clicks} clicks\n")
    assert hand.clicks <= MOST_CLICKS
    edit(hand, morning)
    preview(hand)
    check_and_approve(hand, morning)
    watch(hand, morning)
    page.close()


def approve_without_edits(hand: Hand, morning: Morning) -> None:
    page = hand.page
    page.goto(morning.desk.origin)
    page.fill("#address", ADDRESSES[Role.APPROVER])
    hand.click("button")
    page.wait_for_selector("text=Check your inbox")
    hand.follow(morning.link())
    hand.click("button")
    expect(page.locator("h1")).to_contain_text("waiting for you")
    hand.click("text=Open the issue")
    hand.click("nav.tabs >> text=Approve")
    hand.click("form[action$='/approve'] button")
    assert morning.state() is IssueState.APPROVED


def edit(hand: Hand, morning: Morning) -> None:
    """Correct a takeaway, which voids the approval; reorder, add an article, write a note."""
    page = hand.page
    first, second = morning.printed()
    page.goto(f"{morning.desk.origin}/issues/1/edit")
    page.click(f"#article-{first.article_id} summary")
    hand.fill(f"#article-{first.article_id}-takeaways", "The harbour pays for its ships.")
    assert morning.state() is IssueState.DRAFT
    page.focus(f"#article-{second.article_id} [data-handle]")
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-order]")).to_contain_text("Saved at")
    hand.fill("#issue-note", "Good morning from the *quay*.")
    hand.fill("#issue-subject", "THE HARBOUR PAYS FOR ITS SHIPS")
    page.click("text=Add an article")
    address = morning.site.serve("/ferry", ARTICLE.format(escape("A ferry"), SENTENCES))
    page.fill("#address", address)
    page.click("form:has(#address) button")
    page.click("article form button")
    page.wait_for_url("**/edit*")
    printed = morning.printed()
    assert [item.title for item in printed] == [second.title, first.title, "A ferry"]
    assert printed[1].takeaways.items == ("The harbour pays for its ships.",)


def preview(hand: Hand) -> None:
    """View the issue as a named subscriber, in the dark, on a phone; send a test."""
    page = hand.page
    page.click("nav.tabs >> text=Preview")
    page.click("form[action$='/preview'] button")
    page.fill("#find", "ann@")
    page.click("form:has(#find) button")
    page.click("text=Ann")
    page.click("text=375")
    page.click("text=dark")
    frame = page.frame_locator("iframe.frame")
    expect(frame.locator("body")).to_contain_text("Good morning from the quay")
    page.fill("form[action$='/test'] #address", "desk@harbour.example")
    page.click("form[action$='/test'] button")
    expect(page.locator("[role=status]").first).to_contain_text("desk@harbour.example")


def check_and_approve(hand: Hand, morning: Morning) -> None:
    """Waive a warning, approve, change a word, and approve again."""
    page = hand.page
    page.click("nav.tabs >> text=Approve")
    page.click("form[action$='/check'] button")
    page.click("li:has-text('capital') summary")
    page.fill("li:has-text('capital') [name=reason]", "It is a quotation.")
    page.click("li:has-text('capital') details button")
    expect(page.locator("li:has-text('capital')")).to_contain_text("It is a quotation.")
    page.goto(f"{morning.desk.origin}/issues/1/approve")
    page.click("form[action$='/approve'] button")
    assert morning.state() is IssueState.APPROVED
    page.click("nav.tabs >> text=Edit")
    hand.fill("#issue-note", "Good morning from the *pier*.")
    page.click("nav.tabs >> text=Approve")
    expect(page.locator("p.problem[role=status]")).to_contain_text(
        re.compile("void", re.IGNORECASE)
    )
    page.click("form[action$='/render'] button")
    page.click("form[action$='/approve'] button")
    assert morning.state() is IssueState.APPROVED


def watch(hand: Hand, morning: Morning) -> None:
    """Watch the issue go out, pause it, and let it continue."""
    page = hand.page
    morning.opened.pass_at(MONDAY)
    page.reload()
    page.click("form[action$='/pause'] button")
    assert morning.state() is IssueState.PAUSED
    sent = morning.sent()
    morning.opened.pass_at(MONDAY + timedelta(hours=3))
    assert morning.sent() == sent
    page.click("form[action$='/resume'] button")
    morning.opened.pass_at(MONDAY + timedelta(hours=3, minutes=1))
    expect(page.locator("div[data-key]")).to_contain_text("3 of 3 recipients")
    assert morning.state() is IssueState.SUBMITTED
    assert 0 < len(sent) < len(morning.sent()) == 3
    letter = morning.opened.app.settings.outbox / f"{morning.sent()[0]}.eml"
    text = message_from_bytes(letter.read_bytes(), policy=policy.default)
    body = text.get_body(("plain",))
    assert body is not None
    assert "Good morning from the pier." in body.get_content()
