"""Workers of the real program on PostgreSQL: freeze, rate by number of workers, memory, size.

    NEWSLETTER_BENCH_PEOPLE=10000000 python -m bench --only workers

The server confirms its commits on the disk. The sink keeps a ledger, which says how many copies
everyone got. What the engine costs is the CPU of a worker and of the server, compared with the same
submissions by one process without it.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import sqlalchemy as sa

from bench import send
from bench.figure import Figure
from bench.ledger import DURABLE, server_cpu
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.migrations import upgrade
from newsletter.send import run
from newsletter.store.database import open_engine
from tests.fakes.fleet import Fleet
from tests.fakes.issues import NOW, add_issue, add_many, publication
from tests.fakes.postgres import Postgres, PostgresMissing, open_postgres

PEOPLE, QUICK = 1_000_000, 20_000
EDITIONS = 200
"""The most editions; with fewer people, there is one for every 5,000."""
EVERY = 0.2
"""Seconds between two looks at how far the workers are."""
TICKS = os.sysconf("SC_CLK_TCK")
DELAY = 0.15
LANES = 1
"""Connections of each worker to a distant provider, so few that four workers do not need all CPU."""
THREADS = 2
"""Jobs at once where the sink answers at once: while one waits for the disk, the other builds."""
ALONE = ("worker", "--processes", "4")
"""A process without the engine, and its share of the eight connections: as many as THREADS."""


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer recipients."""
    people = int(os.environ.get("NEWSLETTER_BENCH_PEOPLE", QUICK if quick else PEOPLE))
    rounds, some, many = (1, QUICK, QUICK) if quick else (4, PEOPLE, 160_000)
    try:
        with open_postgres(os.environ, DURABLE) as server:
            yield from _whole(server, people)
            yield from _compared(server, some, rounds)
            yield from _scaling(server, many)
    except PostgresMissing as missing:
        yield Figure("PostgreSQL", 0, "", str(missing))


def _whole(server: Postgres, people: int) -> Iterator[Figure]:
    """Freeze and submit to a provider that answers at once, with two workers."""
    with server.database() as url, send.sink(people=people) as host:
        began = time.perf_counter()
        editions = max(1, min(EDITIONS, people // 5_000))
        _fill(url, people, editions)
        yield Figure(f"fill with {people:,} people", time.perf_counter() - began, "s")
        began = time.perf_counter()
        _freeze(url)
        frozen = time.perf_counter() - began
        yield Figure("freeze", frozen, "s", f"{editions} editions")
        yield Figure("freeze", people / frozen, "rows/s")
        sent = _submitted(url, host, [_engine(THREADS)] * 2)
        yield Figure("two workers", sent.rate, "recipients/s", f"{sent.seconds:,.0f} s")
        yield Figure("two workers, CPU", sent.own, "µs/recipient", f"server: {sent.server:.1f}")
        note = f"target: 120; {sent.early:.0f} after a fifth"
        yield Figure("peak memory of a worker", sent.peak, "MB", note)
        yield Figure("size of the database", _size(url) / 1e6, "MB")
        copies = _copies(host)
        wrong = {number: count for number, count in copies.items() if number != 1}
        yield Figure("got one copy", copies.get(1, 0), "people", "by the ledger of the sink")
        yield Figure("got none or several", sum(wrong.values()), "people", "target: 0")


def _compared(server: Postgres, people: int, rounds: int) -> Iterator[Figure]:
    """Compare one process without the engine, one worker, and two workers, in turn.

    Every other round is made in the reverse order, and what is compared is taken within a round.
    The tables are vacuumed before: else PostgreSQL does so during one of the runs.
    """
    kinds = {"alone": [ALONE], "one": [_engine(THREADS)], "two": [_engine(THREADS)] * 2}
    found: dict[str, list[Run]] = {kind: [] for kind in kinds}
    with server.database() as template, send.sink() as host:
        _fill(template, people, editions=1)
        _freeze(template)
        _vacuum(template)
        for number in range(rounds):
            for kind in list(kinds) if number % 2 == 0 else reversed(kinds):
                with server.database(str(template.database)) as url:
                    found[kind].append(_submitted(url, host, kinds[kind]))
    rates = {kind: median(each.rate for each in found[kind]) for kind in found}
    without, within = ([run.own + run.server for run in found[kind]] for kind in ("alone", "one"))
    yield Figure("CPU without the engine", median(without), "µs/recipient", "with the server")
    yield Figure("CPU with the engine", median(within), "µs/recipient", "with the server")
    shares = [100 * (ours / theirs - 1) for ours, theirs in zip(within, without, strict=True)]
    note = f"target: 2; from {min(shares):.0f} to {max(shares):.0f} in the rounds"
    yield Figure("the engine's share", median(shares), "%", note)
    yield Figure("one worker", rates["one"], "recipients/s")
    note = "target: 1.7, if the server and the sink have cores of their own"
    yield Figure("two workers / one", rates["two"] / rates["one"], "×", note)


def _scaling(server: Postgres, people: int) -> Iterator[Figure]:
    """Submit to a distant provider with 1, 2 and 4 workers, each with the same number of lanes."""
    rates: dict[int, float] = {}
    with server.database() as template, send.sink(DELAY) as host:
        _fill(template, people, editions=1)
        _freeze(template)
        for workers in (1, 2, 4):
            with server.database(str(template.database)) as url:
                sent = _submitted(url, host, [_engine(LANES)] * workers)
            rates[workers] = sent.rate
            yield Figure(
                f"answers after 150 ms, {workers} × {LANES} lanes",
                sent.rate,
                "recipients/s",
                f"{sent.rate / rates[1] / workers:.2f} of linear; target: 0.9",
            )


def _fill(url: sa.URL, people: int, editions: int) -> None:
    """Subscribe people, each to one of the topics, and approve an issue with an edition for each."""
    with _opened(url) as engine:
        upgrade(engine)
        with engine.begin() as connection:
            add_many(connection, people)
            for statement in (_TAGS, _FOLLOWED):
                connection.execute(sa.text(statement), {"topics": editions})
            places = range(1, editions + 1)
            contents, tags = [(place,) for place in places], [(f"t{place}",) for place in places]
            add_issue(connection, contents, tags=tags, size=send.EDITION)
            connection.exec_driver_sql("ANALYZE")


_TAGS = """
    INSERT INTO tags (id, slug, name, kind)
    SELECT number, 't' || number, 't' || number, 'topic' FROM generate_series(1, :topics) number
"""
_FOLLOWED = """
    INSERT INTO subscriber_tags (tag_id, subscriber_id) SELECT 1 + id % :topics, id FROM subscribers
"""


def _freeze(url: sa.URL) -> None:
    newsletter = publication(content="followed", max_editions=EDITIONS)
    with _opened(url) as engine:
        run.prepare(engine, newsletter, 1, run.Route(SendGridSender("SG.bench")), now=NOW)


def _vacuum(url: sa.URL) -> None:
    with _opened(url) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def _opened(url: sa.URL) -> Iterator[sa.Engine]:
    engine = open_engine(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def _engine(jobs: int) -> Sequence[str]:
    return "worker", "--queues", "send", "--concurrency", str(jobs)


@dataclass(frozen=True, slots=True)
class Run:
    """What processes did from the first batch to the last: CPU in µs per recipient, peaks in MB."""

    seconds: float
    rate: float
    own: float
    server: float
    early: float
    peak: float


def _submitted(url: sa.URL, host: str, commands: Sequence[Sequence[str]]) -> Run:
    """Let processes of the program submit the issue."""
    with _opened(url) as engine, tempfile.TemporaryDirectory() as folder:
        with engine.connect() as connection:
            connection.exec_driver_sql("CHECKPOINT")
        fleet = Fleet(engine, Path(folder), host)
        processes = [fleet.start(*command) for command in commands]
        pids = [process.pid for process in processes]
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return _measured(connection, pids)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def _measured(connection: sa.Connection, pids: Sequence[int]) -> Run:
    total = int(connection.scalar(sa.text("SELECT max(last_seq) FROM batches")) or 0)
    while not (first := _people(connection)):
        time.sleep(EVERY)
    began, own, server = time.perf_counter(), _cpu(pids), server_cpu(connection)
    early = 0.0
    while (done := _people(connection)) < total:
        time.sleep(EVERY)
        if done >= total // 5 and not early:
            early = _peak(pids)
    seconds = time.perf_counter() - began
    per_person = 1e6 / (total - first)
    return Run(
        seconds,
        (total - first) / seconds,
        (_cpu(pids) - own) * per_person,
        (server_cpu(connection) - server) * per_person,
        early or _peak(pids),
        _peak(pids),
    )


def _people(connection: sa.Connection) -> int:
    """Return how many recipients are in batches that are settled."""
    query = "SELECT coalesce(sum(planned), 0) FROM batches WHERE state = 'accepted'"
    return int(connection.exec_driver_sql(query).scalar_one())


def _size(url: sa.URL) -> int:
    with _opened(url) as engine, engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.pg_database_size(url.database))) or 0


def _copies(host: str) -> dict[int, int]:
    """Return how many people got each number of copies, by the sink."""
    with urlopen(host, timeout=60) as answer:  # noqa: S310 - our own server
        return {int(number): count for number, count in json.load(answer).items()}


def _cpu(pids: Sequence[int]) -> float:
    return sum(map(_cpu_of, pids))


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _peak(pids: Sequence[int]) -> float:
    return max(map(_peak_of, pids))


def _peak_of(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
