"""The language of segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import SegmentError
from subscribers.segment import (
    And,
    Everyone,
    Not,
    Or,
    Segment,
    Tagged,
    evaluate,
    may_match,
    names,
    parse,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("everyone", Everyone()),
        ("EVERYONE", Everyone()),
        ("south-korea", Tagged("south-korea")),
        ('"US Foreign Policy"', Tagged("us-foreign-policy")),
        ("한국", Tagged("한국")),
        ('"everyone"', Tagged("everyone")),
        ("a and b or c", Or((And((Tagged("a"), Tagged("b"))), Tagged("c")))),
        ("a & (b | c) & !d", And((Tagged("a"), Or((Tagged("b"), Tagged("c"))), Not(Tagged("d"))))),
        ("not not a", Not(Not(Tagged("a")))),
        ("a AND NOT b", And((Tagged("a"), Not(Tagged("b"))))),
    ],
)
def test_a_segment_reads_as_it_is_written(text: str, expected: Segment) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("   ", 1),
        ("a and", 6),
        ("a b", 3),
        ("(a or b", 8),
        ("a or )", 6),
        ("and a", 1),
        ('a and "b', 7),
        ('"…"', 1),
        ("!" * 60 + "a", 41),
        ("a" * 5000, 4000),
    ],
)
def test_a_bad_segment_names_the_column(text: str, column: int) -> None:
    with pytest.raises(SegmentError) as caught:
        parse(text)
    assert caught.value.column == column
    assert f"column {column}" in str(caught.value)


def test_a_saved_segment_stands_for_its_rule_unless_it_is_quoted() -> None:
    saved = {"Insiders": "plus and not trial"}
    assert parse("insiders", saved) == And((Tagged("plus"), Not(Tagged("trial"))))
    assert parse('"insiders"', saved) == Tagged("insiders")


def test_a_saved_segment_that_leads_back_to_itself_is_refused() -> None:
    with pytest.raises(SegmentError, match="refers to itself"):
        parse("a", {"a": "b or c", "b": "not a"})


def test_an_error_in_a_saved_segment_names_both_places() -> None:
    with pytest.raises(SegmentError, match='in the saved segment "a": segment, column 3'):
        parse("x and a", {"a": "b ("})


TAGS = ("a", "b", "c", "한국")
segments = st.recursive(
    st.sampled_from([Everyone(), *map(Tagged, TAGS)]),
    lambda part: st.one_of(
        part.map(Not),
        st.lists(part, min_size=2, max_size=3).map(tuple).map(And),
        st.lists(part, min_size=2, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=8,
)


def written(segment: Segment) -> str:
    """Return the segment as somebody would write it."""
    match segment:
        case Everyone():
            return "everyone"
        case Tagged(name):
            return f'"{name}"'
        case Not(part):
            return f"not ({written(part)})"
        case And(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " or ".join(f"({written(part)})" for part in parts)


@given(segments, st.sets(st.sampled_from(TAGS)))
def test_what_is_written_is_read_back_with_the_same_meaning(
    segment: Segment, tags: set[str]
) -> None:
    read = parse(written(segment))
    assert read == segment
    assert evaluate(read, tags) == evaluate(segment, tags)


@given(segments, st.sets(st.sampled_from(TAGS)))
def test_only_named_tags_decide(segment: Segment, tags: set[str]) -> None:
    assert evaluate(segment, tags) == evaluate(segment, tags & names(segment))


@given(segments, *[st.sets(st.sampled_from(TAGS))] * 3)
def test_who_can_get_into_a_segment_by_their_own_tags_may_match(
    segment: Segment, tags: set[str], free: set[str], chosen: set[str]
) -> None:
    if evaluate(segment, (tags - free) | (chosen & free)):
        assert may_match(segment, tags, free)
    assert may_match(segment, tags, frozenset()) == evaluate(segment, tags)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_column_inside_it(text: str) -> None:
    try:
        parse(text)
    except SegmentError as error:
        column = error.column
    else:
        column = 1
    assert 1 <= column <= len(text) + 1
