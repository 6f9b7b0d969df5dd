"""Collect in a process that ends afterwards: `python -m newsletter.cli.apart`.

Collecting imports several times as much as serving needs, and a process never gives that memory
back.
"""

import logging
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.cli import logs
from newsletter.cli.opening import open_app, stop_on_signals
from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.collect.probe import Probe
    from newsletter.collect.report import CollectReport

COLLECT, PROBE = "collect", "probe"
"""What the process is asked to do."""


class CollectorEnded(NewsletterError):  # noqa: N818 - named for what happened
    """The process that collects ended before it could report."""


def collect(root: Path, names: "Sequence[str]" = ()) -> "CollectReport":
    """Collect from every source that is due, or from those named, in another process."""
    report: CollectReport = _in_another_process(root, [COLLECT, *names])
    return report


def probe(root: Path, name: str) -> "Probe":
    """Read a source without storing anything, in another process."""
    found: Probe = _in_another_process(root, [PROBE, name])
    return found


def _in_another_process(root: Path, words: list[str]) -> Any:  # noqa: ANN401 - what `main` writes
    command = [sys.executable, "-P", "-m", "newsletter.cli.apart", *words]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=False)  # noqa: S603 - this Python and this module
    if done.returncode:
        msg = (
            f"the process that collects ended with code {done.returncode}; the log has the details"
        )
        raise CollectorEnded(msg)
    return pickle.loads(done.stdout)  # noqa: S301 - `main` below wrote it, in our own process


def main() -> None:
    """Collect or test a source in the current folder, and write the result to standard output.

    Ctrl-C reaches this process, too. It then reports what it has collected.
    """
    logs.configure(logging.INFO)
    with open_app() as app:
        stop_on_signals(app.stop)
        act, *names = sys.argv[1:]
        result = app.probe(names[0]) if act == PROBE else app.collect(names)
    sys.stdout.buffer.write(pickle.dumps(result))


if __name__ == "__main__":
    main()
