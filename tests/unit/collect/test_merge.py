"""The page wins over its feed, except where the page has lost something."""

from datetime import UTC, date, datetime

from newsletter.collect.deciding.merge import merged
from newsletter.collect.deciding.walls import wall
from newsletter.collect.entry import Entry
from newsletter.collect.text.dates import When
from newsletter.model.article import Extracted, Section

WHEN = When(date(2026, 10, 5), datetime(2026, 10, 5, 1, tzinfo=UTC))
ENTRY = Entry(
    "k", title="On the River", url="https://example.org/a", when=WHEN, summary="What it says."
)


def text(words: int) -> tuple[Section, ...]:
    return (Section(None, ("word " * words,)),)


def test_a_page_that_lost_its_text_takes_it_from_the_feed() -> None:
    page = Extracted("On the River", sections=text(10))
    carried = Extracted(
        "On the River", sections=text(400), takeaways=("One.",), takeaways_label="Key Points"
    )
    article = merged(page, carried, ENTRY)
    assert article.sections == carried.sections
    assert (article.takeaways, article.takeaways_label) == (("One.",), "Key Points")
    assert article.provenance["sections"].startswith("feed")


def test_a_complete_page_keeps_its_own_text() -> None:
    page = Extracted("On the River", sections=text(300), teaser="Its own.")
    article = merged(page, Extracted("On the River", sections=text(400)), ENTRY)
    assert (article.sections, article.teaser) == (page.sections, "Its own.")


def test_another_description_of_the_feed_is_kept_beside_the_pages() -> None:
    page = Extracted("On the River", teaser="Its own.")
    assert merged(page, None, ENTRY).feed_teaser == "What it says."
    assert merged(Extracted("T", teaser="What it says."), None, ENTRY).feed_teaser == ""
    assert merged(Extracted("T"), None, ENTRY).feed_teaser == ""


def test_a_stated_date_wins_over_the_feed_and_the_feed_over_a_guess() -> None:
    stated = Extracted("T", published=date(2026, 10, 1), provenance={"date": "json-ld"})
    guessed = Extracted(
        "T",
        published=date(2026, 1, 1),
        date_guessed=True,
        provenance={"date": "htmldate (guessed)"},
    )
    assert merged(stated, None, ENTRY).published == date(2026, 10, 1)
    article = merged(guessed, None, ENTRY)
    assert (article.published, article.date_guessed, article.provenance["date"]) == (
        WHEN.day,
        False,
        "feed",
    )


def test_a_truncated_summary_is_not_a_teaser() -> None:
    cut = Entry("k", title="T", summary="What it says, up to a point…")
    assert merged(Extracted("T"), None, cut).teaser == ""


def test_walls_are_distinguished_from_articles() -> None:
    asked = "https://example.org/a"
    assert "login" in wall(asked, asked, b'<input type="password">', 20)
    assert "challenge" in wall(asked, asked, b"<title>Just a moment...</title>", 5)
    assert "front page" in wall(asked, "https://example.org/", b"", 900)
    assert wall(asked, asked, b'<input type="password">', 900) == ""
