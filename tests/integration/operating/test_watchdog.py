"""The watchdog reports what no step of a pass would."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.maintenance import watchdog
from newsletter.pipeline.report import Level, Line
from newsletter.store.tables import source_states
from tests.fakes.certificate import write_certificate
from tests.fakes.house import MONDAY, house

DAY = timedelta(days=1)
FAILING = {"failures": 3, "health": "answers 500", "next_check_at": MONDAY + DAY}


@pytest.mark.parametrize(
    ("ages", "silent"),
    [
        ([4, 5, 6, 7, 8, 9], 4),  # daily, and nothing for four days
        ([3, 4, 5, 6, 7, 8], None),  # a long weekend
        ([10, 17, 24, 31, 38, 45], None),  # weekly
        ([15, 22, 29, 36, 43, 50], 15),
        ([40, 41], None),  # no rhythm yet
        ([40] * 11, None),  # all collected on the first day
        ([], None),
    ],
)
def test_silence_is_measured_by_the_rhythm_of_the_source(
    ages: list[int], silent: int | None
) -> None:
    found = watchdog.silence([MONDAY - DAY * age for age in ages], MONDAY)
    assert (found.days if found else None) == silent


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [
        (4 * 2**30, 100 * 2**30, True),
        (6 * 2**30, 100 * 2**30, False),
        (20 * 2**30, 1000 * 2**30, False),
    ],
)
def test_a_disk_is_reported_before_it_is_full(free: int, total: int, full: bool) -> None:
    assert bool(list(watchdog.disk_problem(free, total))) is full


@contextmanager
def tls_server(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except ssl.SSLError:
                    return  # the client does not trust it

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_certificate_that_ends_or_is_not_trusted_is_reported(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    trusting = ssl.create_default_context(cafile=str(certificate))
    now = datetime.now(UTC)  # noqa: TID251 - TLS reads the machine's clock
    with tls_server(certificate) as port:
        found = list(watchdog.certificate_problem("127.0.0.1", port, now, trusting))
    assert found[0].startswith("the certificate of 127.0.0.1 ends on ")
    with tls_server(certificate) as port:
        assert not list(watchdog.certificate_problem("127.0.0.1", port, now - DAY * 30, trusting))
    with tls_server(certificate) as port:
        (found,) = watchdog.certificate_problem("127.0.0.1", port, now)
    assert "is not valid" in found
    assert not list(watchdog.certificate_problem("127.0.0.1", 1, now))


def watched(report: list[Line]) -> list[str]:
    return [line.message for line in report if line.stage == "watch" and line.level is Level.WAITS]


def test_a_source_that_keeps_failing_is_reported_once_an_hour(tmp_path: Path) -> None:
    with house(tmp_path, at=MONDAY) as opened:
        assert watched(opened.pass_at(MONDAY)) == []
        with opened.app.engine.begin() as connection:
            connection.execute(source_states.update().values(**FAILING))
        assert watched(opened.pass_at(MONDAY + timedelta(minutes=59))) == []
        found = watched(opened.pass_at(MONDAY + timedelta(minutes=60)))
        assert found == ["source desk fails: answers 500"]
