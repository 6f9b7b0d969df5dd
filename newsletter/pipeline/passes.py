"""The order of a pass; this is the only module that knows it.

A pass asks the database what is due and does it. It may be repeated, doubled or killed at any
line.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

from newsletter.pipeline import gates
from newsletter.pipeline.report import Line, Step
from newsletter.pipeline.tools import Tools


def steps(tools: Tools) -> list[Step]:
    """Return a whole pass: what may be sent now comes first, and again beside collecting.

    Notices come before issues: someone waits for a confirmation, and an issue can take an hour.
    """
    return [
        Step("journals"),
        Step("mailbox"),
        Step("events"),
        Step("notices"),
        Step("reconcile"),
        Step("send"),
        Step("imports"),
        Step("collect"),
        *_issues(tools),
        Step("reports"),
        Step("growth"),
        Step("notices"),
        Step("suppressions"),
        Step("retention"),
        Step("backup"),
        Step("watch"),
        Step("status"),
    ]


_URGENT = (Step("notices"), Step("send"))
BESIDE: Mapping[str, Sequence[Step]] = {"imports": _URGENT, "collect": _URGENT}
"""What goes on while a step runs: no long list and no slow source holds back a notice or an issue."""


def parts(tools: Tools, *, sending: bool = True) -> dict[str, list[Step]]:
    """Return a whole pass in parts that may run at the same time, for a process that stays.

    A slow source delays no email, and a long issue delays no notice. The parts meet in the
    database only, as the passes of several machines do. Without `sending`, other processes send.
    """
    issues = [
        Step("journals"),
        Step("reconcile"),
        Step("send"),
        *_issues(tools),
        Step("retention"),
        Step("watch"),
        Step("status"),
    ]
    return {
        "notices": [Step("notices")],
        "collect": [Step("collect"), Step("backup")],
        "imports": [Step("imports")],
        "events": [
            Step("mailbox"),
            Step("events"),
            Step("reports"),
            Step("growth"),
            Step("suppressions"),
        ],
        "issues": [step for step in issues if sending or step.name != "send"],
    }


def alerts() -> list[Step]:
    """Return what sends the alerts that the report of a pass has caused."""
    return [Step("notices")]


def sending() -> list[Step]:
    """Return what a process does that only sends. Nothing is sent before the journals agree."""
    return [Step("journals"), Step("reconcile"), Step("send")]


def of_this_host() -> list[Step]:
    """Return what no other machine can do: its journals are here, and its workers' locks."""
    return [Step("journals"), Step("reconcile")]


def _issues(tools: Tools) -> list[Step]:
    """Return the steps that bring an issue from its articles to its recipients."""
    newsletters = [newsletter.key for newsletter in tools.context.publication.newsletters]
    return [
        *(Step("draft", key) for key in newsletters),
        *(Step("render", key) for key in newsletters),
        *(Step("approve", key) for key in newsletters),
        *(Step("welcome", key) for key in newsletters),
        *(Step("inactive", key) for key in newsletters),
        Step("send"),
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


STAGES: Mapping[str, tuple[str, str]] = {
    "journals": ("upkeep", "catch_up"),
    "reconcile": ("sending", "reconcile"),
    "send": ("sending", "send"),
    "freeze": ("sending", "freeze"),
    "lane": ("sending", "lane"),
    "notices": ("notices", "submit"),
    "collect": ("upkeep", "collect"),
    "source": ("upkeep", "collect_source"),
    "events": ("feedback", "drain"),
    "mailbox": ("feedback", "read_mailbox"),
    "suppressions": ("feedback", "sync_suppressions"),
    "imports": ("importing", "apply"),
    "reports": ("feedback", "email_reports"),
    "growth": ("upkeep", "count_growth"),
    "draft": ("drafting", "draft"),
    "render": ("drafting", "render"),
    "approve": ("approving", "approve"),
    "welcome": ("sending", "welcome"),
    "inactive": ("upkeep", "reengage"),
    "retention": ("upkeep", "tidy"),
    "status": ("sending", "report_status"),
    "backup": ("upkeep", "back_up"),
    "watch": ("watching", "watch"),
}
"""The module and the function that do each step."""
