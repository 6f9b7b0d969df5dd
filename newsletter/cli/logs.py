"""What the program logs, and where: one line per event on standard error."""

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import Processor

_SHARED: Sequence[Processor] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def configure(level: int) -> None:
    """Log from `level` on, ours and our libraries', as `time level event key=value`.

    Libraries that print headers or bodies at debug level stay quiet at every level.
    """
    written = structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "event"], bool_as_flag=False
    )
    structlog.configure(
        processors=[*_SHARED, written],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is when it is used
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, force=True)


def write_json() -> None:
    """Write one JSON object per line from now on, ours and our libraries', at the same level."""
    written = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(processors=[*_SHARED, written])
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, written],
    )
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.getLogger().level, handlers=[handler], force=True)
