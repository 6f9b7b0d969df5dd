"""Parse documents in worker processes with limits on time and memory."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from newsletter.collect.entry import Entry, Listing
from newsletter.collect.parsing.child import WorkerProcess
from newsletter.collect.parsing.turns import WorkerTurns
from newsletter.collect.text.dates import When
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author, Extracted, Image, Translation, restored
from newsletter.model.protection import Protection
from newsletter.model.source import Source

ARTICLE_SECONDS, LISTING_SECONDS = 20.0, 30.0
MEMORY = 1_000_000_000
USER = "nobody"
MOST_WORKERS = 4
"""Each may need as much memory as the limit allows."""


class Sandbox:
    """A few worker processes, started when first needed and replaced when they die.

    Use it as a context manager. Safe to use from many threads: each call borrows a worker.
    Raises ExtractFailed with a reason if a document cannot be parsed within the limits.
    """

    def __init__(
        self, workers: int = 1, *, user: str = USER, memory: int = MEMORY, seconds: float = 0.0
    ) -> None:
        """Set the number of processes, and the user that they change to if this one is root.

        With 0 `workers` there is one for each core. `memory` is the limit of each process.
        `seconds` overrides the time limits (for tests).
        """
        self._workers = [WorkerProcess(memory, user) for _ in range(workers or _by_cores())]
        self._turns = WorkerTurns(self._workers)
        self._seconds = seconds

    def __enter__(self) -> Self:
        """Return the sandbox. Workers start with the first document."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the workers."""
        self.close()

    def close(self) -> None:
        """Stop the workers. The sandbox starts new ones if it is used again."""
        for worker in self._workers:
            worker.stop()

    def article(
        self, raw: bytes, *, name: str, url: str = "", declared: str = "", source: str = ""
    ) -> Extracted:
        """Extract an article with `extract.extract`. `source` decides whose turn it is."""
        arguments = {"name": name, "url": url, "declared": declared}
        return restored(self._ask("article", arguments, raw, source))

    def feed(self, raw: bytes, *, url: str, declared: str = "", source: str = "") -> Listing:
        """Read a feed with `feeds.read_feed`."""
        return _listing(self._ask("feed", {"url": url, "declared": declared}, raw, source))

    def page(self, raw: bytes, source: Source, *, url: str, declared: str = "") -> Listing:
        """Read a listing page with `pages.read_page`."""
        arguments = {"url": url, "declared": declared, **_patterns(source)}
        return _listing(self._ask("page", arguments, raw, source.key))

    def sitemap(self, raw: bytes, source: Source) -> Listing:
        """Read a sitemap or an index with `sitemaps.read_sitemap`."""
        return _listing(self._ask("sitemap", _patterns(source), raw, source.key))

    def unprotected(self, secrets: Sequence[str]) -> dict[Protection, str]:
        """Return the protections that are not in force, with reasons; the worker tries each.

        `secrets` are the files that it must not be able to read.
        """
        found = self._ask("protections", {"secrets": list(secrets)}, b"", "")
        return {Protection(what): str(why) for what, why in found.items()}

    def _ask(self, job: str, arguments: Mapping[str, object], raw: bytes, source: str) -> Any:  # noqa: ANN401 - JSON
        limit = self._seconds or (ARTICLE_SECONDS if job == "article" else LISTING_SECONDS)
        with self._turns.turn(source) as worker:
            answer = worker.ask({"job": job, "arguments": arguments, "seconds": limit}, raw, limit)
        if "failed" in answer:
            raise ExtractFailed(answer["failed"])
        return answer["done"]


def unprotected(user: str, hidden: Iterable[Path]) -> dict[Protection, str]:
    """Start a process, and return the protections that are not in force, with reasons."""
    try:
        with Sandbox(user=user) as sandbox:
            return sandbox.unprotected([str(path) for path in hidden if path.exists()])
    except ExtractFailed as error:
        return dict.fromkeys(Protection, str(error))


def _by_cores() -> int:
    """Return at least two, so that a hostile document leaves one for the others."""
    return min(max(2, os.cpu_count() or 1), MOST_WORKERS)


def _patterns(source: Source) -> dict[str, str]:
    return {"links": source.links, "ignore": source.ignore}


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
            "translations": tuple(Translation(**each) for each in values["translations"]),
        }
    )


def _when(values: Mapping[str, Any]) -> When:
    at = values["at"]
    return When(date.fromisoformat(values["day"]), datetime.fromisoformat(at) if at else None)
