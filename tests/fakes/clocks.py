"""Stop what takes too long, also inside C code that looks for signals."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TookTooLongError(Exception):
    """The time is over."""


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Raise TookTooLongError in the block when the time is over. For the main thread only."""

    def stop(*_: object) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
