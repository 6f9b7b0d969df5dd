"""No regular expression takes more than linear time, whatever it is given."""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clocks import TookTooLongError, stopped_after
from tests.fakes.patterns import Used, every_pattern, hostile_texts

SMALL, FACTOR = 1_000, 10
MOST_SECONDS = 1
SHORT = 0.005
"""Seconds of processor time that no quadratic pattern stays below at the larger size."""
BOUNDED = frozenset(
    (Path(__file__).parent / "bounded.txt").read_text(encoding="utf-8").splitlines()
)
"""Patterns that are slow for texts longer than their callers pass. That the callers do bound them is
tested with whole documents in `test_linear.py`. Do not add a pattern: bound it, as `{1,100}` does."""
PATTERNS = [used for used in every_pattern() if used.line not in BOUNDED]


def seconds(apply: Callable[[Any], object], text: str | bytes) -> float:
    began = time.process_time()
    apply(text)
    return time.process_time() - began


def is_slow(apply: Callable[[Any], object], small: str | bytes, large: str | bytes) -> bool:
    """Return whether the time grows faster than the text: quadratic would be a hundred times."""
    if seconds(apply, large) < SHORT:
        return False
    bound = 2.5 * FACTOR * min(seconds(apply, small) for _ in range(2)) + SHORT
    return all(seconds(apply, large) > bound for _ in range(3))


def first_slow(used: Used) -> str:
    """Return the beginning of a text that takes a pattern too long, or an empty string."""
    texts = zip(hostile_texts(used, SMALL), hostile_texts(used, SMALL * FACTOR), strict=True)
    for small, large in texts:
        for apply in used.calls():
            try:
                with stopped_after(MOST_SECONDS):
                    slow = is_slow(apply, small, large)
            except TookTooLongError:
                slow = True
            if slow:
                return f"{small[:60]!r}"
    return ""


def test_the_list_of_bounded_patterns_has_only_patterns_that_exist() -> None:
    assert not BOUNDED - {used.line for used in every_pattern()}


def test_a_pattern_with_quadratic_time_is_found() -> None:
    for pattern in (r"\s+$", r"(a+)+b", r"<input .*type", r"\[([^\]]+)\]", r"\w+@\w+"):
        assert first_slow(Used("here", pattern, 0, frozenset({"search"}))), pattern
    assert not first_slow(Used("here", r"<b>[^<>]{0,50}</b>", 0, frozenset({"search"})))


@pytest.mark.parametrize(
    "used",
    PATTERNS,
    ids=[f"{used.where} {used.pattern!r:.60} {place}" for place, used in enumerate(PATTERNS)],
)
def test_the_time_of_a_pattern_grows_no_faster_than_the_text(used: Used) -> None:
    gc.disable()
    try:
        assert first_slow(used) == ""
    finally:
        gc.enable()
