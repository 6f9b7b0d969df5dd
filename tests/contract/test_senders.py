"""The contract that every provider keeps."""

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.esp.message.mime import message
from newsletter.esp.outbox import OutboxSender
from newsletter.esp.port import Letter, Outcome, Recipient, Sender, Shipment, Verdict
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.edition import Edition
from newsletter.model.personalization import fill
from newsletter.send.headers import letter
from tests.fakes.issues import NONCE, NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.memory import MemorySender
from tests.fakes.sendgrid import SendGrid
from tests.fakes.smtp import Smtp


@dataclass
class Bench:
    """A provider, and what it passed on: address to (subject, html, headers)."""

    sender: Sender
    received: Callable[[], dict[str, tuple[str, str, dict[str, str]]]]


@pytest.fixture(params=["memory", "outbox", "smtp", "sendgrid"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield _benches[request.param](stack, tmp_path)


def _memory(_stack: ExitStack, _path: Path) -> Bench:
    sender = MemorySender()

    def received() -> dict[str, tuple[str, str, dict[str, str]]]:
        raw = [
            message(shipment.letter, recipient)
            for shipment in sender.shipments
            for recipient in shipment.recipients
        ]
        return _parsed(raw)

    return Bench(sender, received)


def _outbox(_stack: ExitStack, path: Path) -> Bench:
    folder = path / "outbox"
    sender = OutboxSender(folder)
    return Bench(sender, lambda: _parsed([file.read_bytes() for file in folder.glob("*.eml")]))


def _smtp(stack: ExitStack, _path: Path) -> Bench:
    server = stack.enter_context(Smtp())
    sender = SmtpSender(server.url)
    return Bench(sender, lambda: _parsed([bytes(email) for email in server.mailbox.messages]))


def _sendgrid(stack: ExitStack, path: Path) -> Bench:
    server = stack.enter_context(SendGrid(path / "ledger"))
    sender = SendGridSender("SG.key", server.url)
    stack.callback(sender.close)

    def received() -> dict[str, tuple[str, str, dict[str, str]]]:
        found = {}
        for body in server.bodies:
            for person in body["personalizations"]:
                swap = person.get("substitutions", {})
                html = fill(body["content"][1]["value"], swap)
                headers = body.get("headers", {}) | person["headers"]
                found[person["to"][0]["email"]] = (fill(body["subject"], swap), html, headers)
        return found

    return Bench(sender, received)


_benches = {"memory": _memory, "outbox": _outbox, "smtp": _smtp, "sendgrid": _sendgrid}


def _parsed(raw: list[bytes]) -> dict[str, tuple[str, str, dict[str, str]]]:
    found = {}
    for content in raw:
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        html = mail.get_body(("html",))
        assert html is not None
        to = mail["To"].addresses[0].addr_spec
        found[to] = (mail["Subject"], html.get_content().strip(), dict(mail.items()))
    return found


EDITION: Edition = sample_edition()
LETTER: Letter = letter(PUBLICATION, WEEKLY, EDITION, kind="regular", date=NOW)


def _people(*names: str) -> list[Recipient]:
    return [
        Recipient(f"7-{number}", f"reader{number}@example.net", name, f"tok{number}")
        for number, name in enumerate(names, 1)
    ]


def test_an_accepted_shipment_refuses_no_recipient(bench: Bench) -> None:
    outcome = bench.sender.submit(Shipment("7.1:1", LETTER, _people("Ada", "Grace")))
    assert outcome == replace(Outcome(Verdict.ACCEPTED), message_id=outcome.message_id)


def test_every_recipient_gets_the_edition_with_their_own_values_only(
    bench: Bench,
) -> None:
    people = _people("Ada", "", 'Grace "Amazing" <Hopper>', "이영희", "50% off, tom;dick")
    bench.sender.submit(Shipment("7.1:1", LETTER, people))
    received = bench.received()
    assert len(received) == len(people)
    for recipient in people:
        _subject, html, headers = received[recipient.address]
        assert html == fill(EDITION.html, recipient.replacements(NONCE))
        assert (
            headers["List-Unsubscribe"]
            == f"<https://news.example.org/unsubscribe/{recipient.token}>"
        )
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert headers["List-ID"] == '"The Weekly Brief" <weekly.example.org>'
        assert NONCE not in html


def test_an_address_that_cannot_be_written_is_refused_alone(bench: Bench) -> None:
    if bench.sender.name == "memory":
        pytest.skip("memory writes nothing")
    people = _people("Ada", "Bob", "Cy")
    people[1] = people[1]._replace(address="not an address")
    outcome = bench.sender.submit(Shipment("7.1:1", LETTER, people))
    assert outcome.verdict is Verdict.ACCEPTED
    assert list(outcome.refused) == ["7-2"]
    assert set(bench.received()) == {"reader1@example.net", "reader3@example.net"}


def test_a_provider_states_its_name_and_batch_size(bench: Bench) -> None:
    assert bench.sender.name in _benches
    assert 1 <= bench.sender.max_batch <= 1000


def test_only_the_outbox_may_get_the_same_delivery_twice(bench: Bench) -> None:
    assert bench.sender.repeatable is (bench.sender.name == "outbox")
    if bench.sender.repeatable:
        for attempt in (1, 2):
            bench.sender.submit(Shipment(f"7.1:{attempt}", LETTER, _people("Ada")))
        assert len(bench.received()) == 1
