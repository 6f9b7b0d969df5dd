"""A candidate is new, an edit, already known, or a translation of a known article."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from newsletter.collect.deciding import identity
from newsletter.collect.deciding.decide import Match, decide, likeness, may_be_translation
from newsletter.model.article import Article, Extracted, Footnote, Section

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = date(2026, 10, 30)
RIVER = " ".join(
    f"The river of valley {n} rose in the spring and towns moved uphill." for n in range(9)
)
SHIPS = " ".join(
    f"Yard {n} repairs cables for two oceans and no one pays its crew." for n in range(9)
)


def content(title: str = "On the River", text: str = RIVER, **more: object) -> Extracted:
    values: dict[str, object] = {
        "published": DAY,
        "url": "https://example.org/a",
        "lang": "en",
        **more,
    }
    return Extracted(title, sections=(Section(None, (text,)),), **values)  # type: ignore[arg-type] # fields by name


def stored(what: Extracted, source: str = "feed") -> Article:
    return Article(1, source, "new", 1, NOW, None, None, what)


def verdict(new: Extracted, old: Extracted, by: str, source: str = "feed") -> str:
    return decide(
        "feed", new, [Match(stored(old, source), by)], identity.content_hash(old), NOW
    ).verdict


@pytest.mark.parametrize(
    ("new", "by", "expected"),
    [
        (content(), "url", "same"), (content(), "text", "same"), (content(), "title", "same"),
        (content(text=RIVER + " And more."), "url", "changed"), (content("On the Rivers"), "guid", "changed"),
        (content("On Ships", SHIPS), "url", "new"), (content("On Ships", SHIPS, url="https://example.org/b"), "guid", "new"),
        (content(text=SHIPS), "title", "new"), (content(text=RIVER * 3), "url", "enriched"),
        (content(published=date(2026, 8, 1)), "title", "new"), (content(published=date(2026, 8, 1)), "text", "new"),
        (content(url="https://example.org/moved"), "guid", "changed"),
    ],
)  # fmt: skip
def test_the_evidence_decides(new: Extracted, by: str, expected: str) -> None:
    assert verdict(new, content(), by) == expected


@pytest.mark.parametrize(
    ("text", "new_text", "expected"),
    [
        (RIVER + SHIPS + RIVER, RIVER + SHIPS + RIVER, "same"),
        (RIVER + SHIPS + RIVER, RIVER + SHIPS + SHIPS, "new"),
        (RIVER, RIVER, "new"),
    ],
    ids=["identical", "the same beginning", "short"],
)
def test_an_old_article_is_known_again_by_a_long_identical_text(
    text: str, new_text: str, expected: str
) -> None:
    moved = content(text=new_text, url="https://new.example/b", published=date(2027, 11, 1))
    assert verdict(moved, content(text=text), "text") == expected


def words(count: int) -> str:
    return " ".join(f"w{number}" for number in range(count))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(100, 200, "same"), (100, 201, "enriched"), (15, 39, "same"), (15, 40, "enriched")],
)
def test_only_a_text_of_more_than_twice_the_words_enriches_an_article(
    old: int, new: int, expected: str
) -> None:
    stored_one, candidate = content(text=words(old)), content(text=words(new))
    assert verdict(candidate, stored_one, "text", source="another") == expected


def test_another_source_edits_nothing() -> None:
    assert verdict(content(text=RIVER + " And more."), content(), "url", source="page") == "same"


def test_likeness_is_a_share_of_the_shorter_text() -> None:
    assert likeness(content(), content(text=RIVER + " " + SHIPS)) > 0.95
    assert likeness(content(), content(text=SHIPS)) < 0.1


def test_the_same_layout_in_another_language_is_a_translation() -> None:
    sections = tuple(
        Section(heading, (f"In {year} the river rose by {rise} meters.",) * 2)
        for heading, year, rise in ((None, 2019, 31), ("Next", 2021, 47), ("Last", 2024, 52))
    )
    english = replace(
        content(), sections=sections, takeaways=("One.", "Two."), footnotes=(Footnote(1, "A"),)
    )
    korean = replace(
        english,
        lang="ko",
        title="강을 따라",
        sections=tuple(
            Section(
                "다음",
                tuple(
                    p.replace("the river rose by", "강물이").replace("In", "연도")
                    for p in section.paragraphs
                ),
            )
            for section in sections
        ),
    )
    assert may_be_translation(korean, stored(english))
    assert not may_be_translation(replace(korean, lang="en"), stored(english))
    assert not may_be_translation(replace(korean, published=date(2026, 10, 1)), stored(english))
    assert not may_be_translation(replace(korean, takeaways=()), stored(english))
    other = replace(
        korean, sections=tuple(Section("다음", ("강물이 17 미터, 1999 년",) * 2) for _ in sections)
    )
    assert not may_be_translation(other, stored(english))
