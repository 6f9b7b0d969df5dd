"""Processes beside this one: started, started again when they end, and ended with this one."""

import subprocess
import threading
import time
from collections.abc import Sequence

import structlog

from newsletter.dispatch.pauses import Pauses

LONGEST_PAUSE = 30.0
"""Seconds before a process that ended is started again."""

log = structlog.get_logger(__name__)


class Siblings:
    """Runs a command several times at once until it is stopped.

    The command must end when its standard input is closed. That is also how it notices that this
    process was killed, which cannot tell anyone.
    """

    def __init__(self, command: Sequence[str], number: int) -> None:
        """Prepare; nothing runs before `start`."""
        self._command = list(command)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._threads = [
            threading.Thread(target=self._keep_running, name=f"sender-{place}", daemon=True)
            for place in range(number)
        ]

    def start(self) -> None:
        """Start every process."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every process finish what is in progress, and wait for it."""
        with self._lock:
            self._stopping.set()
            for child in self._running:
                _close_input(child)
        for thread in self._threads:
            thread.join()

    @property
    def pids(self) -> list[int]:
        """Return the ids of the processes that run now."""
        with self._lock:
            return sorted(child.pid for child in self._running)

    def _keep_running(self) -> None:
        pauses = Pauses(LONGEST_PAUSE)
        while not self._stopping.is_set():
            began = time.monotonic()
            how = self._ran()
            if not self._stopping.wait(pauses.after(time.monotonic() - began)):
                log.warning("process ended; it is started again", **how)

    def _ran(self) -> dict[str, object]:
        """Run one process to its end; return how it ended, or why it could not be started."""
        try:
            child = self._started()
        except OSError as error:  # no memory for it, or the program is being replaced
            return {"problem": error.strerror}
        if child is None:
            return {}
        code = child.wait()
        with self._lock:
            self._running.discard(child)
            _close_input(child)
        return {"exit_code": code, "pid": child.pid}

    def _started(self) -> subprocess.Popen[bytes] | None:
        """Start one process; return None if all are to end."""
        with self._lock:
            if self._stopping.is_set():
                return None
            # In a group of its own: Ctrl-C reaches this process, which then ends the others.
            child = subprocess.Popen(  # noqa: S603 - our own command
                self._command, stdin=subprocess.PIPE, process_group=0
            )
            self._running.add(child)
            return child


def _close_input(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
