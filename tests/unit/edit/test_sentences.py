"""Sentences in the languages that a publisher mixes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.edit.sentences import split


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "He left.”[2] While others stayed.", ["He left.”", "While others stayed."]),
        ("en", "They went … Tokyo was quiet.", ["They went …", "Tokyo was quiet."]),
        (
            "en",
            "(It was later retracted.) Markets fell.",
            ["(It was later retracted.)", "Markets fell."],
        ),
        (
            "en",
            "Mr. Lee met Dr. Okafor in the U.S. on Monday.",
            ["Mr. Lee met Dr. Okafor in the U.S. on Monday."],
        ),
        ("en", "Washington, D.C. It rained.", ["Washington, D.C.", "It rained."]),
        (
            "en",
            "See https://a.example/x?input=1195m for more. Then go.",
            ["See https://a.example/x?input=1195m for more.", "Then go."],
        ),
        ("en", "One line\nAnother line", ["One line", "Another line"]),
        (
            "en",
            "It rose by 3.5 percent.[12] Yet it fell.",
            ["It rose by 3.5 percent.", "Yet it fell."],
        ),
        (
            "ko",
            "얼음이 물러난 자리에 규칙이 들어선다. 항만의 셈법을 짚는다.",
            ["얼음이 물러난 자리에 규칙이 들어선다.", "항만의 셈법을 짚는다."],
        ),
        ("ja", "彼は「行く。」と言った。次の文。", ["彼は「行く。」と言った。", "次の文。"]),
        ("zh", "港口很安静。合同不睡觉！为什么？", ["港口很安静。", "合同不睡觉！", "为什么？"]),
        (
            "fr",
            "M. Dupont a vu Mme. Roy le 3 janv. 1987. Elle partait.",
            ["M. Dupont a vu Mme. Roy le 3 janv. 1987.", "Elle partait."],
        ),
        (
            "fr",
            "L’art. 12 de la loi, c.-à-d. le plus long, date de 52 av. J.-C. environ. Il dure.",
            [
                "L’art. 12 de la loi, c.-à-d. le plus long, date de 52 av. J.-C. environ.",
                "Il dure.",
            ],
        ),
        (
            "fr",
            "Le Dr. Leroy, de St. Malo, parle. Il a tort.",
            ["Le Dr. Leroy, de St. Malo, parle.", "Il a tort."],
        ),
        ("fr", "C’est de l’art. Puis il est sorti.", ["C’est de l’art.", "Puis il est sorti."]),
        (
            "nl",
            "De heer Jansen, d.w.z. de loods, ging. Het was laat.",
            ["De heer Jansen, d.w.z. de loods, ging.", "Het was laat."],
        ),
        (
            "pl",
            "W 2020 r. rada, np. prof. Lis, zebrała się ok. godz. 8 rano. Wyszli.",
            ["W 2020 r. rada, np. prof. Lis, zebrała się ok. godz. 8 rano.", "Wyszli."],
        ),
        (
            "ru",
            "Совет собрался на ул. Новой. Ничего не решили.",
            ["Совет собрался на ул. Новой.", "Ничего не решили."],
        ),
        (
            "pt",
            "Vieram navios, p. ex. de Lisboa. Saíram cedo.",
            ["Vieram navios, p. ex. de Lisboa.", "Saíram cedo."],
        ),
        (
            "sv",
            "Hon kom bl.a. från Lund, t.ex. i går. Hon gick.",
            ["Hon kom bl.a. från Lund, t.ex. i går.", "Hon gick."],
        ),
        (
            "en",
            "The port sells phones. iPhone sales rose.",
            ["The port sells phones.", "iPhone sales rose."],
        ),
        ("", "No language is known. It works.", ["No language is known.", "It works."]),
        ("en", "", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(
    language: str, text: str, sentences: list[str]
) -> None:
    assert [one.text for one in split(text, language)] == sentences


def test_offsets_are_those_of_the_paragraph_with_its_marks() -> None:
    text = "It fell.[3] Yet it rose."
    assert [text[one.start : one.end].strip() for one in split(text, "en")] == [
        "It fell.[3]",
        "Yet it rose.",
    ]


@given(st.text(max_size=200), st.sampled_from(["en", "ko", "ja", "zh", "xx", ""]))
def test_nothing_of_a_paragraph_is_lost(text: str, language: str) -> None:
    found = split(text, language)
    assert all(one.start < one.end for one in found)
    assert all(one.end <= two.start for one, two in itertools.pairwise(found))
    covered = "".join(text[one.start : one.end] for one in found)
    assert [c for c in covered if c.isalpha()] == [c for c in text if c.isalpha()]
