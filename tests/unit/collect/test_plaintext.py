"""The parts of a text file are recognized by its lines, in many styles of writing."""

import textwrap

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.model.article import Author, Extracted

PARAGRAPH = (
    "The river rose in the spring, and the towns along it moved their markets up the hills before"
    " anybody had asked them to do so, which surprised the councils. " * 2
).strip()
POINTS = ("The river rose by three metres.", "Markets moved up the hill.")
NATIVE = "春に川の水かさが増え、まちの人びとは市場を丘の上へ移した。だれも頼んだわけではない。" * 6


def read(*parts: str) -> Extracted:
    return extract("\n\n".join(parts).encode(), name="a.txt")


def test_a_wrapped_text_is_unwrapped_and_its_headings_are_found() -> None:
    wrapped = "\n".join(textwrap.wrap(PARAGRAPH, 72))
    article = read(
        "On the River", "By Jane Rivers\nOctober 5, 2026", wrapped, "What was said", wrapped
    )
    assert [section.heading for section in article.sections] == [None, "What was said"]
    assert article.sections[0].paragraphs == (PARAGRAPH,)


def test_windows_line_ends_change_nothing() -> None:
    text = f"On the River\nBy Jane Rivers\n\n{PARAGRAPH}\n"
    crlf = extract(text.replace("\n", "\r\n").encode(), name="a.txt")
    assert crlf == extract(text.encode(), name="a.txt")


@pytest.mark.parametrize(
    "head",
    [
        "On the River\nBy Jane Rivers\nFellow, Institute of Water\n5 October 2026",
        "On the River\nJane Rivers\nFellow at the Institute of Water\n5 October 2026",
        "Commentary\nOn the River\nBy Jane Rivers, Fellow, Institute of Water | October 5, 2026",
    ],
)
def test_a_head_may_be_written_in_several_ways(head: str) -> None:
    article = read(head, PARAGRAPH)
    assert article.title == "On the River"
    assert article.authors == (Author("Jane Rivers", "Fellow", "Institute of Water"),)
    assert str(article.published) == "2026-10-05"


def test_a_sentence_below_the_title_is_not_the_title() -> None:
    below = "How the towns of one valley moved their markets and what the councils learned from it"
    article = read(f"On the River\n{below}", "By Jane Rivers", PARAGRAPH)
    assert (article.kicker, article.title, article.teaser) == ("", "On the River", below)


@pytest.mark.parametrize(
    "lines",
    [
        "Key Takeaways\n" + "\n".join(POINTS),
        "Key Takeaways:\n- " + "\n- ".join(POINTS),
        "KEY POINTS\n\n* " + "\n* ".join(POINTS),
        "Highlights:\n1) " + "\n2) ".join(POINTS),
        "TL;DR\n\n• " + "\n\n• ".join(POINTS),
    ],
)
def test_points_may_be_written_in_several_ways(lines: str) -> None:
    article = read("On the River\nBy Jane Rivers", lines, PARAGRAPH)
    assert article.takeaways == POINTS
    assert article.sections[0].paragraphs == (PARAGRAPH,)


def test_japanese_text_is_read() -> None:
    article = read(
        "川とまちのはなし、春の水がもたらしたもの\n文：山田太郎\n2025年9月25日",
        "要点\n・川の水かさが三メートル増えた。\n・市場は丘の上に移った。",
        NATIVE,
        "背景",
        NATIVE,
    )
    assert (article.lang, article.authors) == ("ja", (Author("山田太郎"),))
    assert len(article.takeaways) == 2
    assert [section.heading for section in article.sections] == [None, "背景"]


def test_notes_under_a_label_a_biography_and_the_end_are_found() -> None:
    article = read(
        "On the River\nBy Jane Rivers",
        f"{PARAGRAPH}[1]",
        "Notes\n1. A Source, https://example.org/a.\n2. Another, 2025.",
        "Jane Rivers is a fellow at the Institute of Water in Seoul.",
        "Related Articles\nAnother one",
    )
    assert [(note.n, note.url) for note in article.footnotes] == [
        (1, "https://example.org/a"),
        (2, ""),
    ]
    assert article.author_bio.startswith("Jane Rivers is a fellow")
    assert article.sections[0].paragraphs == (f"{PARAGRAPH}[1]",)
