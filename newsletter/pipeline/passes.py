"""The order of a pass; this is the only module that knows it.

A pass asks the database what is due and does it. It may be repeated, doubled or killed at any
line.
"""

from collections.abc import Callable, Iterable, Mapping

from newsletter.pipeline import approving, drafting, sending, upkeep
from newsletter.pipeline.report import Line, Step
from newsletter.pipeline.tools import Tools


def steps(tools: Tools) -> list[Step]:
    """Return a whole pass: what may be sent now comes first, so that a slow source delays no one."""
    newsletters = [newsletter.key for newsletter in tools.context.publication.newsletters]
    return [
        Step("journals"),
        Step("reconcile"),
        Step("send"),
        Step("notices"),
        Step("collect"),
        *(Step("draft", key) for key in newsletters),
        *(Step("render", key) for key in newsletters),
        *(Step("approve", key) for key in newsletters),
        Step("send"),
        Step("notices"),
        Step("retention"),
        Step("status"),
    ]


def perform(tools: Tools, step: Step) -> Iterable[Line]:
    """Do the work of one step and report it."""
    return STAGES[step.name](tools, step.newsletter)


Stage = Callable[[Tools, str], Iterable[Line]]

STAGES: Mapping[str, Stage] = {
    "journals": lambda tools, _: upkeep.catch_up(tools),
    "reconcile": lambda tools, _: sending.reconcile(tools),
    "send": lambda tools, _: sending.send(tools),
    "notices": lambda tools, _: sending.notices(tools),
    "collect": lambda tools, _: upkeep.collect(tools),
    "draft": drafting.draft,
    "render": drafting.render,
    "approve": approving.approve,
    "retention": lambda tools, _: upkeep.tidy(tools),
    "status": lambda tools, _: sending.report_status(tools),
}
"""What each step does."""
