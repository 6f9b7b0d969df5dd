"""SMTP, one message per recipient: what is known about each when something breaks."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from newsletter.errors import ConfigurationError
from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender, SmtpTimeouts
from newsletter.esp.smtp.server import Security, SmtpServer, smtp_problem
from newsletter.esp.wire.pool import Patience
from newsletter.model.publication import Mailbox as Sender
from newsletter.model.return_path import ReturnPaths
from newsletter.send.courier import MARGIN
from newsletter.send.headers import letter
from tests.fakes.esmtp import Esmtp
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.smtp import Mailbox, Smtp

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)


USUAL = SmtpTimeouts()
QUICK = SmtpTimeouts(answer=0.4, batch=0.8, total=1.2)


def _recipients(number: int) -> list[Recipient]:
    return [Recipient(f"7-{n}", f"reader{n}@example.net", "", "t") for n in range(1, number + 1)]


Submit = Callable[..., tuple[Outcome, Mailbox]]
SERVERS: dict[str, Callable[[tuple[str, ...]], Smtp | Esmtp]] = {
    "plain": Smtp,
    "pipelining": partial(Esmtp, offers=("PIPELINING",)),
    "chunking": partial(Esmtp, offers=("CHUNKING",)),
    "both": Esmtp,
}


@pytest.fixture(params=SERVERS)
def submit(request: pytest.FixtureRequest) -> Submit:
    """Return a function that submits a shipment to a server with these faults."""

    def call(
        *faults: str, people: int = 4, last: bool = False, limits: SmtpTimeouts = USUAL
    ) -> tuple[Outcome, Mailbox]:
        with SERVERS[request.param](faults) as server:
            shipment = Shipment("7.1:1", LETTER, _recipients(people), last)
            return SmtpSender(server.url, timeouts=limits).submit(shipment), server.mailbox

    return call


RECIPIENTS = _recipients(4)


def test_one_session_carries_the_whole_batch(submit: Submit) -> None:
    outcome, mailbox = submit()
    assert outcome.verdict is Verdict.ACCEPTED
    assert (mailbox.sessions, len(mailbox.messages)) == (1, 4)


@pytest.mark.parametrize("fault", ["rcpt_550", "data_550"])
def test_a_permanent_refusal_concerns_one_recipient_and_the_rest_continues(
    submit: Submit, fault: str
) -> None:
    outcome, mailbox = submit("ok", fault)
    assert outcome.verdict is Verdict.ACCEPTED
    assert list(outcome.refused) == ["7-2"]
    assert "@" not in outcome.refused["7-2"]
    assert len(mailbox.messages) == 3


def test_a_deferral_leaves_one_recipient_for_a_later_attempt(submit: Submit) -> None:
    outcome, mailbox = submit("rcpt_450")
    assert outcome.verdict is Verdict.UNSENT
    assert outcome.reached == ("7-2", "7-3", "7-4")
    assert outcome.wait
    assert outcome.deferred
    assert len(mailbox.messages) == 3


def test_a_deferral_of_the_last_attempt_is_a_refusal(submit: Submit) -> None:
    outcome, _mailbox = submit("rcpt_450", last=True)
    assert (outcome.verdict, list(outcome.refused)) == (Verdict.ACCEPTED, ["7-1"])


@pytest.mark.parametrize("fault", ["mail_450", "rcpt_421", "data_421"])
def test_a_busy_server_makes_the_provider_wait(submit: Submit, fault: str) -> None:
    outcome, mailbox = submit("ok", fault, last=True)
    assert (outcome.verdict, outcome.stop, outcome.deferred) == (Verdict.UNSENT, False, False)
    assert (outcome.wait, outcome.reached, outcome.refused) == (300.0, ("7-1",), {})
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    ("reply", "people", "stopped"),
    [
        ("554 5.7.1 Relay access denied", 50, True),
        ("550 no", 3, True),
        ("550 no", 2, False),
        ("550 5.1.1 unknown", 1, False),
        ("550 5.1.1 unknown", 9, False),
        ("550 5.1.1 unknown", 10, True),
    ],
)
@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_server_that_refuses_all_recipients_equally_refuses_us(
    submit: Submit, step: str, reply: str, people: int, stopped: bool
) -> None:
    outcome, _mailbox = submit(*[f"{step}_{reply}"] * people, people=people)
    if stopped:
        assert (outcome.verdict, outcome.stop, outcome.refused) == (Verdict.UNSENT, True, {})
        assert f"{people} of {people}" in outcome.reason
    else:
        assert (outcome.verdict, len(outcome.refused)) == (Verdict.ACCEPTED, people)


@pytest.mark.parametrize(("accepted", "stopped"), [(3, True), (4, False)])
def test_most_recipients_refused_equally_is_not_about_mailboxes_either(
    submit: Submit, accepted: int, stopped: bool
) -> None:
    faults = ["ok"] * accepted + ["rcpt_550 5.7.1"] * 12
    outcome, mailbox = submit(*faults, people=len(faults))
    assert outcome.stop is stopped
    assert len(mailbox.messages) == accepted
    if stopped:
        assert outcome.verdict is Verdict.UNSENT
        assert outcome.reached == ("7-1", "7-2", "7-3")
        assert not outcome.refused


def test_all_recipients_refused_for_different_reasons_is_about_mailboxes(submit: Submit) -> None:
    outcome, _mailbox = submit("rcpt_550", "rcpt_551", "rcpt_552", "rcpt_553")
    assert (outcome.verdict, len(outcome.refused)) == (Verdict.ACCEPTED, 4)


@pytest.mark.parametrize("fault", ["garbled", "data_slow", "drip", "accept_drop", "data_354"])
def test_an_unclear_answer_to_a_message_leaves_it_in_doubt(submit: Submit, fault: str) -> None:
    outcome, _mailbox = submit("ok", fault, limits=QUICK)
    assert (outcome.verdict, outcome.refused) == (Verdict.UNKNOWN, {})
    assert (outcome.reached, outcome.unsent) == (("7-1",), ("7-3", "7-4"))


def test_an_invalid_answer_before_the_message_leaves_no_one_in_doubt(submit: Submit) -> None:
    outcome, _mailbox = submit("ok", "rcpt_what?")
    assert (outcome.verdict, outcome.reached) == (Verdict.UNSENT, ("7-1",))
    assert "answer is invalid" in outcome.reason


def test_a_slowly_dripping_server_ends_at_the_deadline(submit: Submit) -> None:
    # The server takes ten seconds for a good answer, never five for a part of it.
    limits = SmtpTimeouts(answer=5.0, batch=5.0, total=0.5)
    outcome, _mailbox = submit("drip", limits=limits)
    assert outcome.verdict is Verdict.UNKNOWN


def test_a_slowly_dripping_greeting_is_provably_unsent_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=_drip, args=(server,))
        dripping.start()
        url = f"smtp://127.0.0.1:{server.getsockname()[1]}"
        outcome = SmtpSender(url, timeouts=QUICK).submit(Shipment("7.1:1", LETTER, RECIPIENTS))
        assert dripping.is_alive(), "it did not wait for the end"
        dripping.join()
    assert (outcome.verdict, outcome.stop, outcome.wait) == (Verdict.UNSENT, False, None)


def _drip(server: socket.socket) -> None:
    connection, _address = server.accept()
    with connection, suppress(OSError):
        for _ in range(100):
            connection.sendall(b"2")
            time.sleep(0.05)


def test_a_call_ends_before_the_lease() -> None:
    assert max(SmtpTimeouts().total, Patience().total) < MARGIN.total_seconds()


def test_a_reported_reply_has_no_control_characters_and_no_address(submit: Submit) -> None:
    outcome, _mailbox = submit("rcpt_550 \x00\x1b[31m\x85")
    assert outcome.refused["7-1"].isprintable()
    assert "@" not in outcome.refused["7-1"]


def test_an_international_domain_is_ascii_in_the_envelope_too() -> None:
    people = [RECIPIENTS[0]._replace(address="ada@münchen.example"), *RECIPIENTS[1:]]
    with Smtp() as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, people))
        assert (outcome.verdict, outcome.refused) == (Verdict.ACCEPTED, {})
        assert server.mailbox.copies()["ada@xn--mnchen-3ya.example"] == 1


def test_an_invalid_sender_address_refuses_no_recipient() -> None:
    wrong = replace(LETTER, sender=Sender("P", "bücher@example.org"))
    outcome = SmtpSender("smtp://127.0.0.1:9").submit(Shipment("7.1:1", wrong, RECIPIENTS))
    assert (outcome.verdict, outcome.stop, outcome.refused) == (Verdict.UNSENT, True, {})


def test_a_connection_cut_after_the_message_leaves_only_that_one_in_doubt(submit: Submit) -> None:
    outcome, mailbox = submit("ok", "accept_drop")
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.reached == ("7-1",)
    assert outcome.unsent == ("7-3", "7-4")
    assert len(mailbox.messages) == 2


def test_a_connection_cut_before_the_message_leaves_no_one_in_doubt(submit: Submit) -> None:
    outcome, mailbox = submit("ok", "drop")
    assert (outcome.verdict, outcome.reached) == (Verdict.UNSENT, ("7-1",))
    assert len(mailbox.messages) == 1


def test_a_refused_connection_is_provably_unsent() -> None:
    outcome = SmtpSender("smtp://127.0.0.1:9").submit(Shipment("7.1:1", LETTER, RECIPIENTS))
    assert (outcome.verdict, outcome.stop, outcome.wait) == (Verdict.UNSENT, False, None)


@pytest.mark.parametrize(
    ("faults", "reached", "wait"),
    [((), ("7-1", "7-2", "7-3"), 0.0), (["rcpt_450"] * 3, (), 300.0)],
)
def test_a_batch_that_takes_too_long_is_given_back(
    faults: list[str], reached: tuple[str, ...], wait: float
) -> None:
    """If all recipients so far were deferred, the rest waits with them."""
    with Smtp(faults) as server:
        ticks = _Ticks(server.mailbox)
        sender = SmtpSender(server.url, timeouts=SmtpTimeouts(batch=45), ticks=ticks)
        outcome = sender.submit(Shipment("7.1:1", LETTER, RECIPIENTS))
    assert (outcome.verdict, outcome.reached, outcome.wait) == (Verdict.UNSENT, reached, wait)


class _Ticks:
    """A clock on which every message takes twenty seconds."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._faults = len(mailbox.faults)

    def __call__(self) -> float:
        gone = len(self._mailbox.messages) + self._faults - len(self._mailbox.faults)
        return 20.0 * gone


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 587)),
        (
            "smtps://u:p%40ss@mail.example.org",
            SmtpServer("mail.example.org", 465, "u", "p@ss", Security.IMPLICIT),
        ),
        ("smtp://u@127.0.0.1:2525", SmtpServer("127.0.0.1", 2525, "u", security=Security.OFFERED)),
    ],
)
def test_smtp_urls_are_parsed(url: str, server: SmtpServer) -> None:
    assert SmtpServer.parse(url) == server


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "expected smtp://"),
        ("http://mail.example.org", "expected smtp://"),
        ("smtp://", "expected smtp://"),
        ("smtp://x:port", "expected smtp://"),
        ("smtp://u:p@ss/word@mail.example.org", "/ as %2F"),
        ("smtp://u:12#34@mail.example.org", "# as %23"),
        ("smtp://u:12?34@mail.example.org", "? as %3F"),
        ("smtp://mail.example.org?tls=no", "expected ?tls=off"),
        ("smtp://mail.example.org?verify=off", "unknown option ?verify="),
        ("smtp://mail.example.org?ca=own.pem", "absolute path"),
        ("smtp://mail.example.org?ca=/nowhere/own.pem", "absolute path"),
        ("smtps://mail.example.org?tls=off", "contradicts"),
    ],
)
def test_other_urls_are_a_configuration_error(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SMTP_URL in \.env: ") as refused:
        SmtpSender(url)
    assert reason in str(refused.value)
    assert "word" not in str(refused.value).replace("password", "").replace("PASSWORD", "")
    assert smtp_problem(url) == str(refused.value).removeprefix("SMTP_URL in .env: ")


@pytest.mark.parametrize(
    ("url", "security"),
    [
        ("smtp://mail.example.org", Security.STARTTLS),
        ("smtp://u:p@mail.example.org", Security.STARTTLS),
        ("smtp://10.0.0.5", Security.STARTTLS),
        ("smtp://127.0.0.1.example.org", Security.STARTTLS),
        ("smtp://mail.example.org?tls=off", Security.OFF),
        ("smtp://localhost:25", Security.OFFERED),
        ("smtp://u:p@[::1]:25", Security.OFFERED),
        ("smtps://mail.example.org", Security.IMPLICIT),
    ],
)
def test_email_to_another_machine_is_encrypted_unless_the_owner_says_otherwise(
    url: str, security: Security
) -> None:
    """With or without a password."""
    assert SmtpServer.parse(url).security is security


def test_a_certificate_is_not_checked_only_on_this_machine_and_without_a_password() -> None:
    checked = {
        url: SmtpServer.parse(url).context().verify_mode is ssl.CERT_REQUIRED
        for url in (
            "smtp://localhost",
            "smtp://u:p@localhost",
            "smtp://h.example",
            "smtps://localhost",
        )
    }
    assert list(checked.values()) == [False, True, True, True]


def test_a_file_that_is_not_a_certificate_is_reported_at_startup(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_text("not a certificate")
    with pytest.raises(ConfigurationError, match=r"own\.pem of \?ca= cannot be used"):
        SmtpSender(f"smtp://localhost?ca={tmp_path / 'own.pem'}")


def test_each_message_has_its_own_envelope_sender_if_bounces_go_to_a_mailbox() -> None:
    paths = ReturnPaths("bounces@example.org", [b"k" * 40])
    with Smtp() as server:
        sender = SmtpSender(server.url)
        with_mailbox = replace(LETTER, return_path=paths.envelope_sender)
        sender.submit(Shipment("7.1:1", with_mailbox, _recipients(3)))
        sender.submit(Shipment("7.2:1", LETTER, _recipients(1)))
        senders = server.mailbox.senders
    assert [paths.read(address) for address in senders] == ["7-1", "7-2", "7-3", None]
    assert senders[-1] == PUBLICATION.sender.address
