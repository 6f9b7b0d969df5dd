"""A PostgreSQL server that a test restarts, and a network to it that a test breaks."""

import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from tests.fakes.fleet import free_port
from tests.fakes.postgres import INITDB, programs, unprivileged

SETTINGS = "-c listen_addresses=127.0.0.1 -c max_connections=200"


class Cluster:
    """A server with its own data, whose commits survive a crash."""

    def __init__(self, folder: Path) -> None:
        """Create the data in an empty folder; it is started by `start`."""
        self.port = free_port()
        self._folder, self._programs = folder, programs({})
        self._call("initdb", "-D", folder / "db", *INITDB)

    @property
    def url(self) -> sa.URL:
        """Return the address of the server."""
        return sa.URL.create(
            "postgresql+psycopg", "postgres", host="127.0.0.1", port=self.port, database="postgres"
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -k {self._folder} {SETTINGS}"
        self._control("start", "-w", "-l", self._folder / "log", "-o", options)

    def restart(self) -> None:
        """Let the server die without a word, and start it again."""
        self._control("restart", "-m", "immediate", "-w", "-l", self._folder / "log")

    def stop(self) -> None:
        """Stop the server."""
        self._control("stop", "-m", "immediate")

    def _control(self, *words: str | Path) -> None:
        self._call("pg_ctl", "-D", self._folder / "db", *words)

    def _call(self, program: str, *words: str | Path) -> None:
        null = subprocess.DEVNULL  # the server would keep a pipe open
        command = [self._programs / program, *words]
        subprocess.run(
            command,
            cwd=self._folder,
            check=True,
            stdin=null,
            stdout=null,
            stderr=null,
            **unprivileged(),
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Yield a running server with its own data."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if whose := unprivileged():
        shutil.chown(folder, whose["user"], whose["group"])
    made = Cluster(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Network:
    """A way to a server. While it `swallows`, what is sent in either direction disappears.

    While it `refuses`, connections end before the server sees them; they are counted.
    """

    def __init__(self, target: str | tuple[str, int]) -> None:
        """Lead to a socket of this machine: a path, or a host and its port."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.swallows = self.refuses = False
        self.refused = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @classmethod
    def to(cls, url: sa.URL) -> "Network":
        """Lead to the server of a database."""
        port = url.port or 5432
        folder = url.query.get("host")
        return cls(f"{folder}/.s.PGSQL.{port}" if folder else (str(url.host), port))

    def through(self, url: sa.URL) -> sa.URL:
        """Return the address of the same database through this network."""
        direct = url.set(host="127.0.0.1", port=self.port)
        return direct.difference_update_query(["host", "port"])

    def close(self) -> None:
        """Accept no more connections, and end those that are open."""
        for end in (self._listener, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, act: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=act, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with self._listener, suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.refuses:
                    self.refused += 1
                    near.close()
                    continue
                self._start(self._carry, near, self._connected())

    def _connected(self) -> socket.socket:
        if not isinstance(self._target, str):
            return socket.create_connection(self._target)
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        return far

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        self._open += near, far
        with near, far:
            back = threading.Thread(target=self._relay, args=(far, near), daemon=True)
            back.start()
            self._relay(near, far)
            back.join()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(65536):
                if not self.swallows:
                    target.sendall(received)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
