"""Where the links of an email lead to when clicks are counted, and which are left alone."""

import re
from dataclasses import replace

import pytest

from newsletter.esp.message.mime import MessageTemplate
from newsletter.esp.port import Letter, Recipient
from newsletter.esp.sendgrid.body import BodyTemplate
from newsletter.model.counted_html import counted_urls
from newsletter.model.edition import Contents, Edition
from newsletter.model.engagement import CountedLink, Tracking
from newsletter.model.ticket import Ticket, TicketSigner
from newsletter.render.checks.accessibility import problems_of
from newsletter.render.compose import compose
from newsletter.render.counted import counted_links
from newsletter.send import counting, headers
from tests.fakes import manuscripts
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition

BASE = "https://news.example.org"
SIGNER = TicketSigner([b"k" * 32])
ALL = Tracking(opens=True, clicks=True)
TOTALS = replace(ALL, mode="totals")
PAGE = (
    '<!DOCTYPE html><html lang="en"><body><h1><a class="x > y" href="https://a.example/1?b=1&amp;c=2">A</a></h1>'
    '<a href="https://a.example/1?b=1&amp;c=2">again</a> <A HREF="http://b.example/2">B</A>'
    '<a href="mailto:x@example.org">mail</a> <a href="#item-1">below</a> <a name="here">here</a>'
    '<a href="{unsubscribe}">Leave</a></body></html>'
)
ADA = Recipient("7-1", "ada@example.org", "Ada", "token-of-ada")


def _edition() -> Edition:
    plain = sample_edition()
    own = re.findall(r'href="([^"]*)"', plain.html)[0]
    return replace(plain, id=9, html=PAGE.format(unsubscribe=own))


EDITION = _edition()
LINKS = [
    CountedLink(number, url)
    for number, url in enumerate(counted_urls(EDITION.html, EDITION.nonce), 1)
]


def _letter(edition: Edition = EDITION) -> Letter:
    return headers.letter(PUBLICATION, WEEKLY, edition, kind="regular", date=NOW)


def _sent(letter: Letter, recipient: Recipient = ADA) -> str:
    raw = MessageTemplate(letter).fill(recipient).decode()
    return raw.replace("=\r\n", "").replace("=3D", "=")


def test_each_address_has_one_number_and_personal_links_have_none() -> None:
    assert LINKS == [
        CountedLink(1, "https://a.example/1?b=1&c=2"),
        CountedLink(2, "http://b.example/2"),
    ]


def test_our_links_carry_the_ticket_of_the_delivery_and_no_token() -> None:
    letter = counting.by_us(_letter(), EDITION, LINKS, ALL, SIGNER, BASE)
    page = _sent(letter)
    hrefs = re.findall(r'href="(https?://[^"]*)"', page)
    tickets = [re.fullmatch(rf"{BASE}/c/([^/]+)/(\d+)", href) for href in hrefs]
    assert [found and int(found[2]) for found in tickets] == [1, 1, 2, None, 0]
    assert {SIGNER.read(found[1]) for found in tickets if found} == {Ticket(7, 9, 1)}
    (pixel,) = re.findall(r'<img src="([^"]*)"', page)
    assert SIGNER.read(pixel.removeprefix(f"{BASE}/o/").removesuffix(".gif")) == Ticket(7, 9, 1)
    assert "token-of-ada" in hrefs[3]
    assert not any("token-of-ada" in href for href in (*hrefs[:3], hrefs[4], pixel))
    assert "mailto:x@example.org" in page
    assert 'href="#item-1"' in page


def test_every_recipient_has_their_own_ticket() -> None:
    template = MessageTemplate(counting.by_us(_letter(), EDITION, LINKS, ALL, SIGNER, BASE))
    pages = [template.fill(ADA._replace(delivery=f"7-{n}")).decode() for n in (1, 2)]
    found = [re.findall(r"/c/(7-\d+-9-[0-9a-f=\r\n]+)/1", page)[0] for page in pages]
    assert found[0] != found[1]


def test_with_totals_the_links_of_all_recipients_are_the_same() -> None:
    letter = counting.by_us(_letter(), EDITION, LINKS, TOTALS, SIGNER, BASE)
    assert letter.ticket is None
    counted = [
        re.findall(rf"{BASE}/[co]/[^\"]*", _sent(letter, ADA._replace(delivery=f"7-{n}")))
        for n in (1, 2)
    ]
    assert counted[0] == counted[1]
    assert len(counted[0]) == 5
    assert SIGNER.read(counted[0][0].split("/")[4]) == Ticket(7, 9, None)


@pytest.mark.parametrize("tracking", [Tracking(), Tracking(mode="totals")])
def test_without_tracking_the_letter_stays_as_it_is(tracking: Tracking) -> None:
    letter = _letter()
    assert counting.by_us(letter, EDITION, LINKS, tracking, SIGNER, BASE) == letter
    assert counting.by_provider(letter, tracking, BASE) == letter


def test_an_edition_whose_links_were_not_stored_keeps_them() -> None:
    letter = counting.by_us(_letter(), EDITION, [], Tracking(clicks=True), SIGNER, BASE)
    assert letter == _letter()


def test_the_provider_is_asked_to_leave_personal_links_alone() -> None:
    letter = counting.by_provider(_letter(), ALL, BASE)
    assert (letter.opens, letter.clicks) == (True, True)
    marked = re.findall(r'<a clicktracking="off" href="([^"]*)"', letter.html)
    assert len(marked) == 1
    assert "/unsubscribe/" in marked[0]
    body = BodyTemplate(letter).fill("7.1:1", [ADA]).content.decode()
    assert f"{BASE}/c/0" in body
    assert "-ticket-" not in body


def test_a_real_email_stays_accessible_and_each_article_has_its_link() -> None:
    context = manuscripts.context()
    items = [
        replace(item, url=f"https://www.example.org/글/{item.article_id}?a=1&b=é")
        for item in manuscripts.hard_items(10)
    ]
    contents = Contents(tuple(range(1, 9)), (9, 10))
    made = compose(manuscripts.templates(), manuscripts.issue(), items, contents, context)
    edition = replace(EDITION, html=made.html, nonce=context.nonce)
    links = counted_links(manuscripts.issue(), items, [edition], context)[edition.seq]
    assert {link.article_id for link in links} >= set(range(1, 11))
    letter = replace(_letter(edition), nonce=context.nonce)
    counted = counting.by_us(letter, edition, links, ALL, SIGNER, BASE)
    assert problems_of(counted.html) == problems_of(made.html)
    assert not {link.url for link in links} & set(counted_urls(counted.html, "other"))
    assert re.sub(r"<[^>]*>", "", counted.html) == re.sub(r"<[^>]*>", "", made.html)


@pytest.mark.parametrize("changed", ["", "0", "7-1-9", "7-1-9-" + "0" * 16, "07-1-9-", "9" * 40])
def test_what_we_did_not_sign_is_not_a_ticket(changed: str) -> None:
    assert SIGNER.read(changed) is None


def test_every_part_of_a_ticket_is_signed_and_keys_rotate() -> None:
    ticket = SIGNER.of_deliveries(9)("7-1")
    assert SIGNER.read(ticket) == Ticket(7, 9, 1)
    mac = ticket.rpartition("-")[2]
    for content in ("8-1-9", "7-2-9", "7-1-8", "7-9", "7-19"):
        assert SIGNER.read(f"{content}-{mac}") is None
    assert TicketSigner([b"n" * 80, b"k" * 32]).read(ticket) == Ticket(7, 9, 1)
    assert TicketSigner([b"n" * 80]).read(ticket) is None
