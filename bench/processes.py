"""Run what is measured in processes of its own, each on a fresh copy of the database."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import IO, cast

ROOT = Path(__file__).parent.parent

Result = dict[str, float]
"""What one process reports: people, seconds, cpu (seconds) and peak (MB)."""


def measure(module: str, mode: str, frozen: Path, url: str, *options: object) -> Result:
    """Run one mode of a module of this folder."""
    with copied(frozen) as database:
        return run_one(module, mode, database, url, *options)


def run_one(module: str, mode: str, database: str, url: str, *options: object) -> Result:
    """Run one mode of a module of this folder on a database, by its URL."""
    ran = subprocess.run(  # noqa: S603 - this Python, and modules of this folder
        [sys.executable, "-m", f"bench.{module}", mode, database, url, *map(str, options)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return cast("Result", json.loads(ran.stdout.splitlines()[-1]))


def measure_two(module: str, mode: str, frozen: Path, url: str, *options: object) -> Result:
    """Run two processes on a copy of one database, from the same moment."""
    with copied(frozen) as database:
        return run_two(module, mode, database, url, *options)


def run_two(module: str, mode: str, database: str, url: str, *options: object) -> Result:
    """Run two processes on one database, by its URL, from the same moment."""
    command = [sys.executable, "-m", f"bench.{module}", mode, database, url]
    both = [
        subprocess.Popen(  # noqa: S603 - this Python, and modules of this folder
            [*command, "--go", *map(str, options)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        _pipe(process.stdout).readline()
    for process in both:
        _pipe(process.stdin).write("go\n")
        _pipe(process.stdin).flush()
    results = [json.loads(process.communicate()[0].splitlines()[-1]) for process in both]
    return {
        "people": sum(result["people"] for result in results),
        "seconds": max(result["seconds"] for result in results),
        "cpu": sum(result["cpu"] for result in results),
        "peak": sum(result["peak"] for result in results),
    }


def rate(result: Result) -> float:
    """Return recipients per second."""
    return result["people"] / result["seconds"]


def cpu(result: Result) -> float:
    """Return microseconds of CPU per recipient."""
    return 1e6 * result["cpu"] / result["people"]


def ratio(some: Sequence[Result], others: Sequence[Result]) -> float:
    """Return the median of the ratios within each round."""
    return median(rate(one) / rate(other) for one, other in zip(some, others, strict=True))


@contextmanager
def copied(frozen: Path) -> Iterator[str]:
    """Copy a database; yield the URL of the copy, and delete it afterwards."""
    copy = frozen.with_suffix(".run")
    shutil.copyfile(frozen, copy)
    os.sync()
    yield f"sqlite:///{copy}"
    for name in ("", "-wal", "-shm"):
        Path(f"{copy}{name}").unlink(missing_ok=True)


@contextmanager
def serving(folder: str, *options: object) -> Iterator[int]:
    """Run a sink of this folder in a process of its own; yield its port."""
    with subprocess.Popen(  # noqa: S603 - this Python, and modules of this folder
        [sys.executable, str(ROOT / "bench" / folder), *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield int(_pipe(process.stdout).readline())
        finally:
            process.kill()


def _pipe(stream: IO[str] | None) -> IO[str]:
    """Return a stream that the process was started with (PIPE)."""
    return cast("IO[str]", stream)
