"""The help of every command reads well in a terminal of 80 columns."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from newsletter.cli.main import program

WIDTH = 78
MARGIN = 6


def _commands(group: Any, path: str = "") -> Iterator[tuple[str, Any, int]]:  # noqa: ANN401 - click's, which typer carries in itself
    room = WIDTH - MARGIN - max(map(len, group.commands))
    for name, command in group.commands.items():
        yield f"{path}{name}", command, room
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path}{name} ")


COMMANDS = {
    name: (command, room) for name, command, room in _commands(typer.main.get_command(program))
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_about_a_command_is_whole(name: str) -> None:
    command, room = COMMANDS[name]
    assert not command.get_short_help_str(room).endswith("...")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_sentences_and_every_parameter_is_explained(name: str) -> None:
    command, _ = COMMANDS[name]
    assert command.help.strip().endswith("."), command.help
    for parameter in command.params:
        if parameter.name != "help":
            assert str(getattr(parameter, "help", "")).endswith("."), parameter.name
