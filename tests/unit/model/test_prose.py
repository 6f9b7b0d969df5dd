"""The small Markdown of staff: what it supports, what it refuses, what it leaves as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.prose import Prose, Span, clean, parse, plain, problems, raw_marks


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Plain\nwords.", (Prose("paragraph", ((Span("Plain words."),),)),)),
        (
            "One **two** *three*",
            (
                Prose(
                    "paragraph",
                    (
                        (
                            Span("One "),
                            Span("two", bold=True),
                            Span(" "),
                            Span("three", italic=True),
                        ),
                    ),
                ),
            ),
        ),
        (
            "[The *port*](https://e.example/a?b=1&c=2)",
            (
                Prose(
                    "paragraph",
                    (
                        (
                            Span("The ", href="https://e.example/a?b=1&c=2"),
                            Span("port", italic=True, href="https://e.example/a?b=1&c=2"),
                        ),
                    ),
                ),
            ),
        ),
        (
            "See https://e.example/x.",
            (
                Prose(
                    "paragraph",
                    (
                        (
                            Span("See "),
                            Span("https://e.example/x", href="https://e.example/x"),
                            Span("."),
                        ),
                    ),
                ),
            ),
        ),
        ("- a\n- b", (Prose("list", ((Span("a"),), (Span("b"),))),)),
        ("1. a\n2. b", (Prose("numbered", ((Span("a"),), (Span("b"),))),)),
        (
            "![A port](https://e.example/p.png)",
            (Prose("image", image="https://e.example/p.png", alt="A port"),),
        ),
        ("One  \ntwo", (Prose("paragraph", ((Span("One"),), (Span("two"),))),)),
        (
            "Yours,\n\n--\nAda\n*Editor*",
            (
                Prose("paragraph", ((Span("Yours,"),),)),
                Prose("signature", ((Span("Ada"),), (Span("Editor", italic=True),))),
            ),
        ),
        ("a \\*b\\* snake_case_word", (Prose("paragraph", ((Span("a *b* snake_case_word"),),)),)),
        ("[Ada](javascript:x)", (Prose("paragraph", ((Span("Ada"),),)),)),
        ("", ()),
    ],
)
def test_the_supported_markdown(text: str, parts: tuple[Prose, ...]) -> None:
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("# A heading", ["#"]),
        ("> A quotation", [">"]),
        ("| a | b |", ["|"]),
        ("`code` and <b>HTML</b>", ["`", "<b>", "</b>"]),
        ("**never closed", ["**"]),
        ("[broken](", ["]("]),
        ("Prices rose by 5 % # and 3 > 2 | or so", []),
        ("**bold** [link](https://e.example) - dash", []),
    ],
)
def test_marks_that_would_be_printed_are_found(text: str, marks: list[str]) -> None:
    assert raw_marks(text) == marks


def test_addresses_that_cannot_be_printed_are_named() -> None:
    found = problems("[a](ftp://e.example) [b](mailto:ada@e.example) ![c](http://e.example/c.png)")
    assert found == [
        "A link leads to “ftp://e.example”; use https://… or mailto:….",
        "An image is at “http://e.example/c.png”; use an address that begins with https://.",
    ]


def test_the_first_words_have_no_marks() -> None:
    assert (
        plain("![A port](https://e.example/p.png)\n\n- **One** [two](https://e.example)")
        == "One two"
    )
    assert plain("") == ""


@given(st.text(max_size=300))
def test_any_text_is_parsed_and_cleaning_changes_nothing_more(text: str) -> None:
    kept = clean(text)
    assert clean(kept) == kept
    assert parse(kept) == parse(text)
