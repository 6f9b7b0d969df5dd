"""The order of a pass; this is the only module that knows it.

A pass asks the database what is due and does it. It may be repeated, doubled or killed at any
line.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

from newsletter.pipeline import gates
from newsletter.pipeline.report import Line, Step, StepName
from newsletter.pipeline.tools import Tools


def steps(tools: Tools) -> list[Step]:
    """Return a whole pass: what may be sent now comes first, and again beside collecting.

    Notices come before issues: someone waits for a confirmation, and an issue can take an hour.
    Imports come last: a long list can take half an hour, and no other step waits for it. What becomes
    due in that time is done by the next pass, which may begin before this one ends.
    """
    return [
        Step(StepName.JOURNALS),
        Step(StepName.MAILBOX),
        Step(StepName.EVENTS),
        Step(StepName.NOTICES),
        Step(StepName.RECONCILE),
        Step(StepName.SEND),
        Step(StepName.COLLECT),
        *_issues(tools),
        Step(StepName.REPORTS),
        Step(StepName.GROWTH),
        Step(StepName.NOTICES),
        Step(StepName.SUPPRESSIONS),
        Step(StepName.RETENTION),
        Step(StepName.BACKUP),
        Step(StepName.WATCH),
        Step(StepName.STATUS),
        Step(StepName.IMPORTS),
    ]


_URGENT = (Step(StepName.NOTICES), Step(StepName.SEND))
BESIDE: Mapping[StepName, Sequence[Step]] = {
    StepName.IMPORTS: _URGENT,
    StepName.COLLECT: _URGENT,
}
"""What goes on while a step runs: neither holds back a notice, or an issue that is approved."""


def parts(tools: Tools, *, sending: bool = True) -> dict[str, list[Step]]:
    """Return a whole pass in parts that may run at the same time, for a process that stays.

    A slow source delays no email, and a long issue delays no notice. The parts meet in the
    database only, as the passes of several machines do. Without `sending`, other processes send.
    """
    issues = [
        Step(StepName.JOURNALS),
        Step(StepName.RECONCILE),
        Step(StepName.SEND),
        *_issues(tools),
        Step(StepName.RETENTION),
        Step(StepName.WATCH),
        Step(StepName.STATUS),
    ]
    return {
        "notices": [Step(StepName.NOTICES)],
        "collect": [Step(StepName.COLLECT), Step(StepName.BACKUP)],
        "imports": [Step(StepName.IMPORTS)],
        "events": [
            Step(StepName.MAILBOX),
            Step(StepName.EVENTS),
            Step(StepName.REPORTS),
            Step(StepName.GROWTH),
            Step(StepName.SUPPRESSIONS),
        ],
        "issues": [step for step in issues if sending or step.name is not StepName.SEND],
    }


def alerts() -> list[Step]:
    """Return what sends the alerts that the report of a pass has caused."""
    return [Step(StepName.NOTICES)]


def sending() -> list[Step]:
    """Return what a process does that only sends. Nothing is sent before the journals agree."""
    return [Step(StepName.JOURNALS), Step(StepName.RECONCILE), Step(StepName.SEND)]


def of_this_host() -> list[Step]:
    """Return what no other machine can do: its journals are here, and its workers' locks."""
    return [Step(StepName.JOURNALS), Step(StepName.RECONCILE)]


def _issues(tools: Tools) -> list[Step]:
    """Return the steps that bring an issue from its articles to its recipients."""
    newsletters = [newsletter.key for newsletter in tools.context.publication.newsletters]
    return [
        *(Step(StepName.DRAFT, key) for key in newsletters),
        *(Step(StepName.RENDER, key) for key in newsletters),
        *(Step(StepName.APPROVE, key) for key in newsletters),
        *(Step(StepName.WELCOME, key) for key in newsletters),
        *(Step(StepName.INACTIVE, key) for key in newsletters),
        Step(StepName.SEND),
    ]


def due(tools: Tools, steps: list[Step]) -> tuple[list[Step], bool]:
    """Return the steps, or none if not one of them has anything to do: most passes end here.

    The second value says whether the result is to be recorded; that of idle passes is once a minute.
    """
    needed, noted = gates.needed_or_noted(tools, steps)
    return (steps if needed else []), noted


def perform(tools: Tools, step: Step) -> Iterable[Line]:
    """Do the work of one step and report it.

    A step that has nothing to do is skipped, and its stage is not imported.
    """
    if not gates.needed(tools, step):
        return ()
    module, function = STAGES[step.name]
    stage = getattr(import_module(f"newsletter.pipeline.{module}"), function)
    lines: Iterable[Line] = stage(tools, step.key) if step.key else stage(tools)
    return lines


STAGES: Mapping[StepName, tuple[str, str]] = {
    StepName.JOURNALS: ("upkeep", "catch_up"),
    StepName.RECONCILE: ("sending", "reconcile"),
    StepName.SEND: ("sending", "send"),
    StepName.FREEZE: ("sending", "freeze"),
    StepName.LANE: ("sending", "lane"),
    StepName.NOTICES: ("notices", "submit"),
    StepName.COLLECT: ("upkeep", "collect"),
    StepName.SOURCE: ("upkeep", "collect_source"),
    StepName.EVENTS: ("feedback", "drain"),
    StepName.MAILBOX: ("feedback", "read_mailbox"),
    StepName.SUPPRESSIONS: ("feedback", "sync_suppressions"),
    StepName.IMPORTS: ("importing", "apply"),
    StepName.REPORTS: ("feedback", "email_reports"),
    StepName.GROWTH: ("upkeep", "count_growth"),
    StepName.DRAFT: ("drafting", "draft"),
    StepName.RENDER: ("drafting", "render"),
    StepName.APPROVE: ("approving", "approve"),
    StepName.WELCOME: ("sending", "welcome"),
    StepName.INACTIVE: ("upkeep", "reengage"),
    StepName.RETENTION: ("upkeep", "tidy"),
    StepName.STATUS: ("sending", "report_status"),
    StepName.BACKUP: ("upkeep", "back_up"),
    StepName.WATCH: ("watching", "watch"),
}
"""The module and the function that do each step."""
