"""Parse documents in a separate process, so that a hostile document cannot stop anything else.

Run as `python -m newsletter.collect.parsing.worker MEMORY_BYTES`. Reads frames from standard input and
answers each with a frame on standard output: a length, then JSON. Only JSON is exchanged, so that
the other side never executes anything, even if a document takes over this process.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import orjson

from newsletter.collect.extracting.extract import extract
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.pages import read_page
from newsletter.collect.finding.sitemaps import read_sitemap
from newsletter.collect.parsing.frames import ANSWER, FRAME
from newsletter.errors import ExtractFailed
from newsletter.model.article import plain

GRACE_SECONDS = 5.0


def article(raw: bytes, *, name: str, url: str, declared: str) -> object:
    """Extract an article."""
    return plain(extract(raw, name=name, url=url, declared=declared))


JOBS: Mapping[str, Callable[..., object]] = {
    "article": article,
    "feed": read_feed,
    "page": read_page,
    "sitemap": read_sitemap,
}


def main() -> None:
    """Answer requests until standard input is closed."""
    with contextlib.suppress(IndexError, ImportError, ValueError, OSError):
        _bound_memory(int(sys.argv[1]))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (job := read_job(requests)) is not None:
        header, raw = job
        signal.setitimer(signal.ITIMER_REAL, header["seconds"] + GRACE_SECONDS)
        answer = orjson.dumps(answer_to(header, raw), default=str)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(ANSWER.pack(len(answer)) + answer)
        answers.flush()


def _bound_memory(most: int) -> None:
    import resource  # noqa: PLC0415 - not available on every system

    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read_job(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a frame: the JSON header and the document. Returns None at the end."""
    sizes = stream.read(FRAME.size)
    if len(sizes) < FRAME.size:
        return None
    header_size, raw_size = FRAME.unpack(sizes)
    return orjson.loads(stream.read(header_size)), stream.read(raw_size)


def answer_to(header: dict[str, Any], raw: bytes) -> dict[str, object]:
    """Do a job. Every error becomes an answer."""
    try:
        return {"done": JOBS[header["job"]](raw, **header["arguments"])}
    except ExtractFailed as error:
        return {"failed": str(error)}
    except MemoryError:
        return {"failed": "the document needs too much memory"}
    except RecursionError:
        return {"failed": "the document is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - any parser may fail on any document
        return {"failed": f"the document cannot be parsed: {str(error)[:120] or 'unknown error'}"}


if __name__ == "__main__":
    main()
