"""SMTP, one message per recipient: what is known of each when something breaks."""

import itertools

import pytest

from newsletter.errors import ConfigurationError
from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict
from newsletter.esp.smtp import Limits, Server, SmtpSender
from newsletter.send.headers import letter
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.smtp import Mailbox, Smtp

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
PEOPLE = [Recipient(f"7-{n}", f"reader{n}@example.net", "", f"tok{n}") for n in range(1, 5)]


def _submit(*faults: str, attempt: int = 1) -> tuple[Outcome, Mailbox]:
    with Smtp(faults) as server:
        outcome = SmtpSender(server.url).submit(Shipment(f"7.1:{attempt}", LETTER, PEOPLE))
        return outcome, server.mailbox


def test_one_session_carries_the_whole_batch() -> None:
    outcome, mailbox = _submit()
    assert outcome.verdict is Verdict.ACCEPTED
    assert (mailbox.sessions, len(mailbox.messages)) == (1, 4)


@pytest.mark.parametrize("fault", ["rcpt_550", "data_550"])
def test_a_final_no_refuses_one_recipient_and_the_rest_goes_on(fault: str) -> None:
    outcome, mailbox = _submit("ok", fault)
    assert outcome.verdict is Verdict.ACCEPTED
    assert list(outcome.refused) == ["7-2"]
    assert "@" not in outcome.refused["7-2"]
    assert len(mailbox.messages) == 3


def test_not_now_leaves_one_recipient_for_a_later_attempt() -> None:
    outcome, mailbox = _submit("rcpt_450")
    assert outcome.verdict is Verdict.UNSENT
    assert outcome.reached == ("7-2", "7-3", "7-4")
    assert outcome.wait
    assert len(mailbox.messages) == 3


def test_not_now_counts_as_no_after_many_attempts() -> None:
    outcome, _mailbox = _submit("rcpt_450", attempt=10)
    assert (outcome.verdict, list(outcome.refused)) == (Verdict.ACCEPTED, ["7-1"])


def test_a_connection_cut_after_the_message_leaves_only_that_one_in_doubt() -> None:
    outcome, mailbox = _submit("ok", "accept_drop")
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.reached == ("7-1",)
    assert outcome.unsent == ("7-3", "7-4")
    assert len(mailbox.messages) == 2


def test_a_connection_cut_before_the_message_leaves_nobody_in_doubt() -> None:
    outcome, mailbox = _submit("ok", "drop")
    assert (outcome.verdict, outcome.reached) == (Verdict.UNSENT, ("7-1",))
    assert len(mailbox.messages) == 1


def test_nobody_listening_is_provably_unsent() -> None:
    outcome = SmtpSender("smtp://127.0.0.1:9").submit(Shipment("7.1:1", LETTER, PEOPLE))
    assert (outcome.verdict, outcome.stop, outcome.wait) == (Verdict.UNSENT, False, None)


def test_a_batch_that_takes_too_long_is_given_back() -> None:
    ticks = itertools.count(0, 20)
    with Smtp() as server:
        sender = SmtpSender(server.url, limits=Limits(batch=45), ticks=lambda: float(next(ticks)))
        outcome = sender.submit(Shipment("7.1:1", LETTER, PEOPLE))
    assert (outcome.verdict, outcome.reached, outcome.wait) == (
        Verdict.UNSENT,
        ("7-1", "7-2"),
        0.0,
    )


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", Server("mail.example.org", 587)),
        ("smtps://u:p%40ss@mail.example.org", Server("mail.example.org", 465, "u", "p@ss", True)),
        ("smtp://u@127.0.0.1:2525", Server("127.0.0.1", 2525, "u")),
    ],
)
def test_urls_are_read(url: str, server: Server) -> None:
    assert Server.parse(url) == server


@pytest.mark.parametrize("url", ["", "http://mail.example.org", "smtp://", "smtp://x:port"])
def test_other_urls_are_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_URL"):
        SmtpSender(url)


def test_a_password_never_leaves_this_machine_without_tls() -> None:
    assert Server.parse("smtp://u:p@127.0.0.1").near
    assert Server.parse("smtp://u:p@localhost").near
    assert not Server.parse("smtp://u:p@mail.example.org").near
