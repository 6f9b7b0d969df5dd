"""One process that submits over SMTP, measured from inside; `bench.smtp` starts it.

    python -m bench.smtpclient MODE DATABASE URL [--connections N] [--recipients N]

MODE is `ours`, or a baseline: `prebuilt` (smtplib, one message whose placeholders are replaced),
`emailmessage` (smtplib, an EmailMessage per recipient), `sink` (the same bytes as fast as a socket
takes them). Prints one JSON object.
"""

import argparse
import json
import logging
import resource
import smtplib
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from bench.memory import peak
from newsletter.esp.message.mime import MessageTemplate
from newsletter.esp.port import Letter, Recipient
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.publication import SmtpUse
from newsletter.send import run
from newsletter.send.courier import Courier
from newsletter.send.headers import letter
from newsletter.send.journal import SubmissionJournal
from newsletter.send.pacing import Pacing
from newsletter.store.database import open_engine, open_reader
from subscribers.tokens import Purpose, Signer
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, publication, sample_edition
from tests.fakes.slow_message import slow_message

KEY = [b"k" * 32]
SIZE = 40_000
"""Characters in an edition. Its message has 41 KB, as in the comparison with other programs."""


def main() -> None:
    """Run one mode and report what it took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=sorted(MODES))
    parser.add_argument("database")
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=1000)
    parser.add_argument("--go", action="store_true", help="wait for a line on standard input")
    given = parser.parse_args()
    work = MODES[given.mode](given)
    if given.go:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
    before, began = _cpu(), time.perf_counter()
    people = work()
    took = time.perf_counter() - began
    figures = {
        "people": people,
        "seconds": took,
        "cpu": _cpu() - before,
        "peak": peak(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def ours(given: argparse.Namespace) -> Callable[[], int]:
    """Everything: claim, read, sign, fill, submit, journal, record; every commit is on the disk."""
    engine, reader = open_engine(given.database), open_reader(given.database)
    journals = tempfile.TemporaryDirectory()
    courier = Courier(
        senders={"smtp": SmtpSender(given.url)},
        signer=Signer(KEY),
        reader=reader,
        clock=lambda: datetime.now(UTC),  # noqa: TID251 - a separate process
        wait=time.sleep,
        owner="bench",
        connections=given.connections,
        journal=SubmissionJournal(Path(journals.name)),
        pacing=Pacing.of(given.url, SmtpUse()),
    )
    present = publication()

    def work() -> int:
        with journals:
            tally = run.submit(engine, present, courier)
        if tally.problems:
            raise SystemExit(tally.problems[0])
        return tally.submitted

    return work


def prebuilt(given: argparse.Namespace) -> Callable[[], int]:
    """Build one message; replace its placeholders for each recipient."""
    marked = Recipient("-delivery-", "address@example.net", "-name-", "-token-")
    built = MessageTemplate(_letter()).fill(marked)

    def fill(recipient: Recipient) -> bytes:
        return (
            built.replace(b"-token-", recipient.token.encode())
            .replace(b"-name-", recipient.name.encode())
            .replace(b"-delivery-", recipient.delivery.encode())
            .replace(b"address@example.net", recipient.address.encode())
        )

    return _smtplib(given, fill)


def emailmessage(given: argparse.Namespace) -> Callable[[], int]:
    """Build an EmailMessage for each recipient."""
    edition = _letter()
    return _smtplib(given, lambda recipient: slow_message(edition, recipient))


def _smtplib(given: argparse.Namespace, fill: Callable[[Recipient], bytes]) -> Callable[[], int]:
    parts = urlsplit(given.url)

    def submit(recipients: list[Recipient]) -> int:
        host, port = parts.hostname or "", parts.port or 0
        if parts.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, context=_trusting())
        else:
            client = smtplib.SMTP(host, port)
        with client:
            for recipient in recipients:
                client.sendmail("brief@example.org", [recipient.address], fill(recipient))
        return len(recipients)

    def work() -> int:
        recipients = list(_recipients(given.recipients))
        parts = [recipients[place :: given.connections] for place in range(given.connections)]
        with ThreadPoolExecutor(given.connections) as threads:
            return sum(threads.map(submit, parts))

    return work


def sink(given: argparse.Namespace) -> Callable[[], int]:
    """Send one message again and again, with the envelope of the next one in the same write."""
    recipient = next(_recipients(1))
    content = MessageTemplate(_letter()).fill(recipient)
    envelope = b"MAIL FROM:<brief@example.org>\r\nRCPT TO:<ada@example.net>\r\n"
    message = b"BDAT %d LAST\r\n%b" % (len(content), content) + envelope
    parts = urlsplit(given.url)

    def submit(number: int) -> int:
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.recv(4096)
            connection.sendall(b"EHLO bench\r\n")
            connection.recv(4096)
            connection.sendall(envelope)
            connection.recv(4096)
            for _ in range(number):
                connection.sendall(message)
                lines = 0
                while lines < 3:
                    lines += connection.recv(4096).count(b"\n")
        return number

    def work() -> int:
        share = given.recipients // given.connections
        with ThreadPoolExecutor(given.connections) as threads:
            return sum(threads.map(submit, [share] * given.connections))

    return work


def _letter() -> Letter:
    edition = sample_edition(SIZE)
    return letter(PUBLICATION, WEEKLY, edition, kind="regular", date=NOW)


def _recipients(number: int) -> Iterator[Recipient]:
    tokens = Signer(KEY).mint_many(range(1, number + 1), "weekly", Purpose.ISSUE)
    for place, token in enumerate(tokens, 1):
        yield Recipient(f"1-{place}", f"reader{place}@example.net", f"Reader {place}", token)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


MODES: dict[str, Callable[[Any], Callable[[], int]]] = {
    mode.__name__: mode for mode in (ours, prebuilt, emailmessage, sink)
}

if __name__ == "__main__":
    main()
