"""The log: one line per event on standard error, and no details from libraries."""

import io
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
