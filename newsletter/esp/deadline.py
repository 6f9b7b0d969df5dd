"""One moment by which an exchange is over, however slowly the other side's bytes drip."""

import io
import math
import socket
import time
from collections.abc import Callable
from typing import Any

from typing_extensions import override

Ticks = Callable[[], float]


class Deadline:
    """So many seconds from now."""

    def __init__(self, seconds: float, ticks: Ticks = time.monotonic) -> None:
        """Start counting."""
        self._ticks = ticks
        self._begun = ticks()
        self._seconds = seconds

    def left(self, most: float = math.inf) -> float:
        """Return how many seconds the next step may take; raise TimeoutError when none are left."""
        left = self._seconds - self.gone()
        if left <= 0:
            msg = "the deadline passed"
            raise TimeoutError(msg)
        return min(left, most)

    def gone(self) -> float:
        """Return how many seconds ago it was set."""
        return self._ticks() - self._begun

    def step(self, most: float) -> "Deadline":
        """Return the deadline of a step that begins now and may take so long at most."""
        return Deadline(self.left(most), self._ticks)


class Timed(io.RawIOBase):
    """Reads from a socket; `left` says before each read how long it may take."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        """Take a connected socket."""
        super().__init__()
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open until it is read
        self._left = left

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._left())
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()
