"""One recipient's values in a mail, and outside text made safe to print."""

import html
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.personalization import NAMES, called, fill, placeholder, substitutions
from newsletter.model.text import bounded, printable, web_address

NONCE = "a1b2c3d4e5f6"
VALUES = st.fixed_dictionaries({name: st.text(max_size=30) for name in NAMES})


@given(VALUES, st.text(max_size=50))
def test_every_placeholder_is_filled_once_and_nothing_else_changes(
    values: dict[str, str], around: str
) -> None:
    marks = substitutions(NONCE, values)
    template = around.join(marks)
    filled = fill(template, marks)
    if f"-nl{NONCE}" not in around:
        assert filled == around.join(marks.values())


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    forged = placeholder(NONCE, "token")
    marks = substitutions(NONCE, {"token": "SECRET", "delivery": forged, "name": ""})
    assert fill(placeholder(NONCE, "delivery"), marks) == forged


def test_values_are_escaped_in_the_page_and_plain_in_the_text() -> None:
    marks = substitutions(NONCE, {"token": "a&b", "delivery": "1-1", "name": "<Ada>"})
    assert fill(placeholder(NONCE, "token"), marks) == "a&amp;b"
    assert fill(placeholder(NONCE, "token", plain=True), marks) == "a&b"


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Ada", ", Ada"),
        ("  이서연 ", ", 이서연"),
        ("Ada\nLovelace", ", Ada Lovelace"),
        ("O’Neill-Müller", ", O’Neill-Müller"),
        ("", ""),
        ("Visit www.evil.example", ""),
        ("https://evil.example", ""),
        ("ada@example.org", ""),
        ("A" * 61, ""),
        ("\u202eadA", ""),
    ],
)
def test_a_name_is_a_form_of_address_or_nothing(name: str, printed: str) -> None:
    assert called(name) == printed


@given(st.text(max_size=300))
def test_printable_text_is_one_line_without_disguises(text: str) -> None:
    line = printable(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", line)
    assert printable(line) == line
    line.encode()


@given(st.text(max_size=400), st.integers(5, 60))
def test_bounded_text_is_bounded(text: str, longest: int) -> None:
    assert len(bounded(text, longest)) <= longest + 1


@given(st.text(max_size=60), st.sampled_from(["https://", "http://", "javascript:", "//", ""]))
def test_only_addresses_of_pages_are_printed(rest: str, scheme: str) -> None:
    address = web_address(scheme + rest)
    if address:
        assert urlsplit(address).scheme in {"http", "https"}
        assert html.escape(address, quote=True).replace("&amp;", "&") == address
        assert not re.search(r"\s", address)


@pytest.mark.parametrize(
    ("given_", "printed"),
    [
        ("https://example.org/a?b=1&c=2#d", "https://example.org/a?b=1&c=2#d"),
        ("https://example.org/a\u1680b", "https://example.org/a%E1%9A%80b"),
        ("https://example.org/북극", "https://example.org/북극"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("HTTPS://EXAMPLE.org/", "HTTPS://EXAMPLE.org/"),
        ("https://example.org/" + "x" * 3000, ""),
        ("mailto:a@example.org", ""),
    ],
)
def test_an_address_is_kept_as_it_is_or_not_at_all(given_: str, printed: str) -> None:
    assert web_address(given_) == printed
