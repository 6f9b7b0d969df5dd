"""Text files whose first lines name title, author, date and topics."""

from datetime import date

import pytest

from newsletter.collect.extracting.extract import extract

BODY = "For three years a small group of students has counted lorries. " * 12
LABELED = f"""Title: Ports are busy: a survey
Author: Ada Quell; Ben Moor
Date: 2026-11-27
Topics: Trade; South Korea

{BODY}
"""
KOREAN = f"""제목: 바쁜 항구
저자: 김하늘
날짜: 2026-11-27
주제: 무역, 한국

{BODY}
"""


def test_the_lines_are_read_and_not_printed() -> None:
    found = extract(LABELED.encode(), name="ports.txt")
    assert found.title == "Ports are busy: a survey"
    assert [author.name for author in found.authors] == ["Ada Quell", "Ben Moor"]
    assert found.published == date(2026, 11, 27)
    assert found.topics == ("Trade", "South Korea")
    printed = " ".join(line for section in found.sections for line in section.paragraphs)
    assert printed.startswith("For three years")
    assert not any(label in printed for label in ("Title", "Topics", "2026"))


def test_korean_lines_are_read_too() -> None:
    found = extract(KOREAN.encode(), name="ports.txt")
    assert found.title == "바쁜 항구"
    assert [author.name for author in found.authors] == ["김하늘"]
    assert found.topics == ("무역", "한국")


@pytest.mark.parametrize(
    "text",
    [
        f"Ports are busy\n\nTopics: trade and ships are what this is about\n\n{BODY}",
        f"Date: the fruit of the palm\n\n{BODY}",
    ],
)
def test_such_a_line_elsewhere_is_text(text: str) -> None:
    found = extract(text.encode(), name="ports.txt")
    assert found.title == text.splitlines()[0]
