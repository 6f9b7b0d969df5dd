"""Front matter is read as people write it, for Jekyll, Hugo, Zola and by hand."""

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.collect.extracting.front_matter import split
from newsletter.errors import ExtractFailed
from newsletter.model.article import Extracted

TEXT = "The council met on Tuesday for four hours and agreed on one number. " * 5


def article(front: str, mark: str = "---") -> Extracted:
    return extract(f"{mark}\n{front}\n{mark}\n\n# Pier\n\n{TEXT}".encode(), name="pier.md")


@pytest.mark.parametrize(
    ("front", "key", "values"),
    [
        ("description: >-\n  The council met\n  on Tuesday.\ndate: 2026-11-26", "description", ("The council met on Tuesday.",)),
        ("summary: |\n  One.\n\n  Two.\nlang: en", "summary", ("One. Two.",)),
        ("authors:\n  - name: Ada Quell\n    role: Fellow\n  - name: Ben Moor", "authors", ("Ada Quell", "Ben Moor")),
        ("author:\n  name: Ada Quell\n  email: ada@example.org", "author", ("Ada Quell",)),
        ("author: {name: Ada Quell, role: Fellow}", "author", ("Ada Quell",)),
        ("tags: [Trade,\n  'US: Ports']\nlang: en", "tags", ("Trade", "US: Ports")),
        ("tags:\n- Trade\n- US: Ports", "tags", ("Trade", "US: Ports")),
        ("title: 'It''s a pier'", "title", ("It's a pier",)),
        ('title: "She said \\"Piers\\""', "title", ('She said "Piers"',)),
        ("title: Ports: what comes next # a working title", "title", ("Ports: what comes next",)),
        ("title: Pier #2 rises", "title", ("Pier #2 rises",)),
        ("author: ~\nlang: en", "author", ()),
        ("cover:\n  image: pier.jpg\n  alt: The pier", "cover", ("pier.jpg",)),
        ("params:\n  author: Ada Quell\ntitle: Pier", "author", ("Ada Quell",)),
    ],
)  # fmt: skip
def test_values_are_read_as_they_are_meant(front: str, key: str, values: tuple[str, ...]) -> None:
    pairs, rest = split(f"---\n{front}\n---\nText.")
    assert (pairs[key], rest) == (values, "Text.")


def test_a_topic_list_may_be_one_line() -> None:
    assert article("tags: South Korea, Trade").topics == ("South Korea", "Trade")


def test_the_tables_of_a_site_generator_are_read() -> None:
    found = article('[taxonomies]\ntags = ["Trade"]\n[extra]\nauthor = "Ada Quell"', "+++")
    assert (found.topics, [author.name for author in found.authors]) == (("Trade",), ["Ada Quell"])


@pytest.mark.parametrize("front", ["draft: true", "published: false", "status: Draft"])
def test_a_draft_is_not_taken(front: str) -> None:
    with pytest.raises(ExtractFailed, match="a draft"):
        article(f"title: Pier\n{front}")


def test_what_is_not_a_draft_is_taken() -> None:
    assert article("draft: false\npublished: 2026-11-26").title == "Pier"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("One.\n\n<!-- more -->\n\nTwo.", "One.|Two."),
        ('<div class="lead">\n\nOne.\n\n</div>\n\nTwo.', "One.|Two."),
        ("Line<br>two has an <em>inline</em> word.", "Line two has an inline word."),
        ("The <section> element beats the <div> element.", "The <section> element beats the <div> element."),
        ('{{< figure src="a.jpg" >}}\n\nOne.\n\n{% include note.html %}', "One."),
        ("One.\n{: .lead}\n\nTwo.", "One.|Two."),
        ("Write `<br>` to break a line.", "Write <br> to break a line."),
    ],
)  # fmt: skip
def test_only_words_of_a_markdown_text_are_read(written: str, read: str) -> None:
    found = extract(f"# Pier\n\n{TEXT}\n\n{written}\n\n{TEXT}".encode(), name="pier.md")
    paragraphs = [text for section in found.sections for text in section.paragraphs]
    assert "|".join(paragraphs[1:-1]) == read


def test_a_text_without_a_title_begins_with_it() -> None:
    assert extract(f"## Pier\n\n{TEXT}".encode(), name="pier.md").title == "Pier"


def test_a_text_file_may_name_its_subtitle() -> None:
    labels = "Title: Pier\nSubtitle: Who pays for it is open.\nAuthor: Ada Quell <ada@example.org>"
    found = extract(f"{labels}\n\n{TEXT}".encode(), name="pier.txt")
    assert (found.title, found.teaser, found.kicker) == ("Pier", "Who pays for it is open.", "")
    assert [author.name for author in found.authors] == ["Ada Quell"]
