"""Sending on PostgreSQL, and the whole command on SQLite: rates, CPU here and in the server.

The server confirms its commits on the disk, as in production.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from bench import send
from bench.figure import Figure
from bench.processes import Result, cpu, rate, ratio, run_one, run_two
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.migrations import upgrade
from newsletter.send import run
from newsletter.store.database import open_engine
from tests.fakes.issues import NOW, add_issue, add_many, publication
from tests.fakes.postgres import Postgres, PostgresMissing, open_postgres

DURABLE = ("fsync=on", "max_wal_size=4GB", "shared_buffers=256MB")
TICKS = os.sysconf("SC_CLK_TCK")


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer recipients."""
    people = 20_000 if quick else 300_000
    with send.sink() as host:
        try:
            with open_postgres(os.environ, DURABLE) as server:
                yield from _postgres(server, host, people, rounds=1 if quick else 3)
        except PostgresMissing as missing:
            yield Figure("PostgreSQL", 0, "", str(missing))
        yield from _whole(host, 20_000 if quick else 1_000_000, rounds=1 if quick else 3)


def _postgres(server: Postgres, host: str, people: int, rounds: int) -> Iterator[Figure]:
    results: dict[str, list[Result]] = {"one": [], "alone": [], "two": []}
    with server.database() as template:
        _prepare(template, people, freeze=True)
        for _ in range(rounds):
            results["one"].append(_run(server, template, host, "--connections", send.CONNECTIONS))
            results["alone"].append(_run(server, template, host))
            results["two"].append(_run(server, template, host, two=True))
    one, alone, two = results.values()
    yield Figure("PostgreSQL: submitted", median(map(rate, one)), "recipients/s", "target: 100,000")
    yield Figure("PostgreSQL: CPU", median(map(cpu, one)), "µs/recipient", "of this program")
    served = median(1e6 * result["server"] / people for result in one)
    yield Figure("PostgreSQL: CPU of the server", served, "µs/recipient", "target: ≤ 8")
    yield Figure("PostgreSQL: two processes", median(map(rate, two)), "recipients/s")
    note = "target: 1.6; one connection each"
    yield Figure("PostgreSQL: two processes / one", ratio(two, alone), "×", note)


def _whole(host: str, people: int, rounds: int) -> Iterator[Figure]:
    """Measure all of a command on SQLite: start, freeze, submit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "approved.sqlite3"
        url = sa.make_url(f"sqlite:///{path}")
        _prepare(url, people, freeze=False)
        wholes, freezes, alone = [], [], []
        for _ in range(rounds):
            wholes.append(
                _from_start(send.measure_mode("whole", path, host, people, send.CONNECTIONS))
            )
            freezes.append(send.measure_mode("freeze", path, host, people))
            alone.append(send.measure_mode("sink", path, host, people))
    yield Figure("SQLite: whole command", median(map(rate, wholes)), "recipients/s", "150,000")
    yield Figure("SQLite: whole command, CPU", median(map(cpu, wholes)), "µs/recipient", "≤ 8")
    yield Figure("SQLite: of which the freeze", median(map(cpu, freezes)), "µs/recipient")
    yield Figure("SQLite: of which the start", median(r["start_cpu"] for r in wholes), "s of CPU")
    yield Figure("SQLite: whole command / sink alone", ratio(wholes, alone), "×")
    yield Figure("SQLite: peak memory", median(result["peak"] for result in wholes), "MB", "≤ 100")


def _from_start(result: Result) -> Result:
    """Count from the start of the interpreter."""
    seconds, used = result["seconds"] + result["start"], result["cpu"] + result["start_cpu"]
    return {**result, "seconds": seconds, "cpu": used}


def _prepare(url: sa.URL, people: int, *, freeze: bool) -> None:
    """Fill a database with people and an approved issue, and freeze its audience."""
    engine = open_engine(url.render_as_string(hide_password=False))
    upgrade(engine)
    with engine.begin() as connection:
        add_many(connection, people)
        issue_id = add_issue(connection, size=send.EDITION)
        connection.exec_driver_sql("ANALYZE")
    if freeze:
        route = run.Route(SendGridSender("SG.bench"))
        run.prepare(engine, publication(), issue_id, route, now=NOW)
    engine.dispose()


def _run(
    server: Postgres, template: sa.URL, host: str, *options: object, two: bool = False
) -> Result:
    """Submit from a copy of a database; add the seconds of CPU that the server took."""
    measured = run_two if two else run_one
    with server.database(str(template.database)) as url:
        admin = sa.create_engine(url)
        with admin.connect() as connection:
            connection.exec_driver_sql("CHECKPOINT")
            before = server_cpu(connection)
            text = url.render_as_string(hide_password=False)
            result = measured("sender", "ours", text, host, *options)
            used = server_cpu(connection) - before
        admin.dispose()
    return {**result, "server": used}


def server_cpu(connection: sa.Connection) -> float:
    """Return the seconds of CPU of a server on this machine, of all its processes."""
    backend = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    parent = _stat(int(backend))[1]
    present = (_stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit())
    own = _stat(parent)
    ticks = sum(own[11:15]) + sum(
        sum(stat[11:13]) for stat in present if stat and stat[1] == parent
    )
    return ticks / TICKS


def _stat(pid: int) -> list[int]:
    """Return the fields of a process after its name, numbers only; none if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2]
    except OSError:
        return []
    return [0, *map(int, text.split()[1:])]
