"""The log goes to standard error as it is when something is logged."""

import io
import logging
import sys

import pytest
import structlog

from newsletter.cli import logs


def test_a_standard_error_that_was_replaced_and_closed_takes_nothing_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", io.StringIO())
        logs.configure(logging.INFO)
        sys.stderr.close()
    structlog.get_logger().warning("still said", number=3)
    assert 'event="still said" number=3' in capsys.readouterr().err
    structlog.reset_defaults()
