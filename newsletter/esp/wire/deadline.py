"""One time limit for a whole exchange, however slowly the other side sends its bytes."""

import io
import math
import socket
import time
from collections.abc import Callable
from typing import Any

from typing_extensions import override

Ticks = Callable[[], float]


class CallDeadline:
    """The moment at which a call must end, `seconds` after it was made."""

    def __init__(self, seconds: float, ticks: Ticks = time.monotonic) -> None:
        """Start the clock."""
        self._ticks = ticks
        self._started = ticks()
        self.seconds = seconds

    def left(self, most: float = math.inf) -> float:
        """Return how many seconds the next step may take; raise TimeoutError if none are left."""
        left = self.seconds - self.elapsed()
        if left <= 0:
            msg = "the deadline passed"
            raise TimeoutError(msg)
        return min(left, most)

    def elapsed(self) -> float:
        """Return how many seconds have passed since the start."""
        return self._ticks() - self._started

    def step(self, most: float) -> "CallDeadline":
        """Return the deadline of a step that begins now and may take `most` seconds."""
        return CallDeadline(self.left(most), self._ticks)


class TimedReader(io.RawIOBase):
    """Reads from a socket; asks `left` before each read how long the read may take.

    A socket timeout alone does not help: a server that sends one byte per second resets it forever.
    """

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
