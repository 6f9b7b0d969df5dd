"""A letter as a standard message."""

import email
import email.policy
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.esp.message.checks import AddressError, LetterError, require
from newsletter.esp.message.mime import message
from newsletter.esp.port import Recipient
from newsletter.model.delivery import edition_mark
from newsletter.model.personalization import fill
from newsletter.model.publication import Mailbox
from newsletter.send.headers import letter
from newsletter.send.notices import letter as notice
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
ADA = Recipient("7-1", "ada@example.net", "Löve, Ada", "t" * 90)


def _parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_the_text_part_comes_first() -> None:
    mail = _parsed(message(LETTER, ADA))
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_every_header_that_bulk_email_needs_is_present() -> None:
    mail = _parsed(message(LETTER, ADA))
    assert mail["List-Unsubscribe"] == f"<https://news.example.org/unsubscribe/{ADA.token}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-ID"] == '"The Weekly Brief" <weekly.example.org>'
    assert mail["Feedback-ID"] == "7:regular:weekly:exampleorg"
    assert mail["Message-ID"] == f"<7-1{edition_mark(LETTER.nonce)}@example.org>"
    assert mail["To"] == '"Löve, Ada" <ada@example.net>'
    assert mail["Date"].datetime == NOW


def test_a_long_address_in_a_header_is_neither_folded_nor_encoded() -> None:
    raw = message(LETTER, ADA)
    header = next(line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe:"))
    assert ADA.token.encode() in header


def test_the_same_delivery_is_the_same_message() -> None:
    assert message(LETTER, ADA) == message(LETTER, ADA)


def test_no_line_is_longer_than_the_standard_allows() -> None:
    wide = replace(LETTER, html="x" * 5000, text="한국" * 3000, subject="한국 " * 60)
    assert max(map(len, message(wide, ADA).split(b"\r\n"))) <= 998


def test_a_name_cannot_start_another_header() -> None:
    mail = _parsed(message(LETTER, ADA._replace(name="Ada\r\nBcc: eve@example.com")))
    assert "Bcc" not in mail
    assert mail["To"].addresses[0].addr_spec == "ada@example.net"


def test_an_international_domain_is_written_in_ascii() -> None:
    mail = _parsed(message(LETTER, ADA._replace(address="ada@münchen.example")))
    assert mail["To"].addresses[0].addr_spec == "ada@xn--mnchen-3ya.example"


@pytest.mark.parametrize("address", ["", "ada", "a b@x.org", "a@b@c", "josé@x.org", "a\nb@x.org"])
def test_an_address_that_cannot_be_used_in_a_header_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        message(LETTER, ADA._replace(address=address))


def test_an_unsubscribe_address_is_included_only_if_configured() -> None:
    configured = replace(PUBLICATION, leave_mailto="leave@example.org")
    made = letter(configured, WEEKLY, sample_edition(), kind="regular", date=NOW)
    known = ADA._replace(token="tok")  # noqa: S106 - no password
    mail = _parsed(message(made, known))
    assert mail["List-Unsubscribe"] == (
        "<https://news.example.org/unsubscribe/tok>, <mailto:leave@example.org?subject=tok>"
    )


def test_an_international_title_is_encoded_in_the_list_id() -> None:
    korean = replace(WEEKLY, title="주간 소식")
    made = letter(PUBLICATION, korean, sample_edition(), kind="regular", date=NOW)
    lines = message(made, ADA).split(b"\r\n")
    (header,) = [line for line in lines if line.startswith(b"List-ID")]
    assert header.startswith(b"List-ID: =?utf-8?")
    assert header.endswith(b"?= <weekly.example.org>")


def test_a_notice_states_that_no_person_wrote_it() -> None:
    made = notice(PUBLICATION, "Please confirm", "<p>x</p>", "x", date=NOW)
    mail = _parsed(message(made, Recipient("notice-1", "ada@example.net", "", "")))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in mail


def test_a_sender_without_a_name_is_only_an_address() -> None:
    plain = replace(LETTER, sender=Mailbox("", "brief@example.org"))
    assert _parsed(message(plain, ADA))["From"] == "brief@example.org"


@pytest.mark.parametrize(
    "subject",
    [
        "Short",
        "Four Ships for Two Oceans: The Fragile Business of Repairing Undersea Cables",
        "북극항로, 누가 먼저 여는가: 얼음이 물러난 자리에 규칙이 먼저 들어선다, 그리고 쇄빙선의 셈법",
        "=?utf-8?q?not_encoded?= by us",
        "word " * 50 + "end",
        "unbroken" * 40,
    ],
)
def test_a_subject_of_any_length_starts_on_its_line_and_reads_as_written(subject: str) -> None:
    raw = message(replace(LETTER, subject=subject), ADA)
    head = raw.partition(b"\r\n\r\n")[0]
    (header,) = [line for line in head.split(b"\r\n") if line.startswith(b"Subject:")]
    assert header.strip() != b"Subject:"
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert str(parsed["Subject"]).strip() == subject


def _hidden(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


SLY = st.text(max_size=40) | st.text(alphabet='a =?:;,@<>"\\\r\n\0\x1b\x85\u2028é한', max_size=40)
ANY = SLY | SLY.map(_hidden) | st.text(max_size=400)
HEADERS = [
    *["List-Unsubscribe", "List-Unsubscribe-Post", "List-ID", "Feedback-ID", "Subject", "From"],
    *["To", "Reply-To", "Date", "Message-ID", "Content-Type", "MIME-Version"],
]


@given(name=ANY, ours=ANY, subject=ANY, header=st.text(alphabet=st.characters(max_codepoint=127)))
@example(_hidden("\r\nBcc: evil@evil.example"), "", "s", "v")
@example(_hidden("\r\n\r\nBuy now at evil.example\r\n"), "", "s", "v")
@example("=?utf-8?q?=0D=0ABcc:evil@x.y?=", "=?x?q?", _hidden("\r\nBcc: x@y.z"), "\r\nBcc: x@y.z")
@example("Ada\0B", "\x1b[31m", "a\0b", "\0")
def test_no_text_adds_a_header_or_changes_the_body(
    name: str, ours: str, subject: str, header: str
) -> None:
    """No name, subject or header value starts a header, adds a recipient or ends the headers."""
    sly = replace(
        LETTER,
        sender=Mailbox(ours, "brief@example.org"),
        reply_to=Mailbox(name, "editors@example.org"),
        subject=subject,
        headers=(*LETTER.headers, ("X-Any", header)),
    )
    raw = message(sly, ADA._replace(name=name))
    head, _, _body = raw.partition(b"\r\n\r\n")
    assert b"\0" not in head
    assert not set("\r\n") & set(head.replace(b"\r\n", b"").decode())
    mail = _parsed(raw)
    assert Counter(mail.keys()) == Counter([*HEADERS, "X-Any"])
    assert [address.addr_spec for address in mail["To"].addresses] == [ADA.address]
    assert [address.addr_spec for address in mail["From"].addresses] == ["brief@example.org"]
    assert [address.addr_spec for address in mail["Reply-To"].addresses] == ["editors@example.org"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    expected = fill(LETTER.text, ADA._replace(name=name).replacements(LETTER.nonce))
    assert plain.get_content().splitlines() == expected.splitlines()


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "Löve, Ada",
        'Grace "Amazing" Hopper',
        "a\\b",
        "이영희",
        "=?utf-8?q?Ada?=",
        "word " * 40,
    ],
)
def test_a_name_reads_as_it_was_written(name: str) -> None:
    raw = email.message_from_bytes(message(LETTER, ADA._replace(name=name)))
    phrase, address = parseaddr(raw["To"])
    assert (str(make_header(decode_header(phrase))), address) == (name.strip(), ADA.address)


@pytest.mark.parametrize(
    "address", ["=?utf-8?q?a=0D=0Ab?=@x.org", "ada@=?utf-8?q?x?=", 'a"\r\n"@x.org', "a\0@x.org"]
)
def test_an_address_that_hides_another_one_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        message(LETTER, ADA._replace(address=address))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sender": Mailbox("P", "bücher@example.org")}, "the address of sender"),
        ({"reply_to": Mailbox("", "nobody")}, "the address of reply_to"),
        ({"headers": (("X-A", "1"), ("x-a", "2"))}, "x-a is there twice"),
        ({"headers": (("Bcc:", "1"),)}, "not a valid header name"),
        ({"headers": (("From", "a@example.org"),)}, "From is reserved"),
        ({"headers": (("X-A", "1\r\nBcc: a@example.org"),)}, "one line of ASCII"),
    ],
)
def test_a_letter_that_cannot_be_sent_is_rejected(changes: dict[str, Any], problem: str) -> None:
    require(LETTER)
    with pytest.raises(LetterError, match=problem):
        require(replace(LETTER, **changes))
