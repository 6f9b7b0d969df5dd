"""The cost of writing a commit to disk before a batch is submitted."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from bench.figure import Figure
from newsletter.migrations import upgrade
from newsletter.store.database import open_engine
from newsletter.store.tables import rates


def figures(quick: bool) -> Iterator[Figure]:
    """Time small transactions with the program's durability settings and with weaker ones."""
    count = 100 if quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        ours = _seconds(Path(folder) / "full.sqlite3", "FULL", count)
        weaker = _seconds(Path(folder) / "normal.sqlite3", "NORMAL", count)
    yield Figure("a commit, on the disk (synchronous=FULL)", ours * 1000, "ms", f"mean of {count}")
    yield Figure("… relative to synchronous=NORMAL", ours / weaker, "×", "two commits per batch")


def _seconds(path: Path, synchronous: str, count: int) -> float:
    engine = open_engine(f"sqlite:///{path}")
    sa.event.listen(
        engine,
        "connect",
        lambda connection, _record: connection.execute(f"PRAGMA synchronous={synchronous}"),
    )
    upgrade(engine)
    began = time.perf_counter()
    for number in range(count):
        with engine.begin() as connection:
            connection.execute(rates.insert().values(name=str(number), free_at=0))
    took = time.perf_counter() - began
    engine.dispose()
    return took / count
