"""Every example in the documents is valid: commands parse, targets exist, configurations load."""

import re
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from newsletter import settings
from newsletter.cli.main import COMMANDS, loaded
from newsletter.model.publication import Publication
from tests.docs.examples import DOCUMENTS, ROOT, Block, all_blocks, all_quoted, blocks, commands
from tests.fakes.house import SECRETS

CHECKED = {"sh", "toml", "po", "html"}
OUTPUT = ""
"""The language of a block that shows output or a file; nothing checks it."""

TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
OTHER_PROGRAMS = {"cd", "export", "apt-get", "chmod", "openssl"}

BASE: dict[str, dict[str, Any]] = {
    "publication": {
        "name": "Peninsula Review",
        "url": "https://news.example.org",
        "from": "Peninsula Review <brief@example.org>",
    },
    "newsletters": {"weekly": {"cadence": "mon 08:00"}},
}


def check_command(words: list[str], *, complete: bool) -> None:
    """Raise if `newsletter …` names an unknown command, option or value.

    A command quoted in running text may be incomplete: its required arguments are not checked.
    """
    command, rest = loaded_command(words[1]), words[2:]
    while rest and hasattr(command, "commands"):
        name, *rest = rest
        assert name in command.commands, f"newsletter {words[1]} has no command {name!r}"
        command = command.commands[name]
    if complete:
        command.make_context(words[1], list(rest))
        return
    options = {option for parameter in command.params for option in parameter.opts}
    options |= {option for parameter in command.params for option in parameter.secondary_opts}
    unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in options]
    assert not unknown, f"unknown options {unknown} of newsletter {words[1]}"


def loaded_command(name: str) -> Any:  # noqa: ANN401 - a command as Typer vendors it
    assert name in COMMANDS, f"newsletter has no command {name!r}"
    return loaded(name)


def check_script(script: str) -> None:
    """Raise if a line of a shell script is not a valid example."""
    for words in commands(script):
        match words:
            case ["newsletter", *_]:
                check_command(words, complete=True)
            case ["make", target, *_]:
                assert target in TARGETS, f"make has no target {target!r}"
            case [program, *_]:
                assert program in OTHER_PROGRAMS, f"unknown program {program!r}"


def load_toml(text: str, folder: Path) -> Publication:
    """Load an example as part of a small valid publication."""
    example = tomllib.loads(text)
    merged = {**BASE, **example}
    merged["publication"] = {**BASE["publication"], **example.get("publication", {})}
    weekly = {**BASE["newsletters"]["weekly"]}
    for key, newsletter in example.get("newsletters", {"weekly": {}}).items():
        merged["newsletters"] = {key: {**weekly, **newsletter}}
    (folder / "newsletter.toml").write_text(to_toml(merged), "utf-8")
    return settings.load(folder, SECRETS).publication


def to_toml(tables: dict[str, dict[str, Any]]) -> str:
    """Write tables of tables as TOML, one line per key."""
    lines = []
    for name, table in tables.items():
        inner = {key: value for key, value in table.items() if isinstance(value, dict)}
        nested = name in {"newsletters", "sources", "topics"}
        lines.append(f"[{name}]")
        lines += [f"{key} = {value_of(value)}" for key, value in table.items() if not nested]
        for key, entries in inner.items() if nested else ():
            lines.append(f"[{name}.{key}]")
            lines += [f"{entry} = {value_of(value)}" for entry, value in entries.items()]
    return "\n".join(lines) + "\n"


def value_of(value: object) -> str:
    """Write a value as TOML."""
    match value:
        case dict():
            entries = ", ".join(f"{key} = {value_of(each)}" for key, each in value.items())
            return f"{{ {entries} }}"
        case list():
            return "[" + ", ".join(map(value_of, value)) + "]"
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)


def keys(catalog: str) -> set[str]:
    """Return the keys of a catalog."""
    return {str(message.id) for message in read_po(StringIO(catalog), abort_invalid=True)} - {""}


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder with the files that examples name."""
    for name in ("people.csv", "page.html"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_is_in_a_language_that_is_checked(path: Path) -> None:
    found = {block.language for block in blocks(path.read_text("utf-8"), path.name)}
    assert found <= CHECKED | {OUTPUT}


@pytest.mark.parametrize("block", all_blocks("sh"), ids=str)
@pytest.mark.usefixtures("in_a_folder")
def test_a_script_names_real_commands_and_options(block: Block) -> None:
    check_script(block.text)


@pytest.mark.parametrize("command", sorted({each.text for each in all_quoted()}))
def test_a_command_in_the_text_names_real_options(command: str) -> None:
    check_command(re.sub(r"[…\"']", "", command).split(), complete=False)


@pytest.mark.parametrize("block", all_blocks("toml"), ids=str)
def test_a_configuration_loads(block: Block, tmp_path: Path) -> None:
    load_toml(block.text, tmp_path)


@pytest.mark.parametrize("block", all_blocks("po"), ids=str)
def test_a_catalog_names_real_keys(block: Block) -> None:
    assert keys(block.text)
    assert keys(block.text) <= keys((ROOT / "newsletter/locale/en.po").read_text("utf-8"))


def test_the_documents_have_examples_of_each_kind() -> None:
    assert len(all_blocks("sh")) > 5
    assert len(all_blocks("toml")) > 1
    assert len(all_quoted()) > 20


@pytest.mark.parametrize(
    "script",
    [
        "newsletter frobnicate",
        "newsletter draft",
        "newsletter send 12 --resurrect",
        "newsletter send twelve",
        "newsletter subscribers export --format xml",
        "newsletter subscribers frobnicate",
        "make frobnicate",
        "rm -rf /",
    ],
)
@pytest.mark.usefixtures("in_a_folder")
def test_a_wrong_command_is_caught(script: str) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|missing|valid|one of|has no|unknown"):
        check_script(script)


@pytest.mark.parametrize("command", ["newsletter frobnicate", "newsletter run --forever"])
def test_a_wrong_command_in_the_text_is_caught(command: str) -> None:
    with pytest.raises(AssertionError):
        check_command(command.split(), complete=False)


@pytest.mark.parametrize(
    "text",
    [
        '[publication]\nramp = { first = "many" }',
        '[sources.commentary]\nkind = "rss"\nurl = "https://www.example.org/feed.xml"',
        '[sources.commentary]\nadress = "https://www.example.org/feed.xml"',
    ],
)
def test_a_wrong_configuration_is_caught(text: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"newsletter\.toml"):
        load_toml(text, tmp_path)
