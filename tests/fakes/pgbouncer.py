"""PgBouncer in transaction mode before a PostgreSQL server."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from tests.fakes.fleet import free_port
from tests.fakes.postgres import unprivileged

PROGRAM = Path("/usr/sbin/pgbouncer")
SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
"""


TRIES = 5
"""Another program may take a port that was free a moment ago."""


@contextmanager
def pgbouncer(url: sa.URL, pool: int) -> Iterator[sa.URL]:
    """Yield the address of the database behind a pool of so many connections."""
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-", dir="/tmp"))
    folder.chmod(0o755)
    process, port = _started(folder, url, pool)
    try:
        yield url.set(host="127.0.0.1", port=port, query={})
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _started(folder: Path, url: sa.URL, pool: int) -> tuple["subprocess.Popen[bytes]", int]:
    host = url.host or url.query.get("host") or "/var/run/postgresql"
    for _ in range(TRIES):
        listen = free_port()
        settings = SETTINGS.format(
            host=host, port=url.port or 5432, user=url.username, listen=listen, pool=pool
        )
        ini = folder / "pgbouncer.ini"
        ini.write_text(settings)
        ini.chmod(0o644)  # the unprivileged user reads it
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([PROGRAM, "-q", ini], stderr=log, **unprivileged())
        if _listens(process, listen):
            return process, listen
        process.kill()
        process.wait()
    message = f"pgbouncer does not listen: {(folder / 'log').read_text()}"
    raise AssertionError(message)


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until it accepts connections; return False if it has ended, or never does."""
    for _ in range(300):
        if process.poll() is not None:
            return False
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False
