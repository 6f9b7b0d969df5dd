"""Write the figures in the format that Prometheus reads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from newsletter.model.pass_report import Figures
from newsletter.store.queues import QueueFigures

Sample = tuple[dict[str, str], float]


def exposition(
    figures: Figures, last_success: int, queues: Sequence[QueueFigures] = (), last_tick: int = 0
) -> tuple[bytes, str]:
    """Return the figures, and their content type."""
    from prometheus_client import (  # noqa: PLC0415 - slow, and asked for by monitors only
        CollectorRegistry,
        Gauge,
    )
    from prometheus_client.exposition import (  # noqa: PLC0415 - as above
        CONTENT_TYPE_LATEST,
        generate_latest,
    )

    registry = CollectorRegistry()
    worked = _worked(queues, last_tick)
    for name, meaning, samples in (*_measured(figures, last_success), *worked):
        if not samples:
            continue
        gauge = Gauge(name, meaning, tuple(samples[0][0]), registry=registry)
        for labels, value in samples:
            (gauge.labels(**labels) if labels else gauge).set(value)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _measured(figures: Figures, last_success: int) -> Iterator[tuple[str, str, list[Sample]]]:
    """Yield each metric with its meaning and its samples."""
    yield (
        "newsletter_last_success_timestamp_seconds",
        "When the last pass without a failure ended.",
        [({}, last_success)],
    )
    working = figures.sources - figures.sources_failing
    yield (
        "newsletter_sources",
        "Configured sources.",
        [({"status": "ok"}, working), ({"status": "failing"}, figures.sources_failing)],
    )
    yield (
        "newsletter_articles_new",
        "New articles of the last 24 hours.",
        [({}, figures.articles_new)],
    )
    yield "newsletter_issues", "Unfinished issues.", _by_state(figures.issues)
    yield "newsletter_issues_waiting", "Issues that wait for approval.", [({}, figures.waiting)]
    yield (
        "newsletter_batches_in_doubt",
        "Batches that may need a person.",
        _by_state(figures.batches),
    )
    yield (
        "newsletter_recipients_unknown",
        "Recipients of whom it is not known whether they have an issue.",
        [({}, figures.unknown)],
    )
    yield (
        "newsletter_next_slot_timestamp_seconds",
        "When the next issue is due.",
        [
            ({"newsletter": key}, datetime.fromisoformat(due_at).timestamp())
            for key, due_at in figures.next_slots.items()
        ],
    )


def _worked(
    queues: Sequence[QueueFigures], last_tick: int
) -> Iterator[tuple[str, str, list[Sample]]]:
    """Yield the metrics of workers, and of the queues that they share."""
    yield (
        "newsletter_last_tick_timestamp_seconds",
        "When a worker last added the jobs that were due.",
        [({}, last_tick)] if last_tick else [],
    )
    measured: list[tuple[str, str, Callable[[QueueFigures], float]]] = [
        ("waiting", "Jobs that wait.", lambda queue: queue.waiting),
        ("running", "Jobs that a worker is doing.", lambda queue: queue.running),
        ("failed", "Jobs that failed in the last 24 hours.", lambda queue: queue.failed),
        ("oldest_seconds", "Age of the oldest waiting job.", lambda queue: queue.oldest_seconds),
        ("job_seconds", "Mean duration of a job.", lambda queue: queue.job_seconds),
    ]
    for name, meaning, value in measured:
        samples = [({"queue": queue.queue}, value(queue)) for queue in queues]
        yield f"newsletter_queue_{name}", meaning, samples


def _by_state(counts: Mapping[str, int]) -> list[Sample]:
    return [({"state": state}, number) for state, number in counts.items()]
