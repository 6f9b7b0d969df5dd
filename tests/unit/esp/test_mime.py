"""A letter as a standard message."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from newsletter.esp.mime import AddressError, message
from newsletter.esp.port import Recipient
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


def test_every_header_that_bulk_mail_needs_is_there() -> None:
    mail = _parsed(message(LETTER, ADA))
    assert mail["List-Unsubscribe"] == f"<https://news.example.org/leave/{ADA.token}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-ID"] == '"The Weekly Brief" <weekly.example.org>'
    assert mail["Feedback-ID"] == "7:regular:weekly:exampleorg"
    assert mail["Message-ID"] == "<7-1@example.org>"
    assert mail["To"] == '"Löve, Ada" <ada@example.net>'
    assert mail["Date"].datetime == NOW


def test_a_long_address_in_a_header_is_neither_folded_nor_encoded() -> None:
    raw = message(LETTER, ADA)
    line = next(one for one in raw.split(b"\r\n") if one.startswith(b"List-Unsubscribe:"))
    assert ADA.token.encode() in line


def test_the_same_delivery_is_the_same_message() -> None:
    assert message(LETTER, ADA) == message(LETTER, ADA)


def test_no_line_is_longer_than_the_standard_allows() -> None:
    wide = replace(LETTER, html="x" * 5000, text="한국" * 3000, subject="한국 " * 60)
    assert max(map(len, message(wide, ADA).split(b"\r\n"))) <= 998


def test_a_name_cannot_begin_another_header() -> None:
    mail = _parsed(message(LETTER, ADA._replace(name="Ada\r\nBcc: eve@example.com")))
    assert "Bcc" not in mail
    assert mail["To"].addresses[0].addr_spec == "ada@example.net"


def test_a_domain_in_another_script_is_written_in_ascii() -> None:
    mail = _parsed(message(LETTER, ADA._replace(address="ada@münchen.example")))
    assert mail["To"].addresses[0].addr_spec == "ada@xn--mnchen-3ya.example"


@pytest.mark.parametrize("address", ["", "ada", "a b@x.org", "a@b@c", "josé@x.org", "a\nb@x.org"])
def test_an_address_that_cannot_stand_in_a_header_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        message(LETTER, ADA._replace(address=address))


def test_a_mail_address_for_leaving_is_named_only_where_one_is_configured() -> None:
    configured = replace(PUBLICATION, leave_mailto="leave@example.org")
    made = letter(configured, WEEKLY, sample_edition(), kind="regular", date=NOW)
    known = ADA._replace(token="tok")  # noqa: S106 - no password
    mail = _parsed(message(made, known))
    assert mail["List-Unsubscribe"] == (
        "<https://news.example.org/leave/tok>, <mailto:leave@example.org?subject=tok>"
    )


def test_a_title_in_another_script_is_encoded_in_the_list_id() -> None:
    korean = replace(WEEKLY, title="주간 소식")
    made = letter(PUBLICATION, korean, sample_edition(), kind="regular", date=NOW)
    (line,) = [one for one in message(made, ADA).split(b"\r\n") if one.startswith(b"List-ID")]
    assert line.startswith(b"List-ID: =?utf-8?")
    assert line.endswith(b"?= <weekly.example.org>")


def test_a_notice_says_that_no_person_wrote_it() -> None:
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
def test_a_subject_of_any_length_begins_on_its_own_line_and_reads_as_written(subject: str) -> None:
    raw = message(replace(LETTER, subject=subject), ADA)
    head = raw.partition(b"\r\n\r\n")[0]
    (line,) = [one for one in head.split(b"\r\n") if one.startswith(b"Subject:")]
    assert line.strip() != b"Subject:"
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert str(parsed["Subject"]).strip() == subject
