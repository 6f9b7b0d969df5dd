"""The send path against a sink that answers at once: rates, ratios, memory, waiting providers.

Everything that a ratio compares runs in processes of its own, one after the other, several times
over; a ratio is taken within a round, and the middle one of the rounds is shown.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, cast

from bench.figure import Figure
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.migrations import upgrade
from newsletter.send import run
from newsletter.store.database import open_engine
from tests.fakes.issues import NOW, add_issue, add_many, publication

ROOT = Path(__file__).parent.parent
LATENCY = 0.15
CONNECTIONS = 2
"""Threads of ours where nothing waits for the sink: while one waits for the disk, others build."""
EDITION = 30_000
"""Characters in an edition, about what a page of eight articles has."""

Told = dict[str, float]


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; `quick` with a small part of the recipients."""
    people = 20_000 if quick else 300_000
    with tempfile.TemporaryDirectory() as place, sink() as host:
        frozen = freeze(Path(place) / "frozen.sqlite3", people)
        yield from _ratios(frozen, host, people, rounds=2 if quick else 5)
        with sink(LATENCY) as slow:
            yield from _waiting(Path(place), slow, quick=quick)
        yield from _memory(Path(place), host, 50_000 if quick else 1_000_000)


def _ratios(frozen: Path, host: str, people: int, rounds: int) -> Iterator[Figure]:
    told: dict[str, list[Told]] = {}
    modes = ["sink", "dumps", "ours", "helpers"] + (["anymail"] if find_spec("anymail") else [])
    for _ in range(rounds):
        for mode in modes:
            less = 10_000 if mode in {"helpers", "anymail"} else people
            told.setdefault(mode, []).append(measure(mode, frozen, host, less, CONNECTIONS))
        told.setdefault("alone", []).append(measure("ours", frozen, host, people))
        told.setdefault("two", []).append(_two(frozen, host))

    def ratio(mode: str, other: str) -> float:
        pairs = zip(told[mode], told[other], strict=True)
        return median(_rate(one) / _rate(two) for one, two in pairs)

    ours = told["ours"]
    yield Figure(
        "submitted", median(map(_rate, ours)), "recipients/s", "one process, fsync each batch"
    )
    used = median(1e6 * one["cpu"] / one["people"] for one in ours)
    yield Figure("CPU", used, "µs/recipient")
    yield Figure("ours / json.dumps alone", ratio("ours", "dumps"), "×", "wanted: 0.5")
    yield Figure("ours / sendgrid with helpers", ratio("ours", "helpers"), "×", "wanted: 5")
    if "anymail" in told:
        yield Figure("ours / django-anymail", ratio("ours", "anymail"), "×", "wanted: 10")
    yield Figure(
        "two processes / one", ratio("two", "alone"), "×", "wanted: 1.5; one connection each"
    )
    yield Figure("ours / sink alone", ratio("ours", "sink"), "×")
    yield Figure("sink alone", median(map(_rate, told["sink"])), "recipients/s")


def _waiting(place: Path, host: str, *, quick: bool) -> Iterator[Figure]:
    """Measure against a provider that takes its time: connections in flight decide."""
    for connections in (1, 4, 16):
        people = min(connections * (10_000 if quick else 40_000), 50_000 if quick else 320_000)
        frozen = freeze(place / f"waiting-{connections}.sqlite3", people)
        told = measure("ours", frozen, host, people, connections)
        ideal = connections * 1000 / LATENCY
        share = 100 * _rate(told) / ideal
        wanted = 90 if connections < 16 else 80
        name = f"of the ideal, {connections} connections at {LATENCY * 1000:.0f} ms"
        yield Figure(name, share, "%", f"wanted: {wanted}")
        frozen.unlink()


def _memory(place: Path, host: str, most: int) -> Iterator[Figure]:
    peaks = []
    for people in (10_000, most):
        frozen = freeze(place / f"memory-{people}.sqlite3", people)
        told = measure("ours", frozen, host, people)
        peaks.append(told["peak"])
        yield Figure(f"peak memory, {people:,} recipients", told["peak"], "MB", "wanted: ≤ 100")
        frozen.unlink()
    yield Figure("peak memory, many / few", peaks[1] / peaks[0], "×", "wanted: ≤ 1.1")


def _rate(told: Told) -> float:
    return told["people"] / told["seconds"]


def measure(mode: str, frozen: Path, host: str, people: int, connections: int = 1) -> Told:
    """Run one mode in a process of its own, on a copy of the database."""
    with _copy(frozen) as url:
        command = [mode, url, host, "--recipients", str(people), "--connections", str(connections)]
        ran = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "bench.sender", *command],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    return cast("Told", json.loads(ran.stdout.splitlines()[-1]))


def _two(frozen: Path, host: str) -> Told:
    """Run two of ours on one database, from the same moment."""
    with _copy(frozen) as url:
        worker = ["bench.sender", "ours", url, host]
        both = [
            subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", *worker, "--go", "--connections", "1"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for one in both:
            _pipe(one.stdout).readline()
        for one in both:
            _pipe(one.stdin).write("go\n")
            _pipe(one.stdin).flush()
        told = [json.loads(one.communicate()[0].splitlines()[-1]) for one in both]
    return {
        "people": sum(one["people"] for one in told),
        "seconds": max(one["seconds"] for one in told),
        "cpu": sum(one["cpu"] for one in told),
        "peak": sum(one["peak"] for one in told),
    }


def _pipe(stream: Any) -> Any:  # noqa: ANN401 - a pipe that is there because it was asked for
    return stream


@contextmanager
def _copy(frozen: Path) -> Iterator[str]:
    copied = frozen.with_suffix(".run")
    shutil.copyfile(frozen, copied)
    os.sync()
    yield f"sqlite:///{copied}"
    for name in ("", "-wal", "-shm"):
        Path(f"{copied}{name}").unlink(missing_ok=True)


@contextmanager
def sink(delay: float = 0.0) -> Iterator[str]:
    """Run the sink in a process of its own; yield its address."""
    with subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, str(ROOT / "bench" / "sink"), "--delay", str(delay)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield f"http://127.0.0.1:{_pipe(process.stdout).readline().strip()}"
        process.kill()


def freeze(path: Path, people: int) -> Path:
    """Make a database with a frozen issue for so many people."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.begin() as connection:
        add_many(connection, people)
        issue_id = add_issue(connection, size=EDITION)
    run.prepare(engine, publication(), issue_id, SendGridSender("SG.bench"), now=NOW)
    with engine.connect() as connection:
        connection.rollback()
    engine.dispose()
    return path
