"""Parse documents in a separate process, so that a hostile document cannot stop anything else.

Run as `python -m newsletter.collect.parsing.worker MEMORY_BYTES USER`. Reads frames from standard input and
answers each with a frame on standard output: a length, then JSON. Only JSON is exchanged, so that
the other side never executes anything, even if a document takes over this process.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO

import orjson

from newsletter.collect.extracting.extract import extract
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.pages import read_page
from newsletter.collect.finding.sitemaps import read_sitemap
from newsletter.collect.parsing import isolation
from newsletter.collect.parsing.frames import ANSWER, FRAME
from newsletter.errors import ExtractFailed
from newsletter.model.article import plain
from newsletter.model.protection import Protection

GRACE_SECONDS = 5.0
_SAMPLE = (
    b"<html><head><title>Sample</title></head><body><article><h1>Sample</h1><time>5 October 2026</time><p>"
    + b"The river rose in the spring of that year. " * 20
    + b"</p></article></body></html>"
)
_SAMPLE_FEED = (
    b"<rss version='2.0'><channel><title>Sample</title><item><title>Sample</title><guid>1</guid>"
    b"<pubDate>Mon, 05 Oct 2026 10:00:00 GMT</pubDate></item></channel></rss>"
)


def article(raw: bytes, *, name: str, url: str, declared: str) -> object:
    """Extract an article."""
    return plain(extract(raw, name=name, url=url, declared=declared))


Jobs = Mapping[str, Callable[..., object]]
JOBS: Jobs = {
    "article": article,
    "feed": read_feed,
    "page": read_page,
    "sitemap": read_sitemap,
}


def main() -> None:
    """Answer requests until standard input is closed."""
    memory, user = int(sys.argv[1]), sys.argv[2]
    _import_late_modules()
    problems = isolation.confine(user=user, memory=memory)
    jobs: Jobs = {**JOBS, "protections": partial(protections, problems)}
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (job := read_job(requests)) is not None:
        header, raw = job
        signal.setitimer(signal.ITIMER_REAL, header["seconds"] + GRACE_SECONDS)
        answer = orjson.dumps(answer_to(header, raw, jobs), default=str)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(ANSWER.pack(len(answer)) + answer)
        answers.flush()


def protections(
    problems: Mapping[Protection, str], _raw: bytes, *, secrets: Sequence[str]
) -> object:
    """Return which protections are not in force, and why."""
    possible = isolation.attempts(secrets)
    return {what.value: problems.get(what, how) for what, how in possible.items()}


def _import_late_modules() -> None:
    """Parse samples: the parsers import some modules when they first need them."""
    answer_to({"job": "feed", "arguments": {"url": "", "declared": ""}}, _SAMPLE_FEED)
    arguments = {"name": "sample.html", "url": "", "declared": ""}
    answer_to({"job": "article", "arguments": arguments}, _SAMPLE)


def read_job(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a frame: the JSON header and the document. Returns None at the end."""
    sizes = stream.read(FRAME.size)
    if len(sizes) < FRAME.size:
        return None
    header_size, raw_size = FRAME.unpack(sizes)
    return orjson.loads(stream.read(header_size)), stream.read(raw_size)


def answer_to(header: Mapping[str, Any], raw: bytes, jobs: Jobs = JOBS) -> dict[str, object]:
    """Do a job. Every error becomes an answer."""
    try:
        return {"done": jobs[header["job"]](raw, **header["arguments"])}
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
