"""What emails that came back are, in the shapes that servers give them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.esp.returned.reading import LARGEST, Returned, ReturnKind, read
from newsletter.model.event import EventKind
from tests.fakes import returned
from tests.fakes.clocks import stopped_after
from tests.fakes.returned import DELIVERY, ORIGINAL, TOKEN, complaint, plain, report

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BOUNCE, DEAD = ReturnKind.BOUNCE, EventKind.BOUNCED
SOFT, POLICY = EventKind.SOFT_BOUNCED, EventKind.BLOCKED

REPORTS = [
    # status, words of the server, what it means
    ("5.1.1", "550 5.1.1 <reader3@example.net>: Recipient address rejected: User unknown", DEAD),
    ("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist.", DEAD),
    ("5.2.1", "550-5.2.1 The email account that you tried to reach is disabled.", DEAD),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", DEAD),
    ("5.0.0", "550 No such user here", DEAD),
    ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account", DEAD),
    ("5.7.1", "550 5.7.1 Unknown recipient reader3", DEAD),
    ("5.4.4", "Host or domain name not found. Name service error for name=example.nett", DEAD),
    ("5.1.2", "550 Host unknown", DEAD),
    ("5.5.0", "550 Requested action not taken: mailbox unavailable", DEAD),
    ("5.1.1", "smtp; 550 Benutzer unbekannt", DEAD),
    ("5.1.0", "550 5.1.0 Address rejected", DEAD),
    ("5.2.2", "552-5.2.2 The email account that you tried to reach is over quota", SOFT),
    ("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", SOFT),
    ("4.2.2", "452 4.2.2 The recipient's mailbox is full", SOFT),
    ("5.0.0", "552 Requested mail action aborted: exceeded storage allocation", SOFT),
    ("5.7.1", "550 5.2.2 Quota exceeded", SOFT),
    ("4.4.1", "connect to mx.example.net[192.0.2.1]:25: Connection timed out", SOFT),
    ("4.4.7", "Delivery time expired", SOFT),
    ("5.4.6", "554 5.4.6 Hop count exceeded - possible mail loop", SOFT),
    ("5.3.4", "552 5.3.4 Message size exceeds fixed limit", SOFT),
    ("5.7.1", "554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org", POLICY),
    (
        "5.7.26",
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated",
        POLICY,
    ),
    ("5.7.606", "550 5.7.606 Access denied, banned sending IP", POLICY),
    ("5.7.515", "550 5.7.515 Access denied, sending domain does not meet DMARC", POLICY),
    ("5.6.0", "554 5.6.0 Message content rejected due to spam", POLICY),
    ("5.0.0", "554 Message refused: looks like spam", POLICY),
    ("4.7.1", "450 4.7.1 Greylisted, please try again later", POLICY),
    ("4.7.28", "421-4.7.28 unusual rate of unsolicited mail", POLICY),
    ("5.7.0", "550 5.7.0 Local Policy Violation", POLICY),
]


def _read(raw: bytes) -> Returned:
    return read(raw, now=NOW)


@pytest.mark.parametrize(("status", "words", "event"), REPORTS)
def test_delivery_reports(status: str, words: str, event: EventKind) -> None:
    found = _read(report(status, words))
    assert (found.kind, found.event) == (BOUNCE, event)
    assert "@" not in found.reason


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("delayed", EventKind.DEFERRED),
        ("delivered", EventKind.DELIVERED),
        ("relayed", EventKind.DELIVERED),
    ],
)
def test_reports_that_are_not_failures(action: str, event: EventKind) -> None:
    assert _read(report("4.4.1", "timeout", action=action)).event is event


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        (returned.EXIM, DEAD),
        (returned.QMAIL, DEAD),
        (returned.QMAIL_FULL, SOFT),
        (returned.POSTFIX_TEXT, DEAD),
        (returned.OTHER_SERVERS["sendmail"], DEAD),
        (returned.OTHER_SERVERS["yahoo"], DEAD),
        (returned.OTHER_SERVERS["exchange"], DEAD),
        (returned.OTHER_SERVERS["gmail"], DEAD),
        (returned.OTHER_SERVERS["courier"], DEAD),
        (returned.OTHER_SERVERS["domino"], DEAD),
        (returned.OTHER_SERVERS["exim_full"], SOFT),
        (returned.OTHER_SERVERS["policy"], POLICY),
        (returned.OTHER_SERVERS["exim_warn"], EventKind.DEFERRED),
    ],
)
def test_bounces_in_free_text(raw: bytes, event: EventKind) -> None:
    found = _read(raw)
    assert (found.kind, found.event) == (BOUNCE, event)


@pytest.mark.parametrize(
    ("kind", "found", "event"),
    [
        ("abuse", ReturnKind.COMPLAINT, EventKind.COMPLAINED),
        ("fraud", ReturnKind.COMPLAINT, EventKind.COMPLAINED),
        ("opt-out", ReturnKind.COMPLAINT, EventKind.UNSUBSCRIBED),
        ("opt-out-list", ReturnKind.COMPLAINT, EventKind.UNSUBSCRIBED),
        ("not-spam", ReturnKind.OTHER, None),
        ("virus", ReturnKind.OTHER, None),
        ("auth-failure", ReturnKind.OTHER, None),
    ],
)
def test_complaints(kind: str, found: ReturnKind, event: EventKind | None) -> None:
    read_back = _read(complaint(kind))
    assert (read_back.kind, read_back.event) == (found, event)


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Re: Edition 1", {"Auto-Submitted": "auto-replied"}),
        ("Re: Edition 1", {"Auto-Submitted": "auto-replied (vacation)"}),
        ("Out of office", {"X-Autoreply": "yes"}),
        ("Out of Office: Edition 1", {}),
        ("Automatic reply: Edition 1", {}),
        ("Abwesenheitsnotiz", {}),
        ("Réponse automatique : absence", {}),
        ("Respuesta automática", {}),
        ("부재중 알림", {}),
    ],
)
def test_automatic_replies_are_not_bounces(subject: str, headers: dict[str, str]) -> None:
    raw = plain(
        "Ada <ada@example.net>", subject, "I am away until Monday. 550 user unknown.", **headers
    )
    found = _read(raw)
    assert (found.kind, found.event) == (ReturnKind.AUTOMATIC, None)


@pytest.mark.parametrize(
    "raw",
    [
        plain("Ada <ada@example.net>", "Thank you", "I liked the article about ports."),
        plain("Bob <bob@example.net>", "Unsubscribe", "Please take me off the list."),
        plain("spam@example.net", "You have won", "Click here."),
        b"",
        b"\0\xff\xfe",
        b"Subject: =?utf-8?q?=00?=\n\n",
    ],
)
def test_other_emails_mean_nothing(raw: bytes) -> None:
    found = _read(raw)
    assert (found.kind, found.event) == (ReturnKind.OTHER, None)


@pytest.mark.parametrize("before", ["", "Re: ", "unsubscribe "])
def test_an_unsubscribe_by_email_names_its_token(before: str) -> None:
    found = _read(plain("ada@example.net", f"{before}{TOKEN.upper()}", "-"))
    assert (found.kind, found.subject_token) == (ReturnKind.UNSUBSCRIBE, TOKEN)


def test_what_the_returned_email_names() -> None:
    for raw in (report("5.1.1", "no"), complaint(), returned.EXIM + ORIGINAL.encode()):
        found = _read(raw)
        assert DELIVERY in found.deliveries or raw.startswith(returned.EXIM[:20])
        assert TOKEN in found.tokens or raw.startswith(returned.EXIM[:20])
    assert "bounces@example.org" in " ".join(_read(report("5.1.1", "no")).to)
    assert read(b"", envelope_to="b+1-2-a@example.org", now=NOW).to == ("b+1-2-a@example.org",)


def test_the_time_is_when_it_was_written_but_never_in_the_future() -> None:
    assert _read(report("5.1.1", "no")).at == datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
    early = datetime(2026, 11, 23, tzinfo=UTC)
    assert read(report("5.1.1", "no"), now=early).at == early
    assert _read(plain("a@example.net", "x", "y", Date="yesterday")).at <= NOW


def test_nested_and_large_emails_are_bounded() -> None:
    nested = b"Content-Type: message/rfc822\n\n" * 5000 + ORIGINAL.encode()
    assert _read(nested).kind is ReturnKind.OTHER
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(300)
    )
    assert _read(parts).event is None
    huge = report("5.1.1", "no", original="x" * (LARGEST * 4))
    assert _read(huge).event is DEAD


@pytest.mark.parametrize("mark", ["", ".0a1b2c3d"])
def test_a_message_id_names_its_delivery_with_a_mark_and_without(mark: str) -> None:
    original = ORIGINAL.replace(DELIVERY, DELIVERY + mark)
    assert _read(report("5.1.1", "no", original=original)).deliveries == (DELIVERY,)


@pytest.mark.parametrize("name", ["Subject", "Date", "From", "Auto-Submitted"])
@pytest.mark.parametrize("word", ["=?utf-8?b?", "=?a?b?QQ==", "=?utf-8?b?QQQQQ?= ", "=?x?q?a?= "])
def test_a_header_of_encoded_words_is_read_in_linear_time(name: str, word: str) -> None:
    raw = f"{name}: {word * (LARGEST // len(word))}\n\nHello".encode()
    with stopped_after(10):
        assert _read(raw).event is None


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "1 Jan 99999999999 00:00:00",
        "1 Jan 2026 00:00 +99999999999",
    ],
)
def test_a_date_that_no_calendar_has_is_ignored(date: str) -> None:
    assert _read(plain("a@example.net", "x", "y", Date=date)).at == NOW


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert isinstance(_read(raw), Returned)


@given(st.data())
def test_any_damage_is_read(data: st.DataObject) -> None:
    raw = bytearray(
        data.draw(st.sampled_from([report("5.1.1", "no"), complaint(), returned.QMAIL]))
    )
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(_read(bytes(raw)), Returned)
