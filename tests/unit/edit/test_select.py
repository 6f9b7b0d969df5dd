"""Selection: each article in or out with a reason, spread over sources and topics."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.edit.items import item_of, tags_of
from newsletter.edit.select import EligibleArticle, select
from newsletter.model.article import Article, Author, Extracted, Section
from newsletter.model.issue import Takeaways
from newsletter.model.publication import Highlights, ItemLimits, Newsletter, Topic
from tests.fakes import manuscripts

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def candidate(
    number: int,
    source: str = "a",
    tags: tuple[str, ...] = (),
    *,
    pinned: bool = False,
    lang: str = "en",
    dated: bool = True,
) -> EligibleArticle:
    published = date(2026, 11, 26) - timedelta(days=number) if dated else None
    content = Extracted(title=f"Article {number}", published=published, topics=tags, lang=lang)
    article = Article(number, source, "new", 1, NOW, None, None, content)
    return EligibleArticle(article, tags, pinned)


def same(most: int = 3, **changes: object) -> Newsletter:
    return manuscripts.newsletter(content="same", items=ItemLimits(1, most), **changes)


def printed(candidates: list[EligibleArticle], newsletter: Newsletter) -> list[int]:
    return [one.candidate.article.id for one in select(candidates, newsletter) if one.included]


def test_the_newest_come_first_and_the_rest_carries_over() -> None:
    selections = select([candidate(n) for n in (4, 2, 3, 1)], same())
    assert [(one.candidate.article.id, one.included) for one in selections] == [
        (1, True),
        (2, True),
        (3, True),
        (4, False),
    ]
    assert selections[0].reason == "lead: published 2026-11-25"
    assert selections[3].reason == "did not fit: 3 items are included; carries over"


def test_pinned_ones_stay_on_top() -> None:
    assert printed([candidate(1), candidate(2), candidate(9, pinned=True)], same(2)) == [9, 1]


def test_no_source_fills_the_issue_alone() -> None:
    many = [candidate(n, "loud", (f"topic-{n}",)) for n in range(1, 7)]
    chosen = select([*many, candidate(7, "quiet", ("topic-7",))], same(4))
    assert 7 in [one.candidate.article.id for one in chosen if one.included]
    reason = next(one.reason for one in chosen if one.candidate.article.id == 7)
    assert "to vary sources and topics" in reason


def test_no_topic_fills_the_issue_alone() -> None:
    many = [candidate(n, f"source-{n}", ("trade",)) for n in range(1, 7)]
    assert 7 in printed([*many, candidate(7, "source-7", ("arctic",))], same(4))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sources": ("b",)}, "weekly does not print articles from a"),
        ({"topics": ("arctic",)}, "not on a topic of weekly"),
    ],
)
def test_what_does_not_fit_the_newsletter_is_out(changes: dict[str, object], reason: str) -> None:
    (selection,) = select([candidate(1, "a", ("trade",))], same(**changes))
    assert (selection.included, selection.reason) == (False, reason)


def test_undated_articles_come_last_and_never_lead() -> None:
    undated = candidate(0, "quiet", ("rare",), dated=False)
    assert printed([undated, *(candidate(n) for n in (1, 2))], same()) == [1, 2, 0]
    assert printed([undated, candidate(1)], same(1)) == [1]


@pytest.mark.parametrize(
    ("lang", "included"), [("en", True), ("en-GB", True), ("", True), ("ko", False)]
)
def test_a_newsletter_prints_only_its_languages(lang: str, included: bool) -> None:
    (selection,) = select([candidate(1, lang=lang)], same(languages=("en",)))
    assert selection.included is included
    if not included:
        assert selection.reason == "weekly does not print articles in ko"


def test_what_staff_excluded_is_a_candidate_and_what_they_left_for_later_comes_back() -> None:
    excluded, later = (replace(candidate(n), decision=d) for n, d in ((1, "out"), (2, "later")))
    selections = {one.candidate.article.id: one for one in select([excluded, later], same())}
    assert (selections[1].included, selections[2].included) == (False, True)
    assert selections[1].reason == "excluded from an earlier issue by staff"


def test_translations_come_with_their_article_and_count_once() -> None:
    pair = [
        replace(one, article=replace(one.article, translation_group=5))
        for one in (candidate(1), candidate(9))
    ]
    chosen = select([*pair, *(candidate(n) for n in range(2, 8))], same(3))
    assert [one.candidate.article.id for one in chosen if one.included] == [1, 9, 2, 3]
    assert chosen[1].reason == "published 2026-11-17; a translation of article 1"


def test_an_issue_holds_more_than_one_edition_where_readers_differ() -> None:
    many = [candidate(n) for n in range(1, 20)]
    weekly = manuscripts.newsletter(content="followed-first", items=ItemLimits(1, 3))
    assert len(printed(many, weekly)) == 12
    assert len(printed(many, same(3))) == 3


def test_tags_are_every_slug_by_which_a_topic_is_followed() -> None:
    topics = (Topic("south-korea", (("en", "South Korea"), ("ko", "한국")), ("ROK",)),)
    assert tags_of(("ROK", "Arctic"), topics) == ("south-korea", "한국", "rok", "arctic")


@pytest.mark.parametrize(
    ("highlights", "printed_origin", "suggested"),
    [("suggest", "", True), ("print", "extracted", False), ("off", "", False)],
)
def test_unmarked_takeaways_follow_the_newsletters_rule(
    highlights: Highlights, printed_origin: str, suggested: bool
) -> None:
    content = Extracted(
        title="Ports", sections=(Section(None, (" ".join(manuscripts.PORTS),)),), lang="en"
    )
    article = Article(1, "a", "new", 1, NOW, None, None, content)
    made = item_of(article, (), highlights)
    assert made.takeaways.origin == printed_origin
    assert bool(made.suggested.items) is suggested
    assert made.minutes == 1


def test_the_authors_takeaways_are_printed_whatever_the_rule() -> None:
    content = Extracted(title="T", takeaways=("One.",), authors=(Author("A" * 200),), url="ftp://x")
    article = Article(1, "a", "new", 1, NOW, None, None, content)
    made = item_of(article, (), "off")
    assert made.takeaways == Takeaways(("One.",), "author", "marked by the author")
    assert made.url == ""
    assert len(made.authors[0].name) <= 81
