"""Names and placeholders in the name column of a list."""

import pytest

from subscribers.roster.names import full_name


@pytest.mark.parametrize(
    "text",
    [
        "First Name",
        "Vorname",
        "\\N",
        "#REF!",
        "미입력",
        "없음",
        "고객 님",
        "Unbekannt",
        "N/A",
        "null",
    ],
)
def test_a_placeholder_is_no_name(text: str) -> None:
    assert full_name({"name": text}) == ""
    assert full_name({"first_name": text, "last_name": "Kim"}) == "Kim"


@pytest.mark.parametrize(
    ("text", "name"),
    [("Ann &amp; Bo", "Ann & Bo"), ("Zo&euml;", "Zoë"), ("Null", "Null"), ("김없음", "김없음")],
)
def test_a_name_is_kept(text: str, name: str) -> None:
    assert full_name({"name": text}) == name
