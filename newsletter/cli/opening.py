"""Open the publication that a command is about: the one in the current folder."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from newsletter import app, settings
from newsletter.cli.show import Exit, fail
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.pipeline.report import in_words
from subscribers.errors import SubscribersError

CONFIGURATION = "newsletter.toml"


@contextmanager
def open_app() -> Iterator[app.App]:
    """Yield the opened publication; turn every expected error into one clear line."""
    root = Path.cwd()
    if not (root / CONFIGURATION).is_file():
        fail(
            f"No {CONFIGURATION} in {root}. Run `newsletter init` there, name the folder with"
            " `--dir`, or try `newsletter demo`.",
            Exit.USAGE,
        )
    with sayable():
        opened = app.open_app(settings.load(root, os.environ))
        gc.freeze()  # what is loaded stays; a long send need not look through it again and again
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def sayable() -> Iterator[None]:
    """Say an expected error in one line instead of showing a traceback."""
    try:
        yield
    except ConfigurationError as error:
        fail(str(error), Exit.USAGE)
    except BrokenPipeError:  # whoever read the output has gone, which ends a command quietly
        raise
    except (NewsletterError, SubscribersError, sa.exc.DBAPIError, OSError) as error:
        fail(in_words(error))
