"""One worker process that parses documents, with limits on time and memory."""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

import newsletter
from newsletter.collect.parsing.frames import ANSWER, FRAME

JOBS_PER_WORKER = 2000
START_SECONDS = 10.0
LARGEST_ANSWER = 64_000_000


class WorkerProcess:
    """A worker process: started with its first job, replaced if it dies or after many jobs."""

    def __init__(self, memory: int, user: str) -> None:
        """Set the limit on memory and the user, for each process that is started."""
        self._limits = (str(memory), user)
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs = 0

    def ask(self, header: Mapping[str, object], raw: bytes, seconds: float) -> dict[str, Any]:
        """Do a job within `seconds`. A worker that does not answer in time is killed."""
        process = self._started()
        packed = orjson.dumps(header)
        starting = START_SECONDS if self._jobs == 0 else 0.0
        deadline = time.monotonic() + seconds + starting
        try:
            _send(process, FRAME.pack(len(packed), len(raw)) + packed + raw, deadline)
            (size,) = ANSWER.unpack(_receive(process, ANSWER.size, deadline))
            answer = orjson.loads(_receive(process, min(size, LARGEST_ANSWER), deadline))
        except TimeoutError:
            self.stop()
            return {"failed": f"parsing took longer than {seconds:g} s and was stopped"}
        except (EOFError, OSError, ValueError):
            self.stop()
            return {
                "failed": "the parser crashed, probably because the document needs too much memory"
            }
        self._jobs += 1
        if self._jobs >= JOBS_PER_WORKER:
            self.stop()
        return answer if isinstance(answer, dict) else {"failed": "no answer"}

    def stop(self) -> None:
        """Kill the process. It holds no state that could be lost."""
        process, self._process, self._jobs = self._process, None, 0
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            home = str(Path(newsletter.__file__).parent.parent)
            paths = os.pathsep.join([home, *filter(None, sys.path)])
            environment = {"PYTHONPATH": paths, "PATH": os.defpath, "PYTHONUTF8": "1"}
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "newsletter.collect.parsing.worker", *self._limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                bufsize=0,
            )
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    os.set_blocking(stream.fileno(), False)
        return self._process


def _send(process: subprocess.Popen[bytes], message: bytes, deadline: float) -> None:
    stream = process.stdin
    if stream is None:
        raise EOFError
    view = memoryview(message)
    while view:
        _wait(stream.fileno(), selectors.EVENT_WRITE, deadline)
        view = view[os.write(stream.fileno(), view[:65536]) :]


def _receive(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    stream = process.stdout
    if stream is None:
        raise EOFError
    parts: list[bytes] = []
    while size:
        _wait(stream.fileno(), selectors.EVENT_READ, deadline)
        part = os.read(stream.fileno(), min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        if left <= 0 or not selector.select(left):
            raise TimeoutError
