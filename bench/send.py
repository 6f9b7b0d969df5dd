"""The API path against a sink that answers at once: rates, ratios, memory, slow providers.

Everything that a ratio compares runs in separate processes, one after the other, several times. A
ratio is taken within a round; the median of the rounds is shown.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.processes import Result, cpu, measure, measure_two, rate, ratio, serving
from newsletter.esp.port import Sender
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.migrations import upgrade
from newsletter.send import run
from newsletter.store.database import open_engine
from tests.fakes.issues import NOW, add_issue, add_many, publication

LATENCY = 0.15
CONNECTIONS = 2
"""Our threads when the sink answers at once: while one waits for the disk, the other builds."""
EDITION = 30_000
"""Characters in an edition: about a page of eight articles."""


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer recipients."""
    people = 20_000 if quick else 300_000
    with tempfile.TemporaryDirectory() as place, sink() as host:
        frozen = freeze(Path(place) / "frozen.sqlite3", people)
        yield from _ratios(frozen, host, people, rounds=2 if quick else 5)
        with sink(LATENCY) as slow:
            yield from _waiting(Path(place), slow, quick=quick)
        yield from _memory(Path(place), host, 50_000 if quick else 1_000_000)


def _ratios(frozen: Path, host: str, people: int, rounds: int) -> Iterator[Figure]:
    results: dict[str, list[Result]] = {}
    modes = ["sink", "dumps", "ours", "helpers"] + (["anymail"] if find_spec("anymail") else [])
    for _ in range(rounds):
        for mode in modes:
            fewer = 10_000 if mode in {"helpers", "anymail"} else people
            results.setdefault(mode, []).append(
                measure_mode(mode, frozen, host, fewer, CONNECTIONS)
            )
        results.setdefault("alone", []).append(measure_mode("ours", frozen, host, people))
        two = measure_two("sender", "ours", frozen, host, "--connections", 1)
        results.setdefault("two", []).append(two)
    ours = results["ours"]
    yield Figure("submitted", median(map(rate, ours)), "recipients/s", "one process, durable rows")
    yield Figure("CPU", median(map(cpu, ours)), "µs/recipient")
    yield Figure("ours / json.dumps alone", ratio(ours, results["dumps"]), "×", "target: 0.5")
    yield Figure("ours / sendgrid with helpers", ratio(ours, results["helpers"]), "×", "target: 5")
    if "anymail" in results:
        yield Figure("ours / django-anymail", ratio(ours, results["anymail"]), "×", "target: 10")
    both = ratio(results["two"], results["alone"])
    yield Figure("two processes / one", both, "×", "target: 1.5; one connection each")
    yield Figure("ours / sink alone", ratio(ours, results["sink"]), "×")
    yield Figure("sink alone", median(map(rate, results["sink"])), "recipients/s")


def _waiting(place: Path, host: str, *, quick: bool) -> Iterator[Figure]:
    """Measure with a slow provider, where the number of connections decides."""
    for connections in (1, 4, 16):
        people = min(connections * (10_000 if quick else 40_000), 50_000 if quick else 320_000)
        frozen = freeze(place / f"waiting-{connections}.sqlite3", people)
        result = measure_mode("ours", frozen, host, people, connections)
        ideal = connections * 1000 / LATENCY
        target = 90 if connections < 16 else 80
        name = f"of the ideal, {connections} connections at {LATENCY * 1000:.0f} ms"
        yield Figure(name, 100 * rate(result) / ideal, "%", f"target: {target}")
        frozen.unlink()


def _memory(place: Path, host: str, most: int) -> Iterator[Figure]:
    peaks = []
    for people in (10_000, most):
        frozen = freeze(place / f"memory-{people}.sqlite3", people)
        result = measure_mode("ours", frozen, host, people)
        peaks.append(result["peak"])
        yield Figure(f"peak memory, {people:,} recipients", result["peak"], "MB", "target: ≤ 100")
        frozen.unlink()
    yield Figure("peak memory, many / few", peaks[1] / peaks[0], "×", "target: ≤ 1.1")


def measure_mode(mode: str, frozen: Path, host: str, people: int, connections: int = 1) -> Result:
    """Run one mode of `bench.sender` on a copy of a database."""
    options = ("--recipients", people, "--connections", connections)
    return measure("sender", mode, frozen, host, *options)


@contextmanager
def sink(delay: float = 0.0, people: int = 0) -> Iterator[str]:
    """Run the sink in a separate process, with a ledger of so many people; yield its address."""
    with serving("sink", "--delay", delay, "--people", people) as port:
        yield f"http://127.0.0.1:{port}"


def freeze(path: Path, people: int, sender: Sender | None = None, size: int = EDITION) -> Path:
    """Make a database with a frozen issue for so many people."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.begin() as connection:
        add_many(connection, people)
        issue_id = add_issue(connection, size=size)
    sender = sender or SendGridSender("SG.bench")
    run.prepare(engine, publication(), issue_id, run.Route(sender), now=NOW)
    with engine.connect() as connection:
        connection.rollback()
    engine.dispose()
    return path
