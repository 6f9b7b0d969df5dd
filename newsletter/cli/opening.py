"""Open the publication that a command is about, and turn expected errors into one clear line."""

from __future__ import annotations

import gc
import getpass
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from newsletter import settings
from newsletter.cli import logs
from newsletter.cli.next_steps import as_sentence
from newsletter.cli.show import Exit, fail
from newsletter.errors import ConfigurationError, NewsletterError, NothingToPrint
from newsletter.model.actor import Actor
from newsletter.model.next_step import ConfigureNewsletter, NextStep
from newsletter.pipeline.report import described
from subscribers.errors import SubscribersError

if TYPE_CHECKING:
    from newsletter.app import App

CONFIGURATION = "newsletter.toml"


def current_user() -> Actor:
    """Return the person at the terminal. A person with a shell is an admin."""
    return Actor.person(getpass.getuser())


@contextmanager
def open_app(processes: int = 1) -> Iterator[App]:
    """Yield the publication in the current folder, opened.

    `processes` is how many processes share the connections to a provider.
    """
    from newsletter import app  # noqa: PLC0415 - half of what `next` would import, which needs no app

    root = Path.cwd()
    if not (root / CONFIGURATION).is_file():
        fail(
            f"No {CONFIGURATION} in {root}. Run `newsletter init` there, name the folder with"
            " `--dir`, or try `newsletter demo`.",
            Exit.USAGE,
        )
    with expected_errors():
        loaded = settings.load(root, os.environ)
        if loaded.json_logs:
            logs.write_json()
        opened = app.open_app(loaded, processes)
        # What is loaded stays loaded: spare a long send from looking through it again and again.
        gc.freeze()
        try:
            yield opened
        finally:
            opened.close()


def stop_on_signals(stop: threading.Event) -> None:
    """Let Ctrl-C and SIGTERM stop what is in progress, instead of the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())


@contextmanager
def expected_errors() -> Iterator[None]:
    """Print an expected error, and what to do next, instead of a traceback."""
    try:
        yield
    except ConfigurationError as error:
        fail(str(error), Exit.USAGE)
    except BrokenPipeError:  # the reader of the output is gone, which ends a command quietly
        raise
    except (NewsletterError, SubscribersError, sa.exc.DBAPIError, OSError) as error:
        message, step = described(error)
        sentence = message if message.endswith(".") else f"{message}."
        code = _exit_code(error, step)
        fail(sentence, code, next_step=as_sentence(step) if step else "")


def _exit_code(error: Exception, step: NextStep | None) -> Exit:
    if isinstance(step, ConfigureNewsletter):  # a wrong word on the command line
        return Exit.USAGE
    return Exit.WAITS if isinstance(error, NothingToPrint) else Exit.FAILED
