"""Counted links lead on at once, only to what was frozen, and count people and machines apart."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from newsletter.model.engagement import EngagementTotal, Tracking
from newsletter.model.ticket import TicketSigner
from newsletter.store.content import edition_links, editions
from newsletter.store.engagement_tables import engagements
from newsletter.store.sending import engagements as store
from newsletter.usecases import proofs
from newsletter.web.main import public_site
from subscribers import directory
from tests.fakes.house import MONDAY, STAFF, House, continued, mail

BASE = "http://127.0.0.1:8025"
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
READERS = "tracking = { opens = true, clicks = true }"
TOTALS = 'tracking = { opens = true, clicks = true, mode = "totals" }'
LINK = re.compile(r'(?:href|src)="([^"]*)"')


class Sent:
    """An issue that went out, and the pages that its links lead to."""

    def __init__(self, opened: House) -> None:
        """Take a publication whose first issue was sent."""
        self.house = opened
        self.site = TestClient(public_site(opened.app), base_url=BASE, follow_redirects=False)
        self.wait(hours=1)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.house.at += timedelta(**time)

    def page(self, number: int) -> str:
        """Return the HTML of an email."""
        raw = (self.house.app.settings.outbox / f"1-{number}.eml").read_bytes()
        body = message_from_bytes(raw, policy=policy.default).get_body(("html",))
        assert body is not None
        return str(body.get_content())

    def links(self, number: int, kind: str = "/c/") -> list[str]:
        """Return the addresses in an email that are counted, as paths; the canary is the last."""
        found = [link.removeprefix(BASE) for link in LINK.findall(self.page(number))]
        return [link for link in found if link.startswith(kind)]

    def rows(self) -> list[sa.RowMapping]:
        """Return what is stored."""
        with self.house.app.reader.connect() as connection:
            return list(connection.execute(sa.select(engagements)).mappings())

    def decided(self) -> list[EngagementTotal]:
        """Let a pass decide, and return the counters of whole editions."""
        self.wait(minutes=3)
        self.house.pass_at(self.house.at)
        with self.house.app.reader.connect() as connection:
            return [total for total in store.totals_of(connection, 1) if total.link == 0]


@pytest.fixture
def send(tmp_path: Path) -> Iterator[Callable[[str], Sent]]:
    """Return what sends an issue with this configuration of the newsletter."""
    with ExitStack() as stack:
        yield lambda more: Sent(stack.enter_context(continued(tmp_path, mail, more)))


def test_a_click_leads_to_the_frozen_address_and_counts(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    *links, canary = dict.fromkeys(sent.links(1))
    with sent.house.app.reader.connect() as connection:
        (edition_id,) = {
            edition.id
            for edition in editions.of_issue(connection, 1)
            if f"-{edition.id}-" in links[0]
        }
        frozen = edition_links.of_edition(connection, edition_id)
    answers = [sent.site.get(link, headers=BROWSER) for link in links]
    assert {answer.status_code for answer in answers} == {302}
    assert [answer.headers["location"] for answer in answers] == [link.url for link in frozen]
    assert all(link.url.startswith(f"{BASE}/articles/") for link in frozen)
    assert {link.article_id for link in frozen} == {1, 2}
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    assert sent.site.get(f"{links[0]}).", headers=BROWSER).status_code == 302
    (total,) = sent.decided()
    assert (total.raw, total.human, total.human_emails) == (3, 3, 1)
    assert canary.endswith("/0")


def test_an_open_is_counted_by_an_image_that_nothing_keeps(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    (pixel,) = sent.links(1, "/o/")
    answer = sent.site.get(pixel, headers=BROWSER)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert sent.site.get("/o/forged.gif").content == answer.content
    assert [(total.kind, total.raw, total.human) for total in sent.decided()] == [("opened", 1, 1)]


def test_personal_links_are_as_staff_approved_them(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    page = sent.page(1)
    for name in ("unsubscribe", "preferences", "why", "read"):
        assert re.search(rf'href="{BASE}/{name}/', page), name


def test_without_configuration_nothing_is_counted(send: Callable[[str], Sent]) -> None:
    sent = send("")
    assert sent.links(1) == sent.links(1, "/o/") == []


@pytest.mark.parametrize(
    "forged",
    [
        "/c/{other}/1",
        "/c/{content}-0000000000000000/1",
        "/c/{ticket}/99",
        "/c/{ticket}/999999999999999999999999999999",
        "/c/{ticket}/https:%2F%2Fevil.example",
        "/c/{ticket}/-1",
        "/c/x/1",
        "/c//evil.example/1",
        "/c/%00/1",
        "/c/0",
    ],
)
def test_a_forged_link_gets_a_page_and_counts_nothing(
    send: Callable[[str], Sent], forged: str
) -> None:
    sent = send(READERS)
    ticket = sent.links(1)[0].split("/")[2]
    parts = {
        "ticket": ticket,
        "content": ticket.rpartition("-")[0],
        "other": ticket.replace("1-1-", "1-2-", 1),
    }
    answer = sent.site.get(forged.format(**parts), headers=BROWSER)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "<h1" in answer.text
    assert sent.rows() == []


def test_a_ticket_of_an_old_key_works_until_the_key_is_removed(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    link = sent.links(1)[0]
    ticket = link.split("/")[2]
    key = sent.house.app.settings.secret_keys[0]
    assert TicketSigner([b"n" * 32, key]).read(ticket) is not None
    assert TicketSigner([b"n" * 32]).read(ticket) is None


def test_totals_name_no_one(send: Callable[[str], Sent]) -> None:
    sent = send(TOTALS)
    by_edition: dict[str, set[tuple[str, ...]]] = {}
    for number in (1, 2, 3):
        links = (*sent.links(number), *sent.links(number, "/o/"))
        by_edition.setdefault(links[0].split("/")[2], set()).add(links)
    assert {len(kinds) for kinds in by_edition.values()} == {1}
    sent.wait(minutes=7)
    for link in (sent.links(1)[0], *sent.links(1, "/o/")):
        sent.site.get(link, headers=BROWSER)
    rows = sent.rows()
    assert {(row["seq"], row["subscriber_id"], row["at"].minute) for row in rows} == {
        (None,) * 2 + (0,)
    }
    totals = {total.kind: total for total in sent.decided()}
    assert {(total.raw, total.human) for total in totals.values()} == {(1, 1)}
    assert {(total.raw_emails, total.human_emails) for total in totals.values()} == {(0, 0)}


@pytest.mark.parametrize(
    ("tracking", "kept"),
    [(Tracking(clicks=True, mode="totals"), [None]), (Tracking(opens=True), [])],
)
def test_what_is_configured_when_a_link_is_followed_holds(
    send: Callable[[str], Sent], tracking: Tracking, kept: list[None]
) -> None:
    sent = send(READERS)
    app = sent.house.app
    (newsletter,) = app.publication.newsletters
    changed = replace(newsletter, tracking=tracking)
    publication = replace(app.publication, newsletters=(changed,))
    site = public_site(replace(app, publication=publication))
    link = sent.links(1)[0]
    answer = TestClient(site, base_url=BASE, follow_redirects=False).get(link, headers=BROWSER)
    assert answer.status_code == 302
    assert [row["subscriber_id"] for row in sent.rows()] == kept


def test_a_scanner_changes_no_human_count_and_no_state(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    sent.house.at = MONDAY + timedelta(hours=2)
    before = _states(sent)
    for address in ("198.51.100.1", "198.51.100.2", "203.0.113.9"):
        for link in LINK.findall(sent.page(1)):
            if link.startswith(BASE):
                headers = {**BROWSER, "x-forwarded-for": address}
                sent.site.get(link.removeprefix(BASE), headers=headers)
                sent.wait(seconds=0.4)
        sent.wait(seconds=2)
    (link,) = {sent.links(2)[0]}
    sent.site.get(link, headers=BROWSER)  # another reader, at the same time
    totals = sent.decided()
    assert sum(total.raw for total in totals) > 6
    assert sum(total.human for total in totals) == 1
    assert _states(sent) == before


def _states(sent: Sent) -> list[object]:
    with sent.house.app.reader.connect() as connection:
        people = [directory.load(connection, number) for number in (1, 2, 3, 4)]
    return [person.subscriptions for person in people if person]


@pytest.mark.parametrize("agent", ["", "curl/8.5.0", "Mozilla/5.0", "Slackbot-LinkExpanding 1.0"])
def test_programs_that_name_themselves_are_led_on_and_count_as_machines(
    send: Callable[[str], Sent], agent: str
) -> None:
    sent = send(READERS)
    assert sent.site.get(sent.links(1)[0], headers={"user-agent": agent}).status_code == 302
    assert sent.site.head(sent.links(1)[0], headers=BROWSER).status_code == 302
    assert sorted(row["sign"] for row in sent.rows()) == ["agent", "head"]
    assert [(total.raw, total.human) for total in sent.decided()] == [(2, 0)]


def test_a_link_leads_on_when_nothing_can_be_recorded(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    database = sqlite3.connect(sent.house.root / "newsletter.db")
    database.execute("ALTER TABLE engagements RENAME TO elsewhere")
    assert sent.site.get(sent.links(1)[0], headers=BROWSER).status_code == 302
    database.execute("ALTER TABLE elsewhere RENAME TO engagements")
    database.close()
    assert sent.site.get(sent.links(1)[0], headers=BROWSER).status_code == 302
    assert len(sent.rows()) == 1


def test_one_email_cannot_fill_the_database(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    for _ in range(110):
        sent.site.get(sent.links(1)[0], headers=BROWSER)
    assert len(sent.rows()) == 100


def test_a_test_send_is_not_counted(send: Callable[[str], Sent]) -> None:
    sent = send(READERS)
    proofs.send_test(sent.house.app.context, STAFF, 1, "mina@harbour.example")
    copies = [path.read_text() for path in sent.house.app.settings.outbox.glob("test-*.eml")]
    assert len(copies) > 1
    assert not any("/c/1-" in copy for copy in copies)
