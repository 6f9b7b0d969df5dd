"""Find the line of each key of a TOML text, so that an error message can name it.

`tomllib` does not report positions. This scan runs over text that it has already accepted, so it
has to know only strings, brackets, comments and the ends of statements.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

Path = tuple[str, ...]

_TOKEN = re.compile(
    r"""
      (?P<long>"{3}(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5})
    | (?P<quoted>"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    | (?P<ignored>\#[^\n]*|[ \t\r]+)
    | (?P<newline>\n)
    | (?P<mark>[\[\]{}=,.])
    | (?P<bare>[^\s\[\]{}=,."'\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)


class _TomlToken(NamedTuple):
    kind: str
    text: str
    line: int


def key_lines(text: str) -> dict[Path, int]:
    """Map the path of every table and key of a valid TOML text to its line, counted from 1."""
    found: dict[Path, int] = {}
    table: Path = ()
    for statement in _statements(text):
        if statement[0].text == "[":
            table = tuple(_names(statement))
            found.setdefault(table, statement[0].line)
        else:
            _note_entry(statement, table, found)
    return found


def _tokens(text: str) -> Iterator[_TomlToken]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "ignored":
            yield _TomlToken(kind, match[0], line)
        line += match[0].count("\n")


def _statements(text: str) -> Iterator[list[_TomlToken]]:
    """Split into table headers and entries; a newline inside brackets does not end one."""
    statement: list[_TomlToken] = []
    depth = 0
    for token in _tokens(text):
        depth += _deeper(token)
        if token.kind != "newline":
            statement.append(token)
        elif not depth and statement:
            yield statement
            statement = []
    if statement:
        yield statement


def _deeper(token: _TomlToken) -> int:
    if token.kind != "mark":
        return 0
    return (token.text in "[{") - (token.text in "]}")


def _names(tokens: list[_TomlToken]) -> Iterator[str]:
    for token in tokens:
        if token.kind == "bare":
            yield token.text
        elif token.kind == "quoted":
            yield token.text[1:-1]


def _note_entry(entry: list[_TomlToken], table: Path, found: dict[Path, int]) -> None:
    equals = next((i for i, t in enumerate(entry) if t.kind == "mark" and t.text == "="), None)
    if equals is None:
        return
    path = (*table, *_names(entry[:equals]))
    for length in range(len(table) + 1, len(path) + 1):
        found.setdefault(path[:length], entry[0].line)
    value = entry[equals + 1 :]
    if value and value[0].kind == "mark" and value[0].text == "{":
        for inner in _parts(value[1:-1]):
            _note_entry(inner, path, found)


def _parts(tokens: list[_TomlToken]) -> Iterator[list[_TomlToken]]:
    """Split the content of an inline table at its own commas, not at those of nested values."""
    part: list[_TomlToken] = []
    depth = 0
    for token in tokens:
        depth += _deeper(token)
        if not depth and token.kind == "mark" and token.text == ",":
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part
