"""Workers leave out nothing that a pass does."""

import re
from pathlib import Path

from newsletter.pipeline import passes
from newsletter.pipeline.jobs import KEYED, RULES, Job, Kind
from newsletter.pipeline.report import StepName

INSTEAD = {"send": {"freeze", "lane"}, "collect": {"source"}}
"""What jobs do in smaller pieces."""


def test_every_step_of_a_pass_is_in_a_job_or_done_by_each_host() -> None:
    source = Path(passes.__file__).read_text("utf-8")
    of_a_pass = {StepName[name] for name in re.findall(r"Step\(StepName\.(\w+)", source)}
    in_jobs = {step for rule in RULES.values() for step in rule.steps}
    on_each_host = {step.name for step in passes.of_this_host()}
    for whole, pieces in INSTEAD.items():
        of_a_pass = of_a_pass - {whole} | pieces
    assert of_a_pass == in_jobs | on_each_host
    assert KEYED <= in_jobs
    assert in_jobs <= passes.STAGES.keys()


def test_what_readers_wait_for_comes_before_sending_and_sending_before_collecting() -> None:
    order = sorted(Kind, key=lambda kind: -RULES[kind].priority)
    assert order.index(Kind.NOTICES) < order.index(Kind.EVENTS) < order.index(Kind.LANE)
    assert order[-1] is Kind.SOURCE


def test_a_job_performs_its_steps_for_its_key_only() -> None:
    steps = Job(Kind.LANE, "3").steps
    assert [(step.name, step.key) for step in steps] == [("journals", ""), ("lane", "3")]
    assert Job(Kind.NOTICES).name == "notices"
