"""Collect in a process that ends afterwards: `python -m newsletter.cli.apart`.

Collecting imports several times as much as serving needs, and a process never gives that memory
back.
"""

import logging
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.cli import logs
from newsletter.cli.opening import open_app, stop_on_signals
from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from newsletter.collect.report import CollectReport


class CollectorEnded(NewsletterError):  # noqa: N818 - named for what happened
    """The process that collects ended before it could report."""


def collect(root: Path) -> "CollectReport":
    """Collect from every source that is due, in another process."""
    command = [sys.executable, "-P", "-m", "newsletter.cli.apart"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=False)  # noqa: S603 - this Python and this module
    if done.returncode:
        msg = (
            f"the process that collects ended with code {done.returncode}; the log has the details"
        )
        raise CollectorEnded(msg)
    report: CollectReport = pickle.loads(done.stdout)  # noqa: S301 - `main` below wrote it, in our own process
    return report


def main() -> None:
    """Collect in the current folder, and write the report to standard output.

    Ctrl-C reaches this process, too. It then reports what it has collected.
    """
    logs.configure(logging.INFO)
    with open_app() as app:
        stop_on_signals(app.stop)
        report = app.collect()
    sys.stdout.buffer.write(pickle.dumps(report))


if __name__ == "__main__":
    main()
