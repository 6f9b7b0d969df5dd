"""What ended is started again, sooner or later."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from structlog.testing import capture_logs

from newsletter.dispatch.beside import Siblings
from newsletter.dispatch.pauses import HEALTHY, Pauses

PATIENCE = 60


def test_pauses_double_up_to_the_longest_until_a_run_is_healthy() -> None:
    pauses = Pauses(longest=5)
    assert [pauses.after(1) for _ in range(5)] == [1, 2, 4, 5, 5]
    assert [pauses.after(HEALTHY + 1), pauses.after(1)] == [1, 2]


def test_a_program_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """As while an update replaces it."""
    program = tmp_path / "program"
    siblings = Siblings([str(program), "-c", "import sys; sys.stdin.read()"], 1)
    with capture_logs() as logged:
        siblings.start()
        until(lambda: logged)
        program.symlink_to(sys.executable)
        until(lambda: siblings.pids)
        siblings.stop()
    assert "problem" in logged[0]


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
