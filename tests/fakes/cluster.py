"""A PostgreSQL server that a test restarts, and a network to it that a test breaks."""

import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
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
    """A way to a server. While it `swallows`, what is sent in either direction disappears."""

    def __init__(self, port: int) -> None:
        """Lead to a port of this machine."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.swallows = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=(one, other), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(65536):
                if not self.swallows:
                    target.sendall(received)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
