"""Every next step becomes a command that exists."""

from dataclasses import fields
from typing import get_args

import pytest
import typer

from newsletter.cli.main import COMMANDS, loaded
from newsletter.cli.next_steps import as_command, as_sentence
from newsletter.errors import NextStep
from newsletter.model.next_step import ApproveIssue, CountSegment, MoveIssue, SendIssue, Step, known

KINDS = get_args(Step)


def sample(kind: type[NextStep]) -> NextStep:
    """Return a step of a kind with made-up ids."""
    values = {"issue_id": 3, "import_id": 4, "batch": "3.1", "provider": "smtp"}
    values |= {"newsletter": "weekly", "expression": "trade", "at_once": True}
    return kind(**{field.name: values[field.name] for field in fields(kind)})  # type: ignore[arg-type]


def test_every_kind_of_next_step_is_listed() -> None:
    subclasses = NextStep.__subclasses__()  # with slots, each kind is there twice
    assert {kind.__name__ for kind in KINDS} == {kind.__name__ for kind in subclasses}
    with pytest.raises(TypeError, match="missing"):
        known(NextStep())


@pytest.mark.parametrize("kind", KINDS)
def test_every_next_step_is_a_command_with_options_that_exist(kind: type[NextStep]) -> None:
    step = sample(kind)
    assert as_sentence(step)
    program, *words = as_command(step).split() or ["newsletter", "doctor"]
    assert program == "newsletter"
    assert words[0] in COMMANDS
    command = loaded(words.pop(0))
    while isinstance(command, typer.core.TyperGroup) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_a_command_can_be_pasted() -> None:
    assert as_command(ApproveIssue(3)) == "newsletter approve 3"
    assert as_command(SendIssue(3, at_once=True)) == "newsletter send 3 --now"
    assert as_command(MoveIssue(3, "smtp")) == "newsletter send 3 --move smtp"
    assert as_command(CountSegment("a and not b")) == "newsletter segment 'a and not b'"
