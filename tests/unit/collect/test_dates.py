"""A date is what the document states, or none."""

from datetime import UTC, date, datetime
from typing import Literal

import pytest
from babel.dates import format_date

from newsletter.collect.text.dates import (
    LANGUAGES,
    When,
    date_within,
    plausible,
    read_date,
    read_feed_date,
)

DAY = date(2025, 9, 25)


@pytest.mark.parametrize(
    "text",
    [
        "September 25, 2025", "Sept. 25, 2025", "25 September 2025", "25 Sep 2025", "25.09.2025",
        "25. September 2025", "25 septembre 2025", "25 de septiembre de 2025", "25 settembre 2025",
        "25 de setembro de 2025", "25 сентября 2025", "2025-09-25", "2025/09/25", "25/09/2025",
        "2025년 9월 25일", "2025년 9월 25일 오후 3:04", "2025년 9월 25일 (목) 오후 3:04", "2025. 9. 25. 오전 11:20",
        "2025. 9. 25.", "2025.09.25", "2025. 9. 25. (목)", "2025年9月25日",
        "목, 25 9월 2025", "Thursday, September 25, 2025", "Published: September 25, 2025",
        "25 сентября 2025 г.", "25 сентября 2025 года", "25 września 2025 r.", "25. září 2025", "٢٥ سبتمبر 2025", "25.09.25", "25.9.25", "25/09/25",
        "Thu Sep 25 10:00:00 2025", "2025-09-25 10:00:00", "First published 25 September 2025", "Опубликовано: 25 сентября 2025", "Datum: 25.09.2025",
        "등록 2025.09.25", "公開日：2025年9月25日", "25 сентября 2025 г. в 14:05", "25 september 2025 kl. 14.05", "Ngày 25 tháng 9 năm 2025",
        "25 tháng 9, 2025", "2025 m. rugsėjo 25 d.", "25-Sep-2025", "20250925",
        "25/Sep/2025", "25-sept.-2025", "2025-Sep-25", "Thứ Năm, 25/09/2025", "令和7年9月25日", "民國114年9月25日", "2025-09-25 (목) 08:00",
        "2025年9月25日（木）08時00分", "Donnerstag, 25.09.2025, 08:00 Uhr", "25 sept. 2025 à 8h", "20250925080000", "2025-09-25 08:00:00 America/New_York",
    ],
)  # fmt: skip
def test_a_day_is_read_in_many_spellings(text: str) -> None:
    assert read_date(text) == When(DAY)


@pytest.mark.parametrize(
    ("language", "width"),
    [("vi", "long"), *((language, width) for language in LANGUAGES for width in ("long", "full"))],
)
def test_a_date_is_read_in_every_month_of_a_language(
    language: str, width: Literal["long", "full"]
) -> None:
    days = [date(2025, month, 25) for month in range(1, 13)]
    written = [format_date(day, width, locale=language) for day in days]
    assert [read_date(text) for text in written] == [When(day) for day in days]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Thu, 25 Sep 2025 10:00:00 +0900", 1), ("Thu, 25 Sep 2025 10:00:00 KST", 1),
        ("Thu, 25 Sep 2025 10:00:00 JST", 1), ("Thu, 25 Sep 2025 10:00:00 GMT", 10),
        ("Thu, 25 Sep 2025 10:00:00 EST", 15), ("Thu, 25 Sep 2025 10:00:00 EDT", 14),
        ("Thu, 25 Sep 2025 10:00:00 PST", 18), ("2025-09-25T10:00:00Z", 10),
        ("2025-09-25T10:00:00.123+09:00", 1), ("2025-09-25 10:00 +0900", 1),
        ("Thu,25 Sep 2025 10:00:00 +0000", 10), ("Thursday, 25-Sep-25 10:00:00 GMT", 10), ("25/Sep/2025:10:00:00 +0000", 10),
        ("Thu, 25 Sep 2025 10.00.00 +0000", 10), ("Thu, 25 Sep 2025 10:00:00 GMT+9", 1), ("Thứ Năm, 25/09/2025, 10:00 (GMT+7)", 3),
        ("2025-09-25T10:00:00+09:00[Asia/Seoul]", 1), ("20250925T100000Z", 10), ("2025-09-25T100000Z", 10), ("2025-09-25T10:00:00,123Z", 10),
        ("Чт, 25 сен 2025 13:00:00 +0300", 10), ("Thu, 25 Sep 2025 10:00:00 0900", 1), ("Thu Sep 25 10:00:00 +0900 2025", 1),
        ("2025-09-25T10:00:00\u221205:00", 15), ("Thu, 25 Sep 2025 10:00:00 GMT+0900", 1), ("Thu Sep 25 2025 10:00:00 GMT+0200 (Central European Summer Time)", 8),
        ("2025-09-25T10:00:00 09:00", 1), ("2025-09-25 10:00:00 +0200 CEST", 8), ("Thu Sep 25 10:00:00 UTC 2025", 10),
        ("Do, 25 Sep 2025 10:00 MESZ", 8), ("September 25, 2025 10:00 a.m. EST", 15),
    ],
)  # fmt: skip
def test_a_time_is_read_with_its_zone(text: str, hour: int) -> None:
    assert read_feed_date(text) == When(DAY, datetime(2025, 9, 25, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2025", "2025", "September 2025", "10", "yesterday", "2 hours ago", "2025-02-30",
        "1970-01-01", "Thu, 01 Jan 1970 00:00:00 GMT", "1758-01-01", "25 Brumaire 2025", "",
        "Last updated: September 25, 2025", "Updated 25 September 2025", "Stand: 25.09.2025", "更新日：2025年9月25日", "수정 2025.09.25", "03/04/25",
        "The talks of September 25, 2025 failed", "12345", "Version 2025.13.45",
    ],
)  # fmt: skip
def test_an_incomplete_date_is_not_a_date(text: str) -> None:
    assert read_date(text) is None


def test_a_time_without_a_zone_leaves_the_day_only() -> None:
    assert read_date("2025-09-25 10:00") == When(DAY)
    assert read_date("Thu, 25 Sep 2025 10:00:00 XYZT") == When(DAY)


@pytest.mark.parametrize("text", ["1758758400", "1758758400000"])
def test_epoch_seconds_are_dates_in_feeds_only(text: str) -> None:
    assert read_feed_date(text) == When(DAY, datetime(2025, 9, 25, tzinfo=UTC))
    assert read_date(text) is None


def test_midnight_may_be_written_as_24_00() -> None:
    when = read_feed_date("Thu, 25 Sep 2025 24:00:00 GMT")
    assert when is not None
    assert when.at == datetime(2025, 9, 26, tzinfo=UTC)


def test_a_date_in_the_future_is_dropped() -> None:
    now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    assert plausible(When(date(2099, 1, 1)), now) is None
    assert plausible(When(date(2026, 11, 3)), now) is not None


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("Updated: 27 November 2026 · First published 25 September 2025", True),
        ("By Ada Quell | September 25, 2025", True), ("Published 25 September 2025 · Updated 27 November 2026", True),
        ("Last updated 25 September 2025", False), ("Nov 27, 2026 (updated) — Sep 25, 2025", True), ("Ada Quell · Updated 25 September 2025", False),
    ],
)  # fmt: skip
def test_a_line_gives_the_date_of_publication_and_not_of_a_change(line: str, read: bool) -> None:
    assert date_within(line) == (When(DAY) if read else None)
