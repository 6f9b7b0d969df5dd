"""Cells that spreadsheets open safely, and that import again as they were."""

# ruff: noqa: RUF001 - spreadsheets accept full-width signs as well

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.roster.formulas import armed, defused


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", "a;", "a,", "a\t", "a|", "a; ", 'a;"', "a；", "a\n"])
def test_no_part_of_a_cell_begins_with_a_sign_of_a_formula(sign: str, before: str) -> None:
    assert defused(f"{before}{sign}1") == f"{before}'{sign}1"


@pytest.mark.parametrize("text", ["Ann Reed", "a=b", "2026-01-02T00:00:00+00:00", "a, b; c", ""])
def test_ordinary_text_does_not_change(text: str) -> None:
    assert defused(text) == text


@given(st.text(alphabet="=+-@＝'\t\r\n;,| \"ax", max_size=12))
def test_every_text_is_restored(text: str) -> None:
    assert armed(defused(text)) == text
