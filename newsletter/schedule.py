"""One tick job in a background thread; which slots are due is decided by what the tick reads.

APScheduler keeps nothing: its job stores can run a job twice or forget it (two processes on one
store, a restart), and the slots table can do neither.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

EVERY = timedelta(seconds=20)

_log = structlog.get_logger(__name__)


class Ticker:
    """Calls `tick` every so often until it is stopped; a tick that fails is logged, not fatal."""

    def __init__(self, tick: Callable[[], object], every: timedelta = EVERY) -> None:
        """Prepare; nothing runs before `start`."""
        self._tick = tick
        self._every = every
        self._scheduler = BackgroundScheduler(timezone=UTC)

    def start(self, first: datetime) -> None:
        """Begin with a tick at `first`; one that is late runs once, and never two at a time."""
        # A tick that outlasts the interval is ordinary here (an issue is being submitted).
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.add_job(
            self._guarded,
            "interval",
            seconds=self._every.total_seconds(),
            next_run_time=first,
            id="tick",
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._scheduler.start()
        _log.info("schedule started", every=self._every.total_seconds())

    def stop(self) -> None:
        """Wait for the tick that is running, and end."""
        self._scheduler.shutdown(wait=True)
        _log.info("schedule stopped")

    def _guarded(self) -> None:
        try:
            self._tick()
        except Exception:  # noqa: BLE001 - the next tick must come whatever this one met
            _log.exception("tick failed", next_in=self._every.total_seconds())
