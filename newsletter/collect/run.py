"""Stage 1: read the sources that are due, and store what is new.

Sources are read in parallel. Each is stored in a separate transaction, together with its state. A
crash at any point neither loses nor duplicates an article: what was not stored is read again, and
what was stored is recognized by its keys.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from newsletter.collect import keep
from newsletter.collect.gather import Gathered, Gatherer
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.report import CollectReport, SourceReport
from newsletter.errors import NotFound
from newsletter.fetch.client import Clock, Fetcher
from newsletter.model.source import CollectLimits, Source, SourceState
from newsletter.store.content import articles, source_pauses
from newsletter.store.content import sources as source_store

__all__ = ["CollectOptions", "CollectProgress", "CollectReport", "SourceReport", "collect"]

THREADS = 64
"""Threads mostly wait: a slow server occupies a thread until its deadline."""

TRIES = 3


@dataclass(frozen=True, slots=True)
class CollectProgress:
    """Progress of a collection: the source just stored, and how many are done."""

    report: SourceReport
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """Options of a collection: only sources that are due, unless `force` or `names` is set.

    `rng` spreads the next checks. `on_progress` is called after each source. `parse_seconds`
    replaces the time limits for parsing a document. When `stopped` returns True, what is being read
    is finished, and the rest is due again. A given `sandbox` is used and left open. `recheck` is the
    shortest delay of an alert: a source with news is read again before it is over. `configured` are
    the keys of all sources: an article of any other belongs to the source that shows it again.
    """

    clock: Clock
    names: tuple[str, ...] = ()
    force: bool = False
    threads: int = THREADS
    limits: CollectLimits = field(default_factory=CollectLimits)
    stopped: Callable[[], bool] = lambda: False
    parse_seconds: float = 0.0
    sandbox: Sandbox | None = None
    recheck: timedelta | None = None
    configured: tuple[str, ...] = ()
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - spreads checks
    on_progress: Callable[[CollectProgress], None] = lambda _: None


def collect(
    engine: sa.Engine, sources: Sequence[Source], fetcher: Fetcher, options: CollectOptions
) -> CollectReport:
    """Collect the sources that are due. A failing source does not stop the others."""
    now = options.clock()
    with engine.connect() as connection:
        known = source_store.states(connection, options.names)
        paused = source_pauses.every(connection)
    chosen = _chosen(sources, options)
    states = {
        source.key: known.get(source.key, SourceState(source.key)).of(source) for source in chosen
    }
    due = [
        source
        for source in chosen
        if _is_due(states[source.key], now, options)
        and (source.key in options.names or source.key not in paused)
    ]
    reports = {
        source.key: SourceReport(source.key, "paused" if source.key in paused else "not due")
        for source in chosen
    }
    reports |= {source.key: SourceReport(source.key, "not reached") for source in due}
    with _sandbox(options) as sandbox, ThreadPoolExecutor(options.threads) as pool:
        seconds = options.limits.per_source.total_seconds()
        gatherer = Gatherer(
            engine, fetcher, sandbox, options.clock, seconds=seconds, stopped=options.stopped
        )
        work = [(source, states[source.key]) for source in due]
        work.sort(key=_last_checked)
        for done, (gathered, state, seconds) in enumerate(
            _gathered(pool, gatherer, work, options), 1
        ):
            if gathered.abandoned:
                continue
            with gatherer.lock:
                report = _stored(engine, gathered, state, options)
            reports[gathered.source.key] = _timed(report, seconds)
            options.on_progress(CollectProgress(reports[gathered.source.key], done, len(due)))
    return CollectReport(tuple(reports.values()))


@contextmanager
def _sandbox(options: CollectOptions) -> Iterator[Sandbox]:
    if options.sandbox is not None:
        yield options.sandbox
        return
    limits = options.limits
    with Sandbox(limits.parsers, user=limits.user, seconds=options.parse_seconds) as sandbox:
        yield sandbox


def _chosen(sources: Sequence[Source], options: CollectOptions) -> list[Source]:
    if not options.names:
        return list(sources)
    by_key = {source.key: source for source in sources}
    if unknown := [name for name in options.names if name not in by_key]:
        msg = f"there is no source “{unknown[0]}”"
        raise NotFound(msg)
    return [by_key[name] for name in options.names]


def _is_due(state: SourceState, now: datetime, options: CollectOptions) -> bool:
    return options.force or bool(options.names) or state.is_due(now)


def _last_checked(pair: tuple[Source, SourceState]) -> datetime:
    """Order by the last check: what one pass did not reach comes first in the next."""
    return pair[1].checked_at or datetime.min.replace(tzinfo=UTC)


def _gathered(
    pool: ThreadPoolExecutor,
    gatherer: Gatherer,
    work: Sequence[tuple[Source, SourceState]],
    options: CollectOptions,
) -> Iterator[tuple[Gathered, SourceState, float]]:
    """Yield results as they arrive, with at most one source per thread in memory.

    After the time for a pass no other source is begun.
    """
    deadline = time.monotonic() + options.limits.per_pass.total_seconds()
    lanes = _Lanes(work)
    running: dict[Future[Gathered], tuple[SourceState, float]] = {}
    while True:
        while (
            len(running) < options.threads
            and time.monotonic() < deadline
            and not options.stopped()
            and (pair := lanes.next())
        ):
            source, state = pair
            running[pool.submit(gatherer.gather, source, state)] = (state, time.monotonic())
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            state, began = running.pop(future)
            gathered = future.result()
            lanes.free(gathered.source)
            yield gathered, state, time.monotonic() - began


class _Lanes:
    """Hands out sources so that only one per host is read at a time."""

    def __init__(self, work: Sequence[tuple[Source, SourceState]]) -> None:
        self._waiting: dict[str, deque[tuple[Source, SourceState]]] = {}
        for source, state in work:
            self._waiting.setdefault(_lane(source), deque()).append((source, state))
        self._idle = deque(self._waiting)

    def next(self) -> tuple[Source, SourceState] | None:
        """Return a source of an idle host, or None."""
        return self._waiting[self._idle.popleft()].popleft() if self._idle else None

    def free(self, source: Source) -> None:
        """Make the next source of the same host available."""
        lane = _lane(source)
        if self._waiting[lane]:
            self._idle.append(lane)


def _lane(source: Source) -> str:
    return urlsplit(source.url).netloc.lower() if source.url else f"file {source.key}"


def _stored(
    engine: sa.Engine, gathered: Gathered, state: SourceState, options: CollectOptions
) -> SourceReport:
    """Store a source in a transaction, and retry if another collector stored the same keys."""
    for last in range(TRIES):
        try:
            with engine.begin() as connection:
                report = keep.keep(
                    connection, gathered, state, options.clock(), options.rng, options.recheck
                )
                if options.configured:
                    known = [article.article_id for article in report.articles]
                    articles.adopt(connection, known, report.source, options.configured)
                return report
        except sa.exc.IntegrityError:
            if last == TRIES - 1:
                raise
    raise AssertionError


def _timed(report: SourceReport, seconds: float) -> SourceReport:
    return replace(report, seconds=seconds)
