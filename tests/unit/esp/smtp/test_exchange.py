"""What travels over an SMTP connection: order, content, and how long the connection is used."""

import time
from dataclasses import replace

import pytest

from newsletter.esp.message.mime import message
from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.send.headers import letter
from tests.fakes.esmtp import ALL, Esmtp
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
OFFERS = ((), ("PIPELINING",), ("CHUNKING",), ("PIPELINING", "CHUNKING"))


def _recipients(number: int, first: int = 1) -> list[Recipient]:
    return [
        Recipient(f"7-{n}", f"reader{n}@example.net", f"Reader {n}", f"tok{n}")
        for n in range(first, first + number)
    ]


def _verbs(server: Esmtp) -> list[str]:
    return [command.split(" ")[0].upper() for command in server.commands]


@pytest.mark.parametrize("offers", OFFERS)
def test_a_message_arrives_byte_for_byte(offers: tuple[str, ...]) -> None:
    """Including lines that begin with a dot, which DATA would take for the end."""
    dotted = replace(LETTER, text=".\n..\n.x\n\n.", html=".<p>x</p>\n.\n")
    with Esmtp(offers=offers) as server:
        SmtpSender(server.url).submit(Shipment("7.1:1", dotted, _recipients(3)))
        assert server.mailbox.raw == [message(dotted, who) for who in _recipients(3)]


def test_the_next_envelope_travels_with_a_message() -> None:
    """The server sees no command twice, and none before its time."""
    with Esmtp(offers=("PIPELINING",)) as server:
        SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, _recipients(3)))
        assert _verbs(server)[1:] == ["MAIL", "RCPT", "DATA"] * 3
    with Esmtp() as server:
        SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, _recipients(3)))
        assert _verbs(server)[1:] == ["MAIL", "RCPT", "BDAT"] * 3


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("goes_on", [True, False])
def test_a_refused_recipient_is_reset_and_the_next_one_follows(
    offers: tuple[str, ...], goes_on: bool
) -> None:
    """Some servers accept DATA without a recipient; then the message must stay empty."""
    faults = ["rcpt_550", "ok", "rcpt_450", "rcpt_550", "ok"]
    with Esmtp(faults, offers=offers, goes_on=goes_on) as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, _recipients(5)))
        assert server.mailbox.sessions == 1
        assert sorted(server.mailbox.copies()) == ["reader2@example.net", "reader5@example.net"]
    assert (list(outcome.refused), outcome.reached) == (["7-1", "7-4"], ("7-2", "7-5"))


@pytest.mark.parametrize("offers", OFFERS)
def test_a_recipient_refused_last_is_reset_in_the_next_batch(offers: tuple[str, ...]) -> None:
    with Esmtp(["ok", "rcpt_550", "ok"], offers=offers) as server:
        sender = SmtpSender(server.url)
        sender.submit(Shipment("7.1:1", LETTER, _recipients(2)))
        outcome = sender.submit(Shipment("7.2:1", LETTER, _recipients(1, 3)))
        assert (outcome.verdict, server.mailbox.sessions) == (Verdict.ACCEPTED, 1)


@pytest.mark.parametrize("offers", OFFERS)
def test_each_acceptance_is_handed_over_before_the_next_message_is_transmitted(
    offers: tuple[str, ...],
) -> None:
    seen: list[tuple[str, int]] = []
    with Esmtp(["ok", "rcpt_550", "data_550", "ok"], offers=offers) as server:

        def note(delivery: str) -> None:
            time.sleep(0.05)  # enough for a message to arrive that should not have left
            seen.append((delivery, len(server.mailbox.messages)))

        shipment = Shipment("7.1:1", LETTER, _recipients(5), on_accepted=note)
        SmtpSender(server.url).submit(shipment)
    assert seen == [("7-1", 1), ("7-4", 2), ("7-5", 3)]


@pytest.mark.parametrize("offers", OFFERS)
def test_if_an_acceptance_cannot_be_recorded_nothing_more_is_transmitted(
    offers: tuple[str, ...],
) -> None:
    def fail(_delivery: str) -> None:
        raise OSError(28, "No space left on device")

    with Esmtp(offers=offers) as server:
        sender = SmtpSender(server.url)
        with pytest.raises(OSError, match="No space"):
            sender.submit(Shipment("7.1:1", LETTER, _recipients(3), on_accepted=fail))
        assert len(server.mailbox.messages) == 1
        assert sender.submit(Shipment("7.2:1", LETTER, _recipients(1))).verdict == "accepted"
        assert server.mailbox.sessions == 2, "the connection had a message announced"


@pytest.mark.parametrize("offers", OFFERS)
def test_if_a_refusal_cannot_be_recorded_it_does_not_count_as_a_broken_connection(
    offers: tuple[str, ...],
) -> None:
    """The message before it is not transmitted, so no one is in doubt."""

    def fail(_delivery: str) -> None:
        raise OSError(28, "No space left on device")

    people = _recipients(2)
    people[1] = people[1]._replace(token="\ud800")  # noqa: S106 - no password
    with Esmtp(offers=offers) as server:
        with pytest.raises(OSError, match="No space"):
            SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, people, on_declined=fail))
        assert server.mailbox.messages == []


def test_a_connection_stays_open_between_batches() -> None:
    with Esmtp() as server:
        sender = SmtpSender(server.url)
        for first in (1, 11, 21):
            outcome = sender.submit(Shipment("7.1:1", LETTER, _recipients(5, first)))
            assert outcome.verdict is Verdict.ACCEPTED
        assert (server.mailbox.sessions, len(server.mailbox.messages)) == (1, 15)
        sender.close()
        time.sleep(0.1)
        assert _verbs(server)[-1] == "QUIT"


def test_a_connection_that_the_server_ended_while_idle_is_replaced() -> None:
    with Esmtp(idle=0.2) as server:
        sender = SmtpSender(server.url)
        sender.submit(Shipment("7.1:1", LETTER, _recipients(2)))
        time.sleep(0.5)
        outcome = sender.submit(Shipment("7.2:1", LETTER, _recipients(2, 3)))
        assert (outcome.verdict, server.mailbox.sessions) == (Verdict.ACCEPTED, 2)
        assert max(server.mailbox.copies().values()) == 1


def test_a_surplus_reply_is_not_taken_for_that_to_the_next_message() -> None:
    with Esmtp(["accept_twice", "data_550"]) as server:
        sender = SmtpSender(server.url)
        sender.submit(Shipment("7.1:1", LETTER, _recipients(1)))
        outcome = sender.submit(Shipment("7.2:1", LETTER, _recipients(1, 2)))
        assert (list(outcome.refused), server.mailbox.sessions) == (["7-2"], 2)


@pytest.mark.parametrize("offers", OFFERS)
def test_a_limit_of_messages_per_connection_is_learned(offers: tuple[str, ...]) -> None:
    """The first time the server ends the connection, later we do."""
    with Esmtp(offers=offers, most=3) as server:
        sender = SmtpSender(server.url)
        first = sender.submit(Shipment("7.1:1", LETTER, _recipients(10)))
        assert (first.verdict, server.mailbox.sessions) == (Verdict.ACCEPTED, 4)
        assert "QUIT" in _verbs(server)
        mails = _verbs(server).count("MAIL")
        second = sender.submit(Shipment("7.2:1", LETTER, _recipients(10, 11)))
        assert second.verdict is Verdict.ACCEPTED
        assert _verbs(server).count("MAIL") - mails == 10, "a MAIL was refused again"
        assert set(server.mailbox.copies().values()) == {1}
        assert len(server.mailbox.messages) == 20


def test_a_server_that_only_knows_helo_gets_email() -> None:
    with Esmtp(helo_only=True, offers=()) as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, _recipients(3)))
        assert (outcome.verdict, len(server.mailbox.messages)) == (Verdict.ACCEPTED, 3)
        assert _verbs(server)[:2] == ["EHLO", "HELO"]


def test_a_recipient_whose_message_cannot_be_encoded_is_refused_alone() -> None:
    people = _recipients(3)
    people[1] = people[1]._replace(token="tok\r\nBcc: eve@example.com")  # noqa: S106 - no password
    people[2] = people[2]._replace(token="\ud800")  # noqa: S106 - no password
    with Esmtp() as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, people))
    assert outcome.verdict is Verdict.ACCEPTED
    assert set(outcome.refused) <= {"7-2", "7-3"}
    assert "7-3" in outcome.refused


@pytest.mark.parametrize("offers", OFFERS)
def test_after_a_crash_mid_message_only_that_one_is_in_doubt(offers: tuple[str, ...]) -> None:
    """An announced envelope transmits nothing of the next message."""
    with Esmtp(["ok", "ok", "accept_drop"], offers=offers) as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, _recipients(6)))
    expected = Outcome(
        Verdict.UNKNOWN, outcome.reason, reached=("7-1", "7-2"), unsent=("7-4", "7-5", "7-6")
    )
    assert outcome == expected


@pytest.mark.parametrize("offers", [("SMTPUTF8", "8BITMIME"), ALL])
def test_an_address_in_another_script_gets_email_if_the_server_takes_it(
    offers: tuple[str, ...],
) -> None:
    people = _recipients(3)
    people[1] = people[1]._replace(address="이영희@münchen.example", name="이영희")
    with Esmtp(offers=offers) as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, people))
        assert (outcome.verdict, outcome.refused) == (Verdict.ACCEPTED, {})
        assert (
            "\r\nTo: =?utf-8?b?7J207JiB7Z2s?= <이영희@xn--mnchen-3ya.example>\r\n".encode()
            in server.mailbox.raw[1]
        )
        mails = [command for command in server.commands if command.startswith("MAIL")]
        assert [command.endswith("BODY=8BITMIME SMTPUTF8") for command in mails] == [
            False,
            True,
            False,
        ]
        assert "RCPT TO:<이영희@xn--mnchen-3ya.example>" in server.commands


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("place", range(3))
def test_an_address_in_another_script_is_refused_alone_if_the_server_does_not_take_it(
    offers: tuple[str, ...], place: int
) -> None:
    people = _recipients(3)
    people[place] = people[place]._replace(address="josé@example.net")
    with Esmtp(offers=offers) as server:
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, people))
        assert (outcome.verdict, list(outcome.refused)) == (Verdict.ACCEPTED, [f"7-{place + 1}"])
        assert len(server.mailbox.messages) == 2
        assert (server.mailbox.sessions, _verbs(server).count("MAIL")) == (1, 2)


@pytest.mark.parametrize(
    "address",
    ["jo sé@x.org", "é@é@x.org", "é\r\n@x.org", "é>@x.org", ".é@x.org", "é@", "é\u2028@x.org"],
)
def test_an_invalid_address_in_another_script_is_refused(address: str) -> None:
    with Esmtp() as server:
        people = [_recipients(1)[0]._replace(address=address)]
        outcome = SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, people))
        assert (list(outcome.refused), server.mailbox.messages) == (["7-1"], [])
