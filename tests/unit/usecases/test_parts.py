"""A process that stays does the whole pass in parts that run side by side."""

from types import SimpleNamespace
from typing import Any, cast

from newsletter.pipeline import passes
from tests.fakes.issues import PUBLICATION

TOOLS = cast("Any", SimpleNamespace(context=SimpleNamespace(publication=PUBLICATION)))
PIECES = {"freeze", "lane", "source"}
"""What workers do instead of `send` and `collect`."""


def test_the_parts_hold_every_step_of_a_pass() -> None:
    parts = passes.parts(TOOLS)
    together = {step for part in parts.values() for step in part}
    assert together == set(passes.steps(TOOLS))
    assert {step.name for step in together} == set(passes.STAGES) - PIECES


def test_a_slow_source_or_a_long_issue_holds_no_notice_back() -> None:
    parts = passes.parts(TOOLS)
    assert [step.name for step in parts["notices"]] == ["notices"]
    assert [step.name for step in parts["collect"]] == ["collect", "backup"]
    names = [step.name for step in passes.steps(TOOLS)]
    assert names.index("notices") < names.index("send") < names.index("collect")


def test_a_process_that_leaves_sending_to_others_does_the_rest() -> None:
    beside = passes.parts(TOOLS, sending=False)["issues"]
    alone = passes.parts(TOOLS)["issues"]
    assert [step for step in alone if step.name != "send"] == beside


def test_nothing_is_sent_before_the_journals_agree() -> None:
    for steps in (passes.sending(), passes.parts(TOOLS)["issues"], passes.steps(TOOLS)):
        names = [step.name for step in steps]
        assert names.index("journals") < names.index("reconcile") < names.index("send")
