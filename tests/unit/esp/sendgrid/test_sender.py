"""SendGrid over the wire: how each answer is judged, and what the transport never does."""

import logging
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from email.message import Message
from pathlib import Path

import pytest

from newsletter.errors import ConfigurationError
from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict
from newsletter.esp.sendgrid.answers import judge
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.wire.pool import HttpAnswer, Patience
from newsletter.send.headers import letter
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.sendgrid import SendGrid

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
RECIPIENTS = [Recipient(f"7-{n}", f"reader{n}@example.net", "", f"tok{n}") for n in range(1, 4)]

Submit = Callable[..., tuple[Outcome, SendGrid]]


@pytest.fixture
def submit(tmp_path: Path) -> Iterator[Submit]:
    """Return a function that submits one shipment to a server with these faults."""
    with ExitStack() as stack:

        def call(
            *faults: str, times: int = 1, total: float = 0.5, sandbox: bool = False
        ) -> tuple[Outcome, SendGrid]:
            server = stack.enter_context(SendGrid(tmp_path / "ledger", faults))
            patience = Patience(connect=1.0, total=total)
            sender = SendGridSender("SG.secret", server.url, patience=patience, sandbox=sandbox)
            stack.callback(sender.close)
            outcome = Outcome(Verdict.UNSENT)
            for number in range(times):
                outcome = sender.submit(Shipment(f"7.{number + 1}:1", LETTER, RECIPIENTS))
            return outcome, server

        yield call


@pytest.mark.parametrize(
    ("fault", "verdict", "stop"),
    [
        ("ok", Verdict.ACCEPTED, False),
        ("accept_drop", Verdict.UNKNOWN, False),
        ("accept_500", Verdict.UNKNOWN, False),
        ("accept_slow", Verdict.UNKNOWN, False),
        ("drip", Verdict.UNKNOWN, False),
        ("reset", Verdict.UNKNOWN, False),
        ("503", Verdict.UNKNOWN, False),
        ("html_502", Verdict.UNKNOWN, False),
        ("redirect", Verdict.UNKNOWN, True),
        ("429", Verdict.UNSENT, False),
        ("400", Verdict.REFUSED, False),
        ("413", Verdict.REFUSED, False),
        ("103_late", Verdict.REFUSED, False),
        ("401", Verdict.UNSENT, True),
        ("403", Verdict.UNSENT, True),
    ],
)
def test_every_answer_is_judged_so_that_nothing_is_lost_or_duplicated(
    submit: Submit, fault: str, verdict: Verdict, stop: bool
) -> None:
    outcome, server = submit(fault)
    assert (outcome.verdict, outcome.stop) == (verdict, stop)
    assert len(server.heads) == 1, "the transport retried"


def test_a_slowly_dripping_answer_ends_at_the_deadline(submit: Submit) -> None:
    began = time.monotonic()
    outcome, _server = submit("drip", total=0.3)
    assert outcome.verdict is Verdict.UNKNOWN
    assert time.monotonic() - began < 8, "the answer takes more than eleven seconds"


def test_a_400_that_names_a_recipient_refuses_that_one(submit: Submit) -> None:
    outcome, _server = submit("400_one")
    assert outcome.verdict is Verdict.REFUSED
    assert outcome.refused == {"7-2": "SendGrid: Not a valid address."}


def test_the_index_of_a_400_counts_the_recipients_in_the_body(tmp_path: Path) -> None:
    recipients = [RECIPIENTS[0]._replace(address="bad address"), *RECIPIENTS[1:]]
    with SendGrid(tmp_path / "ledger", ["400_one"]) as server:
        sender = SendGridSender("SG.secret", server.url)
        outcome = sender.submit(Shipment("7.1:1", LETTER, recipients))
        sender.close()
    assert set(outcome.refused) == {"7-1", "7-3"}


@pytest.mark.parametrize(("fault", "least", "most"), [("429", 60, 61), ("429_reset", 1, 4)])
def test_a_429_waits_by_its_header(submit: Submit, fault: str, least: int, most: int) -> None:
    outcome, _server = submit(fault)
    assert outcome.wait is not None
    assert least <= outcome.wait <= most


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "1e9"}, 3600),
        ({"Retry-After": "nan"}, 60),
        ({"Retry-After": "inf"}, 60),
        ({"Retry-After": "1e999", "X-RateLimit-Reset": "1792567690", "Date": DATE}, 10),
        ({"X-RateLimit-Reset": "nan", "Date": DATE}, 60),
        ({"X-RateLimit-Reset": "1792567690"}, 60),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": DATE}, 30),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT"}, 60),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "1792567690", "Date": DATE}, 10),
        ({"Retry-After": "soon"}, 60),
        ({}, 60),
    ],
)
def test_the_wait_of_a_429_is_always_a_number(headers: dict[str, str], seconds: float) -> None:
    answered = Message()
    for name, value in headers.items():
        answered[name] = value
    outcome = judge("7.1:1", RECIPIENTS, {}, HttpAnswer(429, answered, b""))
    assert outcome.wait is not None
    assert 0 <= outcome.wait - seconds < 1


def test_an_interim_answer_is_not_taken_for_the_answer_to_the_next_request(tmp_path: Path) -> None:
    with SendGrid(tmp_path / "ledger", ["103_late", "ok", "503"]) as server:
        sender = SendGridSender("SG.secret", server.url)
        verdicts = [
            sender.submit(Shipment(f"7.{n}:1", LETTER, RECIPIENTS)).verdict for n in range(1, 4)
        ]
        sender.close()
        assert verdicts == [Verdict.REFUSED, Verdict.ACCEPTED, Verdict.UNKNOWN]
        assert server.connections == 1


def test_control_characters_in_an_answer_are_not_recorded(tmp_path: Path) -> None:
    with SendGrid(tmp_path / "ledger", ["nul", "400_nul"]) as server:
        sender = SendGridSender("SG.secret", server.url)
        accepted = sender.submit(Shipment("7.1:1", LETTER, RECIPIENTS))
        refused = sender.submit(Shipment("7.2:1", LETTER, RECIPIENTS))
        sender.close()
    assert (accepted.verdict, accepted.message_id) == (Verdict.ACCEPTED, "fake id")
    assert refused.reason == "HTTP 400: Not an address"
    assert refused.refused == {"7-2": "SendGrid: Not an address"}


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://eu.example/v3?who=ada@example.net", "https://eu.example"),
        ("https://ada:secret@eu.example:8443/ada", "https://eu.example"),
        ("/v3/ada", "another address"),
        ("https://[", "another address"),
        ("", "another address"),
    ],
)
def test_a_redirect_is_reported_by_its_host_alone(location: str, shown: str) -> None:
    answered = Message()
    answered["Location"] = location
    outcome = judge("7.1:1", RECIPIENTS, {}, HttpAnswer(302, answered, b""))
    assert outcome.reason == f"HTTP 302: redirected to {shown}, which is not followed"


def test_a_refused_connection_is_provably_unsent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outcome = SendGridSender("SG.k", f"http://127.0.0.1:{port}").submit(
        Shipment("7.1:1", LETTER, RECIPIENTS)
    )
    assert (outcome.verdict, outcome.stop) == (Verdict.UNSENT, False)


def test_connections_are_kept(submit: Submit) -> None:
    _outcome, server = submit(times=20)
    assert server.connections == 1


def test_few_of_many_editions_stay_in_memory() -> None:
    sender = SendGridSender("SG.secret", "http://127.0.0.1:1")
    size, editions = 100_000, 40
    tracemalloc.start()
    for number in range(editions):
        edition = replace(LETTER, html=LETTER.html + "x" * size)
        outcome = sender.submit(Shipment(f"7.{number}:1", edition, RECIPIENTS))
        assert outcome.verdict is Verdict.UNSENT
    kept, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    sender.close()
    assert kept < size * editions / 2


def test_a_connection_that_the_server_closed_is_not_used(submit: Submit) -> None:
    outcome, server = submit("ok", "accept_drop", "ok", times=3)
    assert outcome.verdict is Verdict.ACCEPTED
    assert server.connections == 2


def test_the_request_follows_the_vendors_conventions(submit: Submit) -> None:
    _outcome, server = submit()
    first, *lines = server.heads[0].split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    assert first == "POST /v3/mail/send HTTP/1.1"
    assert headers["authorization"] == "bearer sg.secret"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("sendgrid/")


def test_a_proxy_in_the_environment_is_not_used(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    outcome, _server = submit()
    assert outcome.verdict is Verdict.ACCEPTED


def test_neither_key_nor_address_reaches_a_log(
    submit: Submit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    submit("400_one")
    assert "SG.secret" not in caplog.text
    assert "reader1@" not in caplog.text


def test_the_vendors_logger_is_silenced_because_it_prints_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At debug level, a request of the package itself logs its headers and its body."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("python_http_client").setLevel(logging.NOTSET)
    SendGridSender("SG.secret")
    vendor = logging.getLogger("python_http_client.client")
    assert not vendor.isEnabledFor(logging.INFO)
    vendor.debug("HEADERS: Authorization: Bearer SG.secret")
    assert "SG.secret" not in caplog.text


def test_an_address_in_an_error_is_not_repeated(submit: Submit) -> None:
    outcome, _server = submit("400_one")
    assert "@" not in outcome.reason


def test_sandbox_mode_is_answered_with_200_and_sends_nothing(submit: Submit) -> None:
    outcome, server = submit(sandbox=True)
    assert server.bodies[0]["mail_settings"] == {"sandbox_mode": {"enable": True}}
    assert outcome.verdict is Verdict.ACCEPTED
    assert not server.ledger.copies()


def test_in_sandbox_mode_any_other_answer_is_not_an_acceptance(submit: Submit) -> None:
    outcome, _server = submit("503", sandbox=True)
    assert outcome.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "https://api.sendgrid.com"),
        ("global", "https://api.sendgrid.com"),
        ("eu", "https://api.eu.sendgrid.com"),
        ("https://api.eu.sendgrid.com/", "https://api.eu.sendgrid.com"),
    ],
)
def test_regions_are_those_of_the_package(host: str, url: str) -> None:
    assert SendGridSender("SG.k", host).host == url


@pytest.mark.parametrize(
    ("key", "host"),
    [
        *[("", ""), (" ", ""), ("schlüssel", ""), ("k", "moon")],
        *[("SG.se\ncret", ""), ("SG.se cret", ""), ("SG.secret\0", ""), ("SG.secret\n", "")],
        *[
            ("k", "http://api.sendgrid.com"),
            ("k", "http://127.0.0.1.example.org"),
            ("k", "https://"),
            ("k", "https://api.example.org?region=eu"),
            ("k", "https://api.example.org#eu"),
        ],
    ],
)
def test_an_invalid_key_or_host_is_refused_at_startup(key: str, host: str) -> None:
    with pytest.raises(ConfigurationError, match="SENDGRID_API_") as refused:
        SendGridSender(key, host)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"])
def test_a_key_may_travel_unencrypted_to_this_machine(host: str) -> None:
    assert SendGridSender("SG.k", host).host == host
