"""The help of every command reads well in a terminal of 80 columns."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from newsletter.cli.main import COMMANDS as TOP
from newsletter.cli.main import loaded, program

WIDTH = 78
MARGIN = 6


def _commands(commands: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any, int]]:
    room = WIDTH - MARGIN - max(map(len, commands))
    for name, command in commands.items():
        yield f"{path}{name}", command, room
        if hasattr(command, "commands"):
            yield from _commands(command.commands, f"{path}{name} ")


COMMANDS = {
    name: (command, room) for name, command, room in _commands({one: loaded(one) for one in TOP})
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


@pytest.mark.parametrize("name", TOP)
def test_the_list_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    assert TOP[name][1] == COMMANDS[name][0].get_short_help_str(200)


def test_every_command_of_a_module_is_in_the_list() -> None:
    for module in {one for one, _ in TOP.values()}:
        part = sys.modules[f"newsletter.cli.{module}"]
        for name in typer.main.get_group(part.commands).commands:
            assert TOP[name][0] == module


def test_the_list_of_commands_loads_none_of_them() -> None:
    script = (
        "import sys; from newsletter.cli.main import program;"
        "program(['--help'], standalone_mode=False);"
        "sys.exit(sum(one in sys.modules for one in ('newsletter.app', 'sqlalchemy')))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert all(name in shown.stdout.decode() for name in TOP)


def test_a_command_that_is_misspelled_is_guessed() -> None:
    guessed = CliRunner().invoke(program, ["subscriber"])
    assert guessed.exit_code == 2
    assert "Did you mean 'subscribers'?" in guessed.stderr


@pytest.mark.parametrize("words", [(), ("send",), ("subscribers", "import")])
def test_help_is_plain_text_at_every_depth(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(program, [*words, "--help"])
    assert shown.output.startswith("Usage: ")
    assert "╭" not in shown.output
