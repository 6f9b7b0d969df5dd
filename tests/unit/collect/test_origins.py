"""Of two copies of an article, every field is kept from its best origin."""

from datetime import date

import pytest

from newsletter.collect.deciding.origins import best_of
from newsletter.model.article import Author, Extracted, Footnote, Image, Section

RICH = Extracted(
    "The Harbor Pays Twice",
    url="https://example.org/a",
    authors=(Author("Ada Quell"),),
    published=date(2026, 10, 5),
    takeaways_label="Key Takeaways",
    takeaways=("The pier cost twice as much.",),
    sections=(Section(None, ("word " * 300,)),),
    footnotes=(Footnote(1, "A note."),),
    image=Image("https://example.org/pier.jpg"),
    teaser="A council and its wall.",
    provenance={
        "title": "heading", "authors": "json-ld", "date": "json-ld", "takeaways": "author's list",
        "sections": "own pass", "image": "opengraph", "teaser": "og:description", "url": "canonical",
    },
)  # fmt: skip
FEED = Extracted(
    "Harbor: pays twice",
    url="https://example.org/moved",
    authors=(Author("Harbor Desk"),),
    published=date(2026, 10, 9),
    sections=(Section(None, ("A summary of the article.",)),),
    provenance=dict.fromkeys(("title", "authors", "date", "sections", "url"), "feed"),
)


@pytest.mark.parametrize("own", [True, False])
def test_the_feed_alone_replaces_nothing_that_the_page_gave(own: bool) -> None:
    assert best_of(RICH, FEED, own=own) == RICH


def test_the_page_replaces_everything_that_the_feed_gave() -> None:
    best = best_of(FEED, RICH, own=True)
    assert best == RICH


def test_an_edit_of_the_page_replaces_its_fields_and_keeps_what_it_lost() -> None:
    edited = Extracted(
        "The Harbor Pays Three Times",
        sections=(Section(None, ("other " * 280,)),),
        provenance={"title": "heading", "sections": "own pass"},
    )
    best = best_of(RICH, edited, own=True)
    assert (best.title, best.sections) == (edited.title, edited.sections)
    assert (best.takeaways, best.authors, best.image) == (RICH.takeaways, RICH.authors, RICH.image)


def test_another_source_adds_what_is_missing_and_replaces_only_what_was_worse() -> None:
    listed = Extracted(
        "The Harbor Pays Twice", teaser="Short.", provenance={"title": "listing", "teaser": "feed"}
    )
    best = best_of(listed, RICH, own=False)
    assert (best.takeaways, best.teaser, best.sections) == (
        RICH.takeaways,
        RICH.teaser,
        RICH.sections,
    )
    assert best.url == ""
    other = Extracted("Another Headline", provenance={"title": "heading"})
    assert best_of(RICH, other, own=False) == RICH


@pytest.mark.parametrize(("words", "replaced"), [(149, False), (150, True), (320, True)])
def test_a_text_that_shrank_to_a_teaser_is_not_taken(words: int, replaced: bool) -> None:
    shrunk = Extracted(
        RICH.title,
        sections=(Section(None, ("new " * words,)),),
        provenance={"sections": "own pass"},
    )
    assert (best_of(RICH, shrunk, own=True).sections == shrunk.sections) is replaced


def test_a_guess_never_replaces_a_statement() -> None:
    guess = Extracted(
        RICH.title, published=date(2026, 1, 1), date_guessed=True,
        provenance={"date": "htmldate (guessed)"},
    )  # fmt: skip
    assert best_of(RICH, guess, own=True).published == RICH.published
    assert best_of(guess, RICH, own=True).date_guessed is False
