"""Collect many sources on loopback, each with a separate host: time and memory.

The sites are served by a separate process, so that they do not count toward the collector's
memory.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure

SOURCES, QUICK = 500, 60
SLOWEST_SECONDS = 150
HERE = Path(__file__).parent


def figures(quick: bool) -> Iterator[Figure]:
    """Time a collection in which half the sources answer 304, some are slow, some broken."""
    count = QUICK if quick else SOURCES
    with tempfile.TemporaryDirectory() as folder:
        sites = subprocess.Popen(
            [sys.executable, "-m", "bench.many_sites", "serve"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            port = (sites.stdout.readline() if sites.stdout else "").strip()
            _collected(folder, port, count, "first")
            outcome = _collected(folder, port, count, "second")
        finally:
            sites.terminate()
            sites.wait()
    note = f"{outcome['unchanged']} unchanged, {outcome['new']} new articles, {outcome['failed']} failed as expected"
    yield Figure(f"collect {count} sources", outcome["seconds"], "s", note)
    yield Figure("slowest good source", outcome["slowest_good"], "s", "from its start to its end")
    yield Figure("all good sources done", outcome["good_done"], "s", "after the start")
    yield Figure("peak memory, collector", outcome["own_mb"], "MB")
    yield Figure(
        "peak memory, with its parser",
        outcome["own_mb"] + outcome["parser_mb"],
        "MB",
        "< 200 wanted",
    )


def _collected(folder: str, port: str, count: int, turn: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.many_sites", "collect", folder, port, str(count), turn]
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, timeout=SLOWEST_SECONDS, check=True
    )
    outcome: dict[str, float] = json.loads(done.stdout)
    outcome["seconds"] = time.monotonic() - began
    return outcome
