"""Run ticks in background threads; what is due is decided by what a tick reads.

APScheduler stores nothing: its job stores can run a job twice or forget it (two processes on one
store, a restart), and the slots table can do neither.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.background import BackgroundScheduler

EVERY = timedelta(seconds=20)

_log = structlog.get_logger(__name__)


class Ticker:
    """Calls each tick at an interval until it is stopped; a tick that fails is logged.

    Different ticks may run at the same time; one tick never runs twice at the same time.
    """

    def __init__(self, ticks: Mapping[str, Callable[[], object]], every: timedelta = EVERY) -> None:
        """Prepare; nothing runs before `start`."""
        self._ticks = ticks
        self._every = every
        self._scheduler = BackgroundScheduler(timezone=UTC)

    def start(self, first: datetime) -> None:
        """Start each tick at `first`; a tick that is late runs once."""
        # A tick that takes longer than the interval is normal (an issue is being submitted).
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        for name, tick in self._ticks.items():
            self._scheduler.add_job(
                self._guarded,
                "interval",
                args=(name, tick),
                seconds=self._every.total_seconds(),
                next_run_time=first,
                id=name,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._scheduler.start()
        _log.info("schedule started", every=self._every.total_seconds())

    def stop(self) -> None:
        """Wait for the ticks that are running, and end."""
        self._scheduler.shutdown(wait=True)
        _log.info("schedule stopped")

    def _guarded(self, name: str, tick: Callable[[], object]) -> None:
        try:
            tick()
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            # The database restarts, or cannot be reached.
            problem, seconds = type(error).__name__, self._every.total_seconds()
            _log.warning("tick failed", tick=name, problem=problem, next_in=seconds)
        except Exception:  # noqa: BLE001 - the next tick must come whatever this one met
            _log.exception("tick failed", tick=name, next_in=self._every.total_seconds())
