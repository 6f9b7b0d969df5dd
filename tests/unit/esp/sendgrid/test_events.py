"""SendGrid's events: which requests are genuine, and what they say."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import ConfigurationError
from newsletter.esp.sendgrid.events import SIGNATURE, TIMESTAMP, Verifier, read
from newsletter.model.event import DropReason, Event, EventKind
from tests.fakes import webhook
from tests.fakes.webhook import Webhook

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HOOK = Webhook()
BODY = webhook.body([webhook.event("delivered", 1, NOW, "nl-abc")])


def _genuine(body: bytes, *, at: datetime = NOW, **changed: str) -> bool:
    headers = HOOK.headers(BODY, at) | changed
    return Verifier(HOOK.public_key).genuine(body, headers[SIGNATURE], headers[TIMESTAMP], NOW)


def _one(**fields: object) -> Event:
    return next(read(json.dumps([{"timestamp": 1_700_000_000, **fields}]).encode()))


def test_a_signed_request_is_genuine() -> None:
    assert _genuine(BODY)


@pytest.mark.parametrize(
    "body", [BODY.rstrip(), BODY.replace(b"\r\n", b"\n"), BODY + b" ", b"", BODY[:-3] + b"}]\r"]
)
def test_any_other_byte_makes_it_false(body: bytes) -> None:
    assert not _genuine(body)


def test_every_flipped_bit_makes_it_false() -> None:
    for place in range(0, len(BODY), 7):
        flipped = bytearray(BODY)
        flipped[place] ^= 1
        assert not _genuine(bytes(flipped))


@pytest.mark.parametrize(
    ("age", "genuine"),
    [
        (timedelta(hours=47), True),
        (timedelta(hours=49), False),
        (timedelta(days=3000), False),
        (-timedelta(minutes=5), True),
        (-timedelta(hours=1), False),
    ],
)
def test_old_and_future_requests_are_not_genuine(age: timedelta, *, genuine: bool) -> None:
    assert _genuine(BODY, at=NOW - age) is genuine


@given(st.binary(max_size=80), st.text(max_size=120), st.text(max_size=20))
def test_no_request_raises(body: bytes, signature: str, timestamp: str) -> None:
    verifier = Verifier(HOOK.public_key)
    assert verifier.genuine(body, signature, timestamp, NOW) is False
    assert verifier.genuine(body, signature, str(int(NOW.timestamp())), NOW) is False


def test_another_key_did_not_sign_it() -> None:
    headers = Webhook().headers(BODY, NOW)
    verifier = Verifier(HOOK.public_key)
    assert not verifier.genuine(BODY, headers[SIGNATURE], headers[TIMESTAMP], NOW)


@pytest.mark.parametrize("key", ["nonsense", "TUZrdw==", "-----BEGIN PUBLIC KEY-----"])
def test_a_key_that_is_none_is_refused_with_the_place_to_find_it(key: str) -> None:
    with pytest.raises(ConfigurationError, match="Event Webhook"):
        Verifier(key)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"event": "processed"}, EventKind.PROCESSED),
        ({"event": "delivered"}, EventKind.DELIVERED),
        ({"event": "deferred"}, EventKind.DEFERRED),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, EventKind.BOUNCED),
        (
            {"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"},
            EventKind.BOUNCED,
        ),
        ({"event": "bounce", "type": "bounce"}, EventKind.BOUNCED),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, EventKind.SOFT_BOUNCED),
        (
            {"event": "bounce", "type": "bounce", "bounce_classification": "Mailbox Unavailable"},
            EventKind.SOFT_BOUNCED,
        ),
        (
            {"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"},
            EventKind.BLOCKED,
        ),
        ({"event": "bounce", "type": "blocked", "status": "5.7.1"}, EventKind.BLOCKED),
        ({"event": "dropped", "reason": "Bounced Address"}, EventKind.DROPPED),
        ({"event": "spamreport"}, EventKind.COMPLAINED),
        ({"event": "unsubscribe"}, EventKind.UNSUBSCRIBED_ALL),
        ({"event": "group_unsubscribe"}, EventKind.UNSUBSCRIBED),
        ({"event": "group_resubscribe"}, EventKind.OTHER),
        ({"event": "open", "sg_machine_open": True}, EventKind.OPENED),
        ({"event": "click", "url": "https://www.example.org/1"}, EventKind.CLICKED),
        ({"event": "account_status_change"}, EventKind.OTHER),
        ({"event": ["list"]}, EventKind.OTHER),
        ({}, EventKind.OTHER),
    ],
)
def test_the_kinds_of_events(fields: dict[str, object], kind: EventKind) -> None:
    assert _one(**fields).kind is kind


@pytest.mark.parametrize(
    ("reason", "drop"),
    [
        ("Bounced Address", DropReason.BOUNCED),
        ("Unsubscribed Address", DropReason.UNSUBSCRIBED),
        ("Spam Reporting Address", DropReason.COMPLAINED),
        ("Invalid", DropReason.INVALID),
        ("Invalid SMTPAPI header", DropReason.OTHER),
        ("Recipient List over Package Quota", DropReason.OTHER),
        ("Spam Content (if Spam Checker app is enabled)", DropReason.OTHER),
    ],
)
def test_why_an_email_was_dropped(reason: str, drop: DropReason) -> None:
    assert _one(event="dropped", reason=reason).drop is drop


def test_a_reason_has_no_address() -> None:
    reason = "550 5.1.1 <Ada@Example.org>: no user ada@example.org here, see bob@other.example"
    found = _one(event="bounce", email="Ada@Example.org", reason=reason)
    assert found.reason == "550 5.1.1 (an address) no user (an address) here, see (an address)"
    assert found.address_key == "ada@example.org"


def test_our_mark_is_found_among_the_categories() -> None:
    assert _one(category="nl-1").origin == "nl-1"
    assert _one(category=["weekly", "nl-1"]).origin == "nl-1"
    assert _one(category=[None, 3]).origin == _one().origin == ""


def test_an_event_without_an_id_gets_one_from_its_content() -> None:
    first, again = _one(event="open", email="a"), _one(email="a", event="open")
    assert first.id == again.id
    assert _one(event="open", email="b").id != first.id
    assert _one(sg_event_id="x" * 200, event="open").id.startswith("digest:")


def test_one_object_per_line_is_read_too() -> None:
    lines = b'{"event":"open","timestamp":1}\n\n{"event":"click","timestamp":2}\r\n'
    assert [found.kind for found in read(lines)] == [EventKind.OPENED, EventKind.CLICKED]


@pytest.mark.parametrize("timestamp", [None, "now", True, -1, 10**18, 1e400, float("nan")])
def test_what_has_no_time_is_not_an_event(timestamp: object) -> None:
    raw = json.dumps([{"event": "open", "timestamp": timestamp}])
    try:
        assert not list(read(raw.encode()))
    except ValueError:
        assert "NaN" in raw or "Infinity" in raw


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["event", "timestamp", "email", "category", "reason", "type", "status", "sg_event_id", "url"]
)


@given(st.lists(st.dictionaries(NAMES, JSON) | JSON, max_size=4))
def test_any_json_gives_events_or_nothing(content: list[object]) -> None:
    raw = json.dumps(content).encode()
    try:
        found = list(read(raw))
    except ValueError:
        return
    assert all(isinstance(event, Event) for event in found)
