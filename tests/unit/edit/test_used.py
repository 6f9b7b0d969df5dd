"""The sentences that an item prints are marked in the text of its article."""

from dataclasses import replace

import pytest

from newsletter.edit.used import Passage, marked
from newsletter.model.article import Extracted, Section
from newsletter.model.issue import Item, Takeaways, Text
from tests.fakes import manuscripts

FIRST, SECOND, THIRD = (
    "The harbor has four ships.",
    "Two of them are old.[1]",
    "None can sail in ice.",
)
CONTENT = Extracted(
    "Ships",
    lang="en",
    sections=(
        Section(None, (f"{FIRST} {SECOND}  {THIRD}",)),
        Section("Outlook", ("Yes.", "Nothing here is printed.")),
    ),
)


@pytest.fixture
def item() -> Item:
    return manuscripts.item(
        1,
        teaser=Text("Two of them are old. Yes.", "body"),
        takeaways=Takeaways(("None can sail in ice.",), "extracted"),
        corrections={},
    )


def test_sentences_of_the_teaser_and_the_takeaways_are_marked(item: Item) -> None:
    sections = marked(CONTENT, item)
    uses = [(passage.text.strip(), passage.use) for passage in sections[0].paragraphs[0]]
    assert uses == [(FIRST, ""), (SECOND, "teaser"), (THIRD, "takeaway")]
    assert sections[1].heading == "Outlook"
    assert [len(paragraph) for paragraph in sections[1].paragraphs] == [1, 1]


def test_what_staff_print_instead_counts(item: Item) -> None:
    own = replace(item, corrections={"teaser": FIRST, "takeaways": []})
    uses = [passage.use for passage in marked(CONTENT, own)[0].paragraphs[0]]
    assert uses == ["teaser", ""]


@pytest.mark.parametrize(
    "paragraph",
    [
        "",
        " ",
        f"  {FIRST} ",
        f"{FIRST}\n{THIRD}",
        "Ein Schiff. " * 3000,
        "\ud800 None can sail in ice.",
    ],
)
def test_the_passages_are_the_whole_paragraph(item: Item, paragraph: str) -> None:
    content = replace(CONTENT, sections=(Section(None, (paragraph,)),))
    ((passages,),) = (section.paragraphs for section in marked(content, item))
    assert "".join(passage.text for passage in passages) == paragraph
    assert all(isinstance(passage, Passage) for passage in passages)
