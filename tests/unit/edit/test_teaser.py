"""Teasers: the article's own words, whole, and long enough to lead somewhere."""

import json
from pathlib import Path

import pytest

from newsletter.edit.teaser import LONGEST, SHORTEST, teaser, teasers
from newsletter.edit.terms import overlap, width
from newsletter.model.article import Extracted, Section

FIRST = "Ports along the eastern coast have begun to publish their waiting times every morning."
SECOND = "Shipping lines answered within a week by moving two of their services to the south.[1]"
THIRD = "Insurers, who rarely speak in public, asked for the same figures in writing."
WHOLE = (
    "Shipping lines moved two services to the south within a week, and insurers asked the ports"
    " for the waiting times in writing."
)


DECK = "Two ports publish their waiting times. Insurers want them too."


def article(described: str = "", *sentences: str, **more: str) -> Extracted:
    text = " ".join(sentences or (FIRST, SECOND, THIRD))
    sections = (Section(None, (text,)),)
    return Extracted(
        title=more.get("title", "Ports tell the time"),
        teaser=described,
        feed_teaser=more.get("feed", ""),
        sections=sections,
        lang=more.get("lang", "en"),
    )


def test_a_whole_description_that_is_text_of_the_article_is_kept() -> None:
    found = teaser(article(WHOLE))
    assert (found.text, found.origin) == (WHOLE, "description")


@pytest.mark.parametrize(
    "deck",
    [
        DECK,
        "Why shipping lines moved south within a week, and what insurers want in return.",
        "One morning, eastern ports told everyone the time. Nothing has been the same since.",
    ],
)
def test_a_short_deck_of_the_publisher_wins_over_the_first_sentences(deck: str) -> None:
    found = teaser(article(deck))
    assert (found.text, found.origin) == (deck, "description")


def test_the_deck_of_the_feed_is_used_if_the_page_has_none_worth_printing() -> None:
    found = teaser(article("Ports tell the time.", feed=DECK))
    assert (found.text, found.detail) == (DECK, "feed")
    assert teaser(article(WHOLE, feed=DECK)).text == WHOLE


def test_the_alternatives_are_kept_in_order_without_repetition() -> None:
    found = teasers(article(WHOLE, feed=DECK), ["Waiting times will be law next spring."])
    assert [(text.origin, text.text) for text in found] == [
        ("description", WHOLE),
        ("description", DECK),
        ("body", f"{FIRST} {SECOND.removesuffix('[1]')}"),
        ("takeaway", "Waiting times will be law next spring."),
    ]
    assert [text.origin for text in teasers(article(DECK, feed=DECK))] == ["description", "body"]


def test_a_deck_that_copies_the_headline_or_a_takeaway_is_not_used() -> None:
    title = "Eastern Ports Publish Their Waiting Times Every Morning"
    assert teaser(article(f"{title}.", title=title)).origin == "body"
    assert teaser(article(DECK), [DECK]).origin == "body"


@pytest.mark.parametrize(
    "described",
    [
        WHOLE[:-1] + " …",
        WHOLE[:-1] + "... Read more",
        (
            "Subscribe to our newsletter today and never again miss any of the many wonderful things"
            " that we write about cooking, gardens and pets."
        ),
        "Ports tell the time.",
        "By our staff.",
        WHOLE[:80],
    ],
)
def test_a_description_that_is_cut_short_or_foreign_gives_way_to_the_text(described: str) -> None:
    found = teaser(article(described))
    assert (found.origin, found.text) == ("body", f"{FIRST} {SECOND.removesuffix('[1]')}")
    assert found.detail == "from sentence 1 of the text"


def test_sentences_that_repeat_a_takeaway_or_the_title_are_passed_over() -> None:
    assert teaser(article(), [FIRST]).text.startswith("Shipping lines answered")
    found = teaser(article("", FIRST, SECOND, THIRD, title=FIRST.rstrip(".")))
    assert found.text.startswith("Shipping lines answered")


def test_one_very_long_sentence_is_cut_at_a_word() -> None:
    long = "Ports " + "and harbours and quays " * 30 + "wait."
    found = teaser(article("", long))
    assert found.text.endswith("…")
    assert width(found.text) <= LONGEST
    assert not found.text.endswith(" …")


def test_a_dateline_is_dropped() -> None:
    found = teaser(article("", "SEOUL (Reuters) — " + FIRST, SECOND))
    assert found.text.startswith("Ports along")


@pytest.mark.parametrize(
    ("lang", "sentences", "joined"),
    [
        (
            "ko",
            (
                "얼음이 물러난 자리에 규칙이 먼저 들어선다고 어부들은 말한다.",
                "항만과 보험, 그리고 쇄빙선의 셈법을 하나씩 짚어 본다.",
                "세 번째 문장은 필요할 때만 인쇄된다.",
                "네 번째 문장.",
            ),
            " ",
        ),
        (
            "ja",
            (
                "夜の港は静かだが、契約書は決して眠らないと船長は言う。",
                "物流の十年は、倉庫の棚と人の手の間で静かに変わってきた。",
                "三つ目の文も続けて印刷される。",
                "四つ目。",
            ),
            "",
        ),
        (
            "zh",
            (
                "港口的夜晚很安静，但合同从不睡觉，船长这样对我们说。",
                "十年来，物流在仓库的货架与人的双手之间悄悄地改变了。",
                "第三句话也会印出来。",
                "第四句。",
            ),
            "",
        ),
    ],
)
def test_east_asian_teasers_are_measured_by_width_and_joined_as_they_are_written(
    lang: str, sentences: tuple[str, ...], joined: str
) -> None:
    text = Extracted(title="題", sections=(Section(None, (joined.join(sentences),)),), lang=lang)
    found = teaser(text)
    assert SHORTEST <= width(found.text) <= LONGEST
    assert found.text == joined.join(sentences)[: len(found.text)]
    assert found.text[-1] in ".。"


def test_an_article_without_text_has_an_empty_teaser() -> None:
    assert teaser(Extracted(title="T")).text == ""


def test_the_commentary_begins_with_its_first_sentence(shared: Path) -> None:
    gold = json.loads((shared / "samples/commentary.gold.json").read_text())
    sections = tuple(Section(s["heading"], tuple(s["paragraphs"])) for s in gold["sections"])
    found = teaser(Extracted(title=gold["title"], sections=sections, lang="en"), gold["takeaways"])
    assert SHORTEST <= len(found.text) <= LONGEST
    assert "[" not in found.text
    assert overlap(found.text, gold["takeaways"]) <= 0.6
