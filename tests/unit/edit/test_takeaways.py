"""Takeaways: the author's own verbatim, else sentences that stand on their own."""

import json
from pathlib import Path

import pytest

from newsletter.edit.takeaways import eligible, extract, takeaways
from newsletter.edit.terms import overlap
from newsletter.model.article import Extracted, Section
from tests.fakes.manuscripts import PORTS


def article(*paragraphs: str, title: str = "Ports tell the time") -> Extracted:
    return Extracted(title=title, sections=(Section(None, paragraphs),), lang="en")


LONG = article(" ".join(PORTS[:4]), " ".join(PORTS[4:8]), " ".join(PORTS[8:]))


def test_the_authors_own_are_printed_verbatim() -> None:
    marked = Extracted(title="T", takeaways=("One — “as is”.", "Two"), takeaways_label="In short")
    found = takeaways(marked)
    assert (found.items, found.origin, found.detail) == (marked.takeaways, "author", "In short")


def test_extracted_ones_are_whole_sentences_in_the_order_of_the_text() -> None:
    found = extract(LONG)
    assert found.origin == "extracted"
    assert 2 <= len(found.items) <= 3
    places = [PORTS.index(one) for one in found.items]
    assert places == sorted(places)
    numbers = ", ".join(str(place + 1) for place in places)
    assert found.detail == f"sentences {numbers} of {len(PORTS)}"


def test_a_short_text_has_none() -> None:
    assert extract(article(" ".join(PORTS[:4]))).items == ()


def test_they_repeat_neither_title_nor_teaser_nor_each_other() -> None:
    found = extract(LONG, teaser=PORTS[0])
    assert PORTS[0] not in found.items
    for place, one in enumerate(found.items):
        assert overlap(one, [PORTS[0], *found.items[:place]]) <= 0.6


@pytest.mark.parametrize(
    "sentence",
    [
        "Will the ports publish waiting times for the winter as well as for the summer?",
        "However, insurers of the eastern ports asked for the same figures in writing.",
        "He asked the insurers of the eastern ports for the same figures in writing today.",
        "This commentary unpacks four key issues that emerged around the summit last week.",
        "First, the raid showed how the relationship can be harmed by the acts of agencies.",
        "Too short to say anything.",
        "Four years on, it is still none of all these.",
        "Ports “publish their waiting times every single morning of the week without end.",
        "A heading without an end mark that is long enough to be taken for a sentence",
        " ".join(["word"] * 60) + ".",
        "그러나 항만은 매일 아침 대기 시간을 공개하고 선사들은 그 숫자를 보고 배를 돌린다고 말했다.",
    ],
)
def test_what_does_not_stand_alone_is_never_picked(sentence: str) -> None:
    assert not eligible(sentence)


def test_five_megabytes_of_text_take_no_more_than_a_moment() -> None:
    huge = article(*[f"{one[:-1]} number {n}." for n in range(600) for one in PORTS[:2]])
    assert len(extract(huge).items) <= 3


def test_the_commentary_yields_three_sentences_of_its_own(shared: Path) -> None:
    gold = json.loads((shared / "samples/commentary.gold.json").read_text())
    sections = tuple(Section(s["heading"], tuple(s["paragraphs"])) for s in gold["sections"])
    found = extract(Extracted(title=gold["title"], sections=sections, lang="en"))
    assert len(found.items) == 3
