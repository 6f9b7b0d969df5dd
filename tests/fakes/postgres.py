"""A real PostgreSQL for tests: a named server, or one that is started for the session."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

NULL = subprocess.DEVNULL
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
SETTINGS = (
    "listen_addresses=",
    "max_connections=400",  # all workers of a parallel run share the server
)
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Make a temporary cluster fast without changing what SQL means."""


class PostgresMissing(Exception):  # noqa: N818 - a finding; the caller decides whether it is an error
    """No server is named and no program can start one; the text lists what was searched."""


class Postgres:
    """A server on which tests create and drop databases."""

    def __init__(self, url: sa.URL) -> None:
        """Use the server at `url` as a user that may create databases."""
        self.url = url
        self._admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.StaticPool)
        self._numbers = count()

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[sa.URL]:
        """Yield the URL of a new database, a copy of `template`; drop it afterwards."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url.set(database=name)
        finally:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Disconnect from the server."""
        self._admin.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def open_postgres(
    environ: Mapping[str, str], settings: Sequence[str] = HASTE
) -> Iterator[Postgres]:
    """Yield the server of TEST_PG_URL, or a temporary cluster. Raises PostgresMissing."""
    if url_text := environ.get("TEST_PG_URL"):
        url = sa.make_url(url_text).set(drivername="postgresql+psycopg")
        with closing(Postgres(url)) as server:
            yield server
        return
    with _cluster(programs(environ), settings) as url, closing(Postgres(url)) as server:
        yield server


def programs(environ: Mapping[str, str]) -> Path:
    """Return the folder of initdb and postgres, the newest version if there are several."""
    found = shutil.which("initdb", path=environ.get("PATH"))
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    for program in [found, *sorted(debian, key=lambda path: int(path.parts[-3]), reverse=True)]:
        if program and Path(program).with_name("postgres").exists():
            return Path(program).parent
    msg = "no TEST_PG_URL, and no initdb on the PATH or in /usr/lib/postgresql"
    raise PostgresMissing(msg)


@contextmanager
def _cluster(programs: Path, settings: Sequence[str]) -> Iterator[sa.URL]:
    """Run a temporary cluster that is reached by a socket in its own folder.

    The server refuses to run as root, so root gives the folder to an unprivileged user.
    """
    base = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    owner = unprivileged()
    if owner:
        os.chown(base, owner["user"], owner["group"])
    try:
        with (base / "log").open("w") as log:
            start = partial(subprocess.Popen, cwd=base, stdin=NULL, stdout=log, stderr=log, **owner)
            with _server(programs, base, start, [*SETTINGS, *settings]) as url:
                yield url
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def _server(
    programs: Path, base: Path, start: partial[subprocess.Popen[bytes]], settings: Sequence[str]
) -> Iterator[sa.URL]:
    """Create and start the cluster; stop it when the tests end, also by an error."""
    made = start([programs / "initdb", "-D", base / "db", *INITDB])
    if made.wait():
        raise PostgresMissing("initdb failed: " + (base / "log").read_text()[-500:])
    options = [f"-c{setting}" for setting in settings]
    server = start(
        [programs / "postgres", "-D", base / "db", "-k", base, *options],
        preexec_fn=_end_with_parent,
    )
    url = sa.URL.create("postgresql+psycopg", "postgres", database="postgres")
    url = url.update_query_dict({"host": str(base)})
    try:
        _wait(url, server, base / "log")
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def unprivileged() -> dict[str, Any]:
    """Return the user to run the server as: an unprivileged one if the tests run as root."""
    if os.geteuid():
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _end_with_parent() -> None:
    """Ask Linux to stop the server if the tests are killed before they can stop it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _wait(url: sa.URL, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for _ in range(300):
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise PostgresMissing("the server did not start: " + log.read_text()[-500:])
