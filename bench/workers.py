"""Workers of the real program on PostgreSQL: freeze, rate by number of workers, memory, size.

    NEWSLETTER_BENCH_PEOPLE=10000000 python -m bench --only workers

The server confirms its commits on the disk. A worker's own share is the CPU that it takes with jobs
of the engine, compared with the same submissions in one process without it.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from bench import send
from bench.figure import Figure
from bench.ledger import DURABLE
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.migrations import upgrade
from newsletter.send import run
from newsletter.store.database import open_engine
from tests.fakes.fleet import Fleet, until
from tests.fakes.issues import NOW, add_issue, add_many, publication
from tests.fakes.postgres import Postgres, PostgresMissing, open_postgres

PEOPLE = 1_000_000
HOURS = 4 * 3600.0
TICKS = os.sysconf("SC_CLK_TCK")
DELAY = 0.15
LANES = 4


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer recipients."""
    people = int(os.environ.get("NEWSLETTER_BENCH_PEOPLE", 20_000 if quick else PEOPLE))
    try:
        with open_postgres(os.environ, DURABLE) as server:
            yield from _whole(server, people)
            yield from _scaling(server, 20_000 if quick else 240_000)
    except PostgresMissing as missing:
        yield Figure("PostgreSQL", 0, "", str(missing))


def _whole(server: Postgres, people: int) -> Iterator[Figure]:
    """Freeze and submit to a provider that answers at once, with two workers."""
    with server.database() as url, send.sink() as host, tempfile.TemporaryDirectory() as folder:
        engine = _filled(url, people)
        began = time.perf_counter()
        _freeze(engine)
        yield Figure(f"freeze of {people:,}", time.perf_counter() - began, "s")
        sent = _submitted(engine, Path(folder), host, workers=2, jobs=2)
        yield Figure("two workers", people / sent["seconds"], "recipients/s")
        yield Figure("two workers, CPU", 1e6 * sent["cpu"] / people, "µs/recipient")
        yield Figure("peak memory of a worker", sent["peak"], "MB", "target: 120")
        with engine.connect() as connection:
            size = connection.scalar(sa.select(sa.func.pg_database_size(url.database)))
        yield Figure("size of the database", (size or 0) / 1e6, "MB")
        engine.dispose()


def _scaling(server: Postgres, people: int) -> Iterator[Figure]:
    """Submit to a distant provider with 1, 2 and 4 workers, each with the same number of lanes."""
    one = 0.0
    for workers in (1, 2, 4):
        with server.database() as url, send.sink(DELAY) as host:
            engine = _filled(url, people)
            _freeze(engine)
            with tempfile.TemporaryDirectory() as folder:
                sent = _submitted(engine, Path(folder), host, workers=workers, jobs=LANES)
            engine.dispose()
        rate = people / sent["seconds"]
        one = one or rate
        yield Figure(
            f"answers after 150 ms, {workers} × {LANES} lanes",
            rate,
            "recipients/s",
            f"{rate / one / workers:.2f} of linear",
        )


def _filled(url: sa.URL, people: int) -> sa.Engine:
    engine = open_engine(url.render_as_string(hide_password=False))
    upgrade(engine)
    with engine.begin() as connection:
        add_many(connection, people)
        add_issue(connection, size=send.EDITION)
        connection.exec_driver_sql("ANALYZE")
    return engine


def _freeze(engine: sa.Engine) -> None:
    run.prepare(engine, publication(), 1, run.Route(SendGridSender("SG.bench")), now=NOW)


def _submitted(
    engine: sa.Engine, folder: Path, host: str, *, workers: int, jobs: int
) -> dict[str, float]:
    """Let workers submit the issue; count from the first batch to the last."""
    fleet = Fleet(engine, folder, host)
    fleet.issue_id = 1
    words = ("worker", "--queues", "send", "--concurrency", str(jobs))
    processes = [fleet.start(*words) for _ in range(workers)]
    try:
        until(lambda: _settled(engine), "the first batch", HOURS)
        began, before, first = (
            time.perf_counter(),
            [_cpu(each.pid) for each in processes],
            _settled(engine),
        )
        until(lambda: not _left(engine), "the last batch", HOURS)
        seconds = time.perf_counter() - began
        cpu = sum(_cpu(each.pid) for each in processes) - sum(before)
        peak = max(_peak(each.pid) for each in processes)
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    total = _settled(engine)
    share = total / (total - first)  # as if it had measured every batch
    return {"seconds": seconds * share, "cpu": cpu * share, "peak": peak}


def _settled(engine: sa.Engine) -> int:
    return _count(engine, "state = 'accepted'")


def _left(engine: sa.Engine) -> int:
    return _count(engine, "state IN ('prepared', 'submitting')")


def _count(engine: sa.Engine, condition: str) -> int:
    with engine.connect() as connection:
        query = f"SELECT count(*) FROM batches WHERE {condition}"
        return int(connection.exec_driver_sql(query).scalar_one())


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
