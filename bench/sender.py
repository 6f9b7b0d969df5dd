"""One process that submits through the API, measured from inside; `bench.send` starts it.

    python -m bench.sender MODE DATABASE HOST [--connections N] [--recipients N]

MODE is `ours`, `freeze`, `whole` (both), or a baseline: `dumps` (json.dumps of the same bodies),
`sink` (the same bytes to the sink, nothing else), `helpers` (the vendor's package as documented),
`anymail` (django-anymail's merge send). Prints one JSON object.
"""

import argparse
import gc
import http.client
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from bench.memory import peak
from newsletter.esp.port import Letter, Recipient, Shipment
from newsletter.esp.sendgrid.body import BodyTemplate
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.send import headers, run
from newsletter.send.courier import Courier
from newsletter.store.database import open_engine, open_reader
from subscribers.tokens import Purpose, Signer
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, publication, sample_edition

KEY = [b"k" * 32]
BATCH = 1000


def main() -> None:
    """Run one mode and report what it took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=sorted(MODES))
    parser.add_argument("database")
    parser.add_argument("host")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--go", action="store_true", help="wait for a line on standard input")
    given = parser.parse_args()
    work = MODES[given.mode](given)
    if given.go:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
    gc.collect()
    gc.freeze()  # as the program does when it has started
    start = time.clock_gettime(time.CLOCK_BOOTTIME) - _born()
    before, began = _cpu(), time.perf_counter()
    people = work()
    took = time.perf_counter() - began
    figures = {
        "people": people,
        "seconds": took,
        "cpu": _cpu() - before,
        "start": start,
        "start_cpu": before,
        "peak": peak(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def ours(given: argparse.Namespace) -> Callable[[], int]:
    """Everything: claim, read, sign, build, post, record; every commit is on the disk."""
    engine, reader = open_engine(given.database), open_reader(given.database)
    sender = SendGridSender("SG.bench", given.host)
    courier = Courier(
        senders={"sendgrid": sender},
        signer=Signer(KEY),
        reader=reader,
        clock=lambda: datetime.now(UTC),  # noqa: TID251 - this process has no App that holds a clock
        wait=time.sleep,
        owner="bench",
        connections=given.connections,
    )
    present = publication()
    return lambda: run.submit(engine, present, courier).submitted


def freeze(given: argparse.Namespace) -> Callable[[], int]:
    """Freeze the audience of an approved issue."""
    engine = open_engine(given.database)
    route = run.Route(SendGridSender("SG.bench", given.host))

    def work() -> int:
        prepared = run.prepare(engine, publication(), 1, route, now=NOW)
        return prepared.planned if prepared else 0

    return work


def whole(given: argparse.Namespace) -> Callable[[], int]:
    """Freeze the audience, then do everything that `ours` does."""
    prepare, submit = freeze(given), ours(given)
    return lambda: submit() if prepare() else 0


def dumps(given: argparse.Namespace) -> Callable[[], int]:
    """Serialize the same bodies with json.dumps, and nothing else."""
    bodies = [orjson.loads(body) for body in _bodies(given.recipients)]

    def work() -> int:
        for body in bodies:
            json.dumps(body)
        return given.recipients

    return work


def sink(given: argparse.Namespace) -> Callable[[], int]:
    """Post the same bytes over one connection: the sink's own rate."""
    body = next(_bodies(BATCH))
    host = given.host.removeprefix("http://")
    connection = http.client.HTTPConnection(host)

    def work() -> int:
        for _ in range(given.recipients // BATCH):
            connection.request("POST", "/v3/mail/send", body=body)
            connection.getresponse().read()
        return given.recipients

    return work


def helpers(given: argparse.Namespace) -> Callable[[], int]:
    """Follow the package's documentation: a Mail with Personalizations, and its own client."""
    from sendgrid import SendGridAPIClient  # noqa: PLC0415 - the other modes' memory is measured without it
    from sendgrid.helpers import mail as m  # noqa: PLC0415 - see the line above

    client = SendGridAPIClient("SG.bench", host=given.host)
    letter = _letter()

    def work() -> int:
        for people in _people(given.recipients):
            mail = m.Mail(m.From(letter.sender.address, letter.sender.name), subject="Edition 1")
            mail.add_content(m.Content("text/plain", letter.text))
            mail.add_content(m.Content("text/html", letter.html))
            for recipient in people:
                person = m.Personalization()
                person.add_to(m.To(recipient.address, recipient.name))
                for tag, value in recipient.replacements(letter.nonce).items():
                    person.add_substitution(m.Substitution(tag, value))
                for name, value in _pair(recipient):
                    person.add_header(m.Header(name, value))
                person.add_custom_arg(m.CustomArg("nl_delivery", recipient.delivery))
                person.add_custom_arg(m.CustomArg("nl_attempt", "1.1:1"))
                mail.add_personalization(person)
            client.send(mail)
        return given.recipients

    return work


def anymail(given: argparse.Namespace) -> Callable[[], int]:
    """Use django-anymail: one merge send per thousand."""
    import django  # noqa: PLC0415 - the other modes' memory is measured without it
    from django.conf import settings  # noqa: PLC0415 - see the line above

    settings.configure(
        ANYMAIL={"SENDGRID_API_KEY": "SG.bench", "SENDGRID_API_URL": f"{given.host}/v3/"},
        EMAIL_BACKEND="anymail.backends.sendgrid.EmailBackend",
        USE_TZ=True,
    )
    django.setup()
    from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: PLC0415 - fails before django.setup

    letter = _letter()
    backend = get_connection()

    def work() -> int:
        backend.open()
        for people in _people(given.recipients):
            mail = EmailMultiAlternatives(
                "Edition 1", letter.text, letter.sender.address, connection=backend
            )
            mail.attach_alternative(letter.html, "text/html")
            mail.to = [f'"{who.name}" <{who.address}>' for who in people]
            mail.merge_data = {who.address: who.replacements(letter.nonce) for who in people}
            mail.merge_metadata = {who.address: {"delivery": who.delivery} for who in people}
            mail.merge_headers = {who.address: dict(_pair(who)) for who in people}
            mail.esp_extra = {"merge_field_format": "{}"}
            mail.send()
        return given.recipients

    return work


def _pair(recipient: Recipient) -> list[tuple[str, str]]:
    return [
        ("List-Unsubscribe", f"<https://news.example.org/unsubscribe/{recipient.token}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


def _letter() -> Letter:
    return headers.letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)


def _people(number: int) -> Iterator[list[Recipient]]:
    signer = Signer(KEY)
    for first in range(1, number + 1, BATCH):
        ids = range(first, min(first + BATCH, number + 1))
        tokens = signer.mint_many(ids, "weekly", Purpose.ISSUE)
        yield [
            Recipient(f"1-{number}", f"reader{number}@example.net", f"Reader {number}", token)
            for number, token in zip(ids, tokens, strict=True)
        ]


def _bodies(number: int) -> Iterator[bytes]:
    prepared = BodyTemplate(_letter())
    for place, people in enumerate(_people(number), 1):
        shipment = Shipment(f"1.{place}:1", _letter(), people)
        yield prepared.fill(shipment.attempt, shipment.recipients).content


def _born() -> float:
    """Return when this process started, in seconds since the machine booted."""
    fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


MODES: dict[str, Callable[[Any], Callable[[], int]]] = {
    mode.__name__: mode for mode in (ours, freeze, whole, dumps, sink, helpers, anymail)
}

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
