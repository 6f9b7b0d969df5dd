"""Parse documents in worker processes with limits on time and memory."""

import os
import queue
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import orjson

import newsletter
from newsletter.collect.entry import Entry, Listing
from newsletter.collect.parsing.frames import ANSWER, FRAME
from newsletter.collect.text.dates import When
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author, Extracted, Image, restored

ARTICLE_SECONDS, LISTING_SECONDS = 20.0, 30.0
MEMORY = 1_000_000_000
JOBS_PER_WORKER = 2000
START_SECONDS = 10.0
LARGEST_ANSWER = 64_000_000


class Sandbox:
    """A few worker processes, started when first needed and replaced when they die.

    Use it as a context manager. Safe to use from many threads: each call borrows a worker.
    Raises ExtractFailed with a reason if a document cannot be parsed within the limits.
    """

    def __init__(self, workers: int = 1, *, memory: int = MEMORY, seconds: float = 0.0) -> None:
        """Set the number of processes. `seconds` overrides the time limits (for tests)."""
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(_Worker(memory))
        self._workers = workers
        self._seconds = seconds

    def __enter__(self) -> Self:
        """Return the sandbox. Workers start with the first document."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the workers."""
        self.close()

    def close(self) -> None:
        """Stop the workers. The sandbox starts new ones if it is used again."""
        for _ in range(self._workers):
            worker = self._free.get()
            worker.stop()
            self._free.put(worker)

    def article(self, raw: bytes, *, name: str, url: str = "", declared: str = "") -> Extracted:
        """Extract an article with `extract.extract`."""
        arguments = {"name": name, "url": url, "declared": declared}
        return restored(self._ask("article", arguments, raw, ARTICLE_SECONDS))

    def feed(self, raw: bytes, *, url: str, declared: str = "") -> Listing:
        """Read a feed with `feeds.read_feed`."""
        return _listing(self._ask("feed", {"url": url, "declared": declared}, raw, LISTING_SECONDS))

    def page(
        self, raw: bytes, *, url: str, declared: str = "", links: str = "", ignore: str = ""
    ) -> Listing:
        """Read a listing page with `pages.read_page`."""
        arguments = {"url": url, "declared": declared, "links": links, "ignore": ignore}
        return _listing(self._ask("page", arguments, raw, LISTING_SECONDS))

    def sitemap(self, raw: bytes, *, links: str = "", ignore: str = "") -> Listing:
        """Read a sitemap or an index with `sitemaps.read_sitemap`."""
        arguments = {"links": links, "ignore": ignore}
        return _listing(self._ask("sitemap", arguments, raw, LISTING_SECONDS))

    def _ask(self, job: str, arguments: Mapping[str, str], raw: bytes, seconds: float) -> Any:  # noqa: ANN401 - JSON
        limit = self._seconds or seconds
        worker = self._free.get()
        try:
            answer = worker.ask({"job": job, "arguments": arguments, "seconds": limit}, raw, limit)
        finally:
            self._free.put(worker)
        if "failed" in answer:
            raise ExtractFailed(answer["failed"])
        return answer["done"]


class _Worker:
    """A worker process: started with its first job, replaced if it dies or after many jobs."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
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
                [sys.executable, "-m", "newsletter.collect.parsing.worker", str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
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


def _listing(values: Mapping[str, Any]) -> Listing:
    return Listing(
        entries=tuple(_entry(entry) for entry in values["entries"]),
        skipped=tuple((what, why) for what, why in values["skipped"]),
        title=values["title"],
        lang=values["lang"],
        ttl_seconds=values["ttl_seconds"],
        note=values["note"],
    )


def _entry(values: Mapping[str, Any]) -> Entry:
    when, image = values["when"], values["image"]
    return Entry(
        **{
            **values,
            "when": _when(when) if when else None,
            "authors": tuple(Author(**author) for author in values["authors"]),
            "topics": tuple(values["topics"]),
            "image": Image(**image) if image else None,
            "path": None,
        }
    )


def _when(values: Mapping[str, Any]) -> When:
    at = values["at"]
    return When(date.fromisoformat(values["day"]), datetime.fromisoformat(at) if at else None)
