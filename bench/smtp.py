"""The SMTP path against a sink, next to its baselines: at 0, 20 and 150 ms per answer, over TLS.

One process is compared with two, each with as many connections.

A ratio is taken within a round, in which all modes run one after the other; the median of the
rounds is shown.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.processes import Result, cpu, measure, measure_two, rate, ratio, serving
from bench.send import freeze
from bench.smtpclient import SIZE
from newsletter.esp.smtp.sender import SmtpSender
from tests.fakes.certificate import write_certificate

CONNECTIONS = 4
SLOW = ((0.02, 16), (0.15, 16))
"""Seconds per answer, and connections. A message takes the time of two answers at most."""
PLAIN = "smtp://127.0.0.1:{}"


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer recipients."""
    people = 2_000 if quick else 20_000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        frozen = _freeze(place, people)
        with serving("smtpsink") as port:
            yield from _ratios(frozen, PLAIN.format(port), people, rounds=2 if quick else 5)
        with serving("smtpsink", "--offer", "PIPELINING,8BITMIME") as port:
            result = _ours(frozen, PLAIN.format(port), CONNECTIONS)
            yield Figure("without CHUNKING", rate(result), "recipients/s", _cpu(result))
        with serving("smtpsink", "--offer", "8BITMIME") as port:
            result = _ours(frozen, PLAIN.format(port), CONNECTIONS)
            yield Figure("without PIPELINING", rate(result), "recipients/s", _cpu(result))
        yield from _encrypted(place, frozen, people)
        yield from _slow(place, quick=quick)


def _ratios(frozen: Path, url: str, people: int, rounds: int) -> Iterator[Figure]:
    results: dict[str, list[Result]] = {}
    for _ in range(rounds):
        results.setdefault("ours", []).append(_ours(frozen, url, CONNECTIONS))
        results.setdefault("alone", []).append(_ours(frozen, url, 1))
        both = measure_two("smtpclient", "ours", frozen, url, "--connections", CONNECTIONS)
        results.setdefault("two", []).append(both)
        for mode, share in (("prebuilt", 5), ("emailmessage", 50)):
            results.setdefault(mode, []).append(_baseline(mode, frozen, url, people // share))
        results.setdefault("sink", []).append(_baseline("sink", frozen, url, people, CONNECTIONS))
    ours = results["ours"]
    yield _rates("submitted", ours, f"{CONNECTIONS} connections, durable rows; target: 3,000")
    yield Figure("CPU", median(map(cpu, ours)), "µs/recipient", "target: ≤ 250")
    yield _rates("over one connection", results["alone"])
    yield _rates("two processes", results["two"], f"{CONNECTIONS} connections each")
    gain = ratio(results["two"], ours)
    yield Figure("two processes / one", gain, "×", "target: 1.7, if each has a core")
    yield _rates("smtplib, message prebuilt", results["prebuilt"])
    yield _rates("smtplib, EmailMessage per recipient", results["emailmessage"])
    yield Figure("ours / smtplib prebuilt", ratio(ours, results["prebuilt"]), "×", "target: 3")
    yield Figure("ours / EmailMessage", ratio(ours, results["emailmessage"]), "×")
    yield _rates("sink alone", results["sink"])
    yield Figure("ours / sink alone", ratio(ours, results["sink"]), "×")


def _encrypted(place: Path, frozen: Path, people: int) -> Iterator[Figure]:
    certificate = write_certificate(place / "own.pem")
    with serving("smtpsink", "--tls", certificate) as port:
        url = f"smtps://127.0.0.1:{port}?ca={certificate}"
        result = _ours(frozen, url, CONNECTIONS)
        plain = _baseline("prebuilt", frozen, url, people // 5)
    yield Figure("over TLS", rate(result), "recipients/s", _cpu(result))
    yield Figure("over TLS, ours / smtplib prebuilt", rate(result) / rate(plain), "×")


def _slow(place: Path, *, quick: bool) -> Iterator[Figure]:
    """Measure a distant server: the number of connections decides."""
    for delay, connections in SLOW:
        people = round(connections * (4 if quick else 20) / delay / 10) * 10
        frozen = _freeze(place, people)
        with serving("smtpsink", "--delay", delay) as port:
            url = PLAIN.format(port)
            result = _ours(frozen, url, connections)
            plain = _baseline("prebuilt", frozen, url, max(connections, people // 8), connections)
        label = f"{delay * 1000:.0f} ms per answer, {connections} connections"
        yield Figure(label, rate(result), "recipients/s", _cpu(result))
        share = 100 * rate(result) * 2 * delay / connections
        yield Figure(f"{label}: of two answers per message", share, "%", "target: 90")
        yield Figure(f"{label}: ours / smtplib prebuilt", rate(result) / rate(plain), "×")


def _freeze(place: Path, people: int) -> Path:
    path = place / f"frozen-{people}.sqlite3"
    return freeze(path, people, SmtpSender(PLAIN.format(25)), SIZE)


def _ours(frozen: Path, url: str, connections: int) -> Result:
    return measure("smtpclient", "ours", frozen, url, "--connections", connections)


def _baseline(mode: str, frozen: Path, url: str, people: int, connections: int = 1) -> Result:
    options = ("--recipients", people, "--connections", connections)
    return measure("smtpclient", mode, frozen, url, *options)


def _rates(name: str, results: list[Result], note: str = "") -> Figure:
    used = f"{median(map(cpu, results)):,.0f} µs CPU"
    note = f"{used}; {note}" if note else used
    return Figure(name, median(map(rate, results)), "recipients/s", note)


def _cpu(result: Result) -> str:
    return f"{cpu(result):,.0f} µs CPU"
