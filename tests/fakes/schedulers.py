"""Three schedulers of one publication, as `serve`, cron and a worker run them, killed at random.

    python -m tests.fakes.schedulers PLAN

forks them from one warm process, sets their clocks step by step, kills one now and then with
SIGKILL while it works, replaces it, and prints how many it killed.
"""

import json
import logging
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
import zoneinfo
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path

import structlog

from newsletter import app, settings
from newsletter.app import App
from tests.fakes.house import SECRETS

ROOT = Path(__file__).parents[2]
KINDS = ("serve", "run", "worker")
SKEW = {"serve": 0, "run": 3, "worker": -4}
"""Seconds by which their clocks differ."""
WARM = (
    "newsletter.collect.run",
    "newsletter.esp.sendgrid.sender",
    "newsletter.pipeline.approving",
    "newsletter.pipeline.composing",
    "newsletter.pipeline.drafting",
    "newsletter.pipeline.notices",
    "newsletter.render.html",
    "newsletter.render.run",
)
"""What is imported before the fork, because each replaced process would import it again."""


@dataclass(frozen=True)
class Plan:
    """A simulated time: the clock's `steps`, and the share of them at which a process is killed.

    From `change` on, new processes take the rules of zones from the folder `rules` first.
    """

    folder: str
    environ: dict[str, str]
    steps: list[str]
    kills: float
    seed: int = 1
    rules: str = ""
    change: str = ""


@dataclass(frozen=True)
class Scheduler:
    """A running process and the pipe by which it is told the time."""

    kind: str
    process: ForkProcess
    orders: Connection


def play(plan: Plan) -> dict[str, int]:
    """Run a plan in a warm process of its own; return how many passes it began and ended."""
    path = Path(plan.folder) / "plan.json"
    path.write_text(json.dumps(asdict(plan)), "utf-8")
    command = [sys.executable, "-m", "tests.fakes.schedulers", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def changed_rules(folder: Path, zone: str, new: str) -> Path:
    """Give a zone the rules of another one, as an update of the zone data does."""
    target = folder / "rules" / zone
    target.parent.mkdir(parents=True)
    sources = [Path(path) / new for path in zoneinfo.TZPATH]
    shutil.copyfile(next(path for path in sources if path.exists()), target)
    return folder / "rules"


class Conductor:
    """Sets the clock of three processes, kills some, and replaces them."""

    def __init__(self, plan: Plan) -> None:
        """Start one process of each kind."""
        self._plan = plan
        self._rng = random.Random(plan.seed)
        self._fork = multiprocessing.get_context("fork")
        self.counts = {"passes": 0, "kills": 0}
        self._running = [self._start(kind, plan.steps[0]) for kind in KINDS]

    def walk(self) -> None:
        """Take every step of the plan, and let the processes end."""
        for step in self._plan.steps:
            self._step(step)
        for scheduler in self._running:
            scheduler.orders.send("")
            scheduler.process.join()

    def _step(self, step: str) -> None:
        for scheduler in self._running:
            self._order(scheduler, step)
        if self._rng.random() < self._plan.kills:
            time.sleep(self._rng.uniform(0, 0.2))
            self._kill(self._rng.randrange(len(KINDS)), step)
        for scheduler in self._running:
            wait([scheduler.orders, scheduler.process.sentinel])
            assert scheduler.orders.poll(), f"{scheduler.kind} ended by itself"
            scheduler.orders.recv()

    def _kill(self, place: int, step: str) -> None:
        victim = self._running[place]
        victim.process.kill()
        victim.process.join()
        self.counts["kills"] += 1
        self._running[place] = self._start(victim.kind, step)
        self._order(self._running[place], step)

    def _order(self, scheduler: Scheduler, step: str) -> None:
        self.counts["passes"] += 1
        scheduler.orders.send(step)

    def _start(self, kind: str, step: str) -> Scheduler:
        here, there = self._fork.Pipe()
        rules = self._plan.rules if self._plan.change and step >= self._plan.change else ""
        process = self._fork.Process(target=work, args=(kind, self._plan, rules, there))
        process.start()
        there.close()
        return Scheduler(kind, process, here)


def work(kind: str, plan: Plan, rules: str, orders: Connection) -> None:
    """Make one pass for each time that arrives, until an empty one does."""
    if rules:
        zoneinfo.reset_tzpath([rules, *zoneinfo.TZPATH])
        zoneinfo.ZoneInfo.clear_cache()
    times: list[datetime] = []
    opened = app.open_app(settings.load(Path(plan.folder), plan.environ))
    opened = replace(opened, now=lambda: times[-1])
    while step := orders.recv():
        times.append(datetime.fromisoformat(step) + timedelta(seconds=SKEW[kind]))
        _pass(kind, opened)
        orders.send(len(times))
    opened.close()


def _pass(kind: str, opened: App) -> None:
    if kind == "run":
        opened.one_pass()
    elif kind == "worker":
        opened.send_only()
    else:
        parts = opened.parts()
        with ThreadPoolExecutor(len(parts)) as pool:
            for done in [pool.submit(part) for part in parts.values()]:
                done.result()


def environ_of(database: str, host: str) -> dict[str, str]:
    """Return the environment of a publication that sends through a stand-in for SendGrid."""
    return SECRETS | {
        "NEWSLETTER_DATABASE_URL": database,
        "SENDGRID_API_KEY": "SG.test",
        "SENDGRID_API_HOST": host,
    }


def main(arguments: Sequence[str]) -> None:
    """Play one plan and print the counts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for name in WARM:
        import_module(name)
    os.chdir(ROOT)
    conductor = Conductor(Plan(**json.loads(Path(arguments[0]).read_text("utf-8"))))
    conductor.walk()
    sys.stdout.write(json.dumps(conductor.counts))


if __name__ == "__main__":
    main(sys.argv[1:])
