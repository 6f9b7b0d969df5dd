"""Every key of a TOML text is found on its line."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.settings.lines import key_lines

TRICKY = '''\
# [not.a.table]
title = """
[nor.this]
key = 1
"""   # a comment = with an equals sign
"quoted.key" = 'it is # no comment'
dotted.inner . deep = 1

[ table . "sub table" ]   # trailing
list = [
  "a", # = [
  { x = 1 },
]
inline = { one = 1, two = { three = 'a, b', four = [1, 2] }, five = "}" }
after = true
[[many]]
n = 1
[[many]]
n = 2
'''


def test_strings_comments_and_brackets_hide_nothing_and_invent_nothing() -> None:
    assert key_lines(TRICKY) == {
        ("title",): 2,
        ("quoted.key",): 6,
        ("dotted",): 7,
        ("dotted", "inner"): 7,
        ("dotted", "inner", "deep"): 7,
        ("table", "sub table"): 9,
        ("table", "sub table", "list"): 10,
        ("table", "sub table", "inline"): 14,
        ("table", "sub table", "inline", "one"): 14,
        ("table", "sub table", "inline", "two"): 14,
        ("table", "sub table", "inline", "two", "three"): 14,
        ("table", "sub table", "inline", "two", "four"): 14,
        ("table", "sub table", "inline", "five"): 14,
        ("table", "sub table", "after"): 15,
        ("many",): 16,
        ("many", "n"): 17,
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_make_no_difference(ending: str) -> None:
    assert key_lines(f"a = 1{ending}{ending}b = 2") == {("a",): 1, ("b",): 3}


def test_an_empty_text_has_no_keys() -> None:
    assert key_lines("") == {}


def _quoted(text: str) -> str:
    escaped = "".join(
        char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}"
        for char in text
        if not 0xD800 <= ord(char) <= 0xDFFF
    )
    return f'"{escaped}"'


WORDS = st.text("abcdefgh-_0123456789", min_size=1, max_size=6)
VALUES = st.one_of(
    st.text(max_size=12).map(_quoted),
    st.integers(0, 9).map(str),
    st.lists(st.text(max_size=4), max_size=3).map(
        lambda items: "[" + ", ".join(map(_quoted, items)) + "]"
    ),
)


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, VALUES, max_size=4), max_size=5))
def test_every_key_that_the_parser_finds_has_a_line_that_names_it(
    tables: dict[str, dict[str, str]],
) -> None:
    lines = []
    for name, entries in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in entries.items()]
    text = "\n".join(lines)
    found = key_lines(text)
    parsed: dict[str, Any] = tomllib.loads(text)
    assert set(found) == {(name,) for name in parsed} | {
        (name, key) for name, entries in parsed.items() for key in entries
    }
    assert all(path[-1] in lines[line - 1] for path, line in found.items())
