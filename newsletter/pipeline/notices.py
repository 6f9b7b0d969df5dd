"""Submit the notices, and watch over the sign-ups that cause most of them."""

from collections.abc import Iterator

from newsletter.model.actor import MACHINE
from newsletter.pipeline.report import Level, Line, StepName, counted
from newsletter.pipeline.tools import Tools
from newsletter.send import notices as outgoing
from newsletter.usecases import sign_ups, signing_in


def submit(tools: Tools) -> Iterator[Line]:
    """Submit the notices that are queued, and those of sign-ups that have waited long enough."""
    context = tools.context
    if wave := sign_ups.report_wave(context, MACHINE):
        yield Line(StepName.NOTICES, wave.what, Level.WAITS)
    if released := sign_ups.release(context, MACHINE):
        yield Line(StepName.NOTICES, f"{counted(released, 'waiting sign-up')} asked to confirm")
    if links := signing_in.answer_requests(context, MACHINE):
        yield Line(StepName.NOTICES, f"{counted(links, 'sign-in link')} queued")
    yield from _reported(outgoing.submit(context.engine, tools.post()))


def _reported(done: outgoing.Noticed) -> Iterator[Line]:
    if done.submitted:
        yield Line(StepName.NOTICES, f"{counted(done.submitted, 'notice')} submitted")
    if done.waiting:
        message = f"{counted(done.waiting, 'notice')} could not be submitted yet: {done.waits}"
        yield Line(StepName.NOTICES, message)
    if done.refused:
        yield Line(
            StepName.NOTICES, f"{counted(done.refused, 'notice')} refused for their recipient"
        )
    for problem in done.unannounced:
        yield Line(
            StepName.NOTICES, f"an alert was not announced: the webhook {problem}", Level.WAITS
        )
    if done.failed:
        yield Line(
            StepName.NOTICES, f"{counted(done.failed, 'notice')} not submitted", Level.FAILED
        )
