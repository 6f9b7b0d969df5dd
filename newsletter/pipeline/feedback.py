"""Take in what providers reported about the emails."""

from collections.abc import Iterator

from newsletter.model.actor import MACHINE
from newsletter.pipeline.report import Level, Line, counted
from newsletter.pipeline.tools import Tools
from newsletter.usecases import events


def drain(tools: Tools) -> Iterator[Line]:
    """Take in the events that have arrived, and report what they changed."""
    done = events.drain(tools.context, MACHINE)
    effects = (
        (done.settled, counted(done.settled, "batch", "batches") + " settled"),
        (done.suppressed, counted(done.suppressed, "address", "addresses") + " suppressed"),
        (done.unsubscribed, counted(done.unsubscribed, "subscription") + " ended"),
    )
    if done.new:
        parts = [counted(done.new, "new event"), *(text for number, text in effects if number)]
        yield Line("events", ", ".join(parts))
    if done.unreadable:
        requests = counted(done.unreadable, "request")
        yield Line(
            "events",
            f"{requests} could not be read and {'was' if done.unreadable == 1 else 'were'} put aside",
            Level.FAILED,
        )
