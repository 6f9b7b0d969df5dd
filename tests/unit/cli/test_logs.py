"""The log: one line per event on standard error, and no details from libraries."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog

from newsletter.cli import logs


def test_a_standard_error_that_was_replaced_and_closed_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", io.StringIO())
        logs.configure(logging.INFO)
        sys.stderr.close()
    structlog.get_logger().warning("still said", number=3)
    assert 'event="still said" number=3' in capsys.readouterr().err
    structlog.reset_defaults()


LIBRARY = """
import logging, structlog
from newsletter.cli import logs
logs.configure(logging.{level})
library = logging.getLogger("some.library")
library.debug("Authorization: Bearer SG.secret")
library.info("RCPT TO:<ada@example.net>")
library.warning("the connection broke")
structlog.get_logger().info("batch settled")
"""


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_libraries_never_log_below_warning_so_no_key_and_no_address(level: str) -> None:
    """In a process of its own: configuring the root logger would remove pytest's handlers."""
    command = [sys.executable, "-c", LIBRARY.format(level=level)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "SG.secret" not in shown
    assert "ada@" not in shown
    assert "the connection broke" in shown
    assert 'event="batch settled"' in shown


JSON = """
import logging, structlog
from newsletter.cli import logs
logs.configure(logging.INFO)
logs.write_json()
structlog.contextvars.bind_contextvars(pass_id="abc")
structlog.get_logger().debug("too quiet")
structlog.get_logger().info("batch settled", batch="1.1", name="한국")
logging.getLogger("some.library").info("RCPT TO:<ada@example.net>")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("some.library").exception("it broke")
"""


def test_json_logs_are_one_object_per_line_ours_and_those_of_libraries() -> None:
    command = [sys.executable, "-c", JSON]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    settled, broke = map(json.loads, shown.splitlines())
    assert settled.pop("timestamp").endswith("Z")
    assert settled == {
        "event": "batch settled",
        "level": "info",
        "batch": "1.1",
        "name": "한국",
        "pass_id": "abc",
    }
    assert (broke["event"], broke["level"], broke["logger"]) == (
        "it broke",
        "error",
        "some.library",
    )
    assert "ZeroDivisionError" in broke["exception"]
