"""What is printed of an issue: subjects, links, labels, dates and marks."""

from dataclasses import replace

import pytest

from newsletter.model.article import Author
from newsletter.model.edition import Contents
from newsletter.model.issue import Issue, IssueKind, Item, Takeaways
from newsletter.render import plain
from newsletter.render.issue_view import issue_view, publication_view, runs
from newsletter.render.item_view import item_view, text_locale
from newsletter.render.palette import INK, contrast, dark, light
from newsletter.render.view import IssueView
from tests.fakes import manuscripts
from tests.fakes.manuscripts import item


def view(issue: Issue | None = None, *items: Item, **changes: object) -> IssueView:
    chosen = items or manuscripts.GOOD
    context = manuscripts.context(weekly=manuscripts.newsletter(**changes))
    return issue_view(issue or manuscripts.issue(), chosen, manuscripts.contents(chosen), context)


@pytest.mark.parametrize(
    ("subject", "pattern", "prefix", "printed"),
    [
        ("", "", "", manuscripts.SUMMIT.title),
        ("Staff say", "{title}", "", "Staff say"),
        ("", "{title} {number}: {date}", "", "The Weekly Brief 42: 30 November 2026"),
        ("", "{nonsense} {lead}", "", "{nonsense} " + manuscripts.SUMMIT.title),
        ("Sale", "", "(광고)", "(광고) Sale"),
    ],
)
def test_the_subject_is_never_empty(subject: str, pattern: str, prefix: str, printed: str) -> None:
    made = view(manuscripts.issue(subject=subject), subject=pattern, subject_prefix=prefix)
    assert made.subject == printed


def test_without_items_the_subject_is_the_newsletter() -> None:
    made = issue_view(manuscripts.issue(), (), Contents(()), manuscripts.context())
    assert made.subject == "The Weekly Brief"
    assert made.preheader == manuscripts.issue().note.replace("{name}", "")


def test_the_preheader_is_the_takeaways_of_the_lead_or_its_teaser() -> None:
    assert view().preheader.startswith("The meeting avoided a rupture but settled little:")
    assert view(None, item(2)).preheader.startswith("Orders once decided on price")
    assert view(manuscripts.issue(preheader="Mine")).preheader == "Mine"


def test_contents_are_printed_from_three_items_on() -> None:
    assert view().contents[0] == manuscripts.SUMMIT.title
    assert view(None, *manuscripts.GOOD[:2]).contents == ()


@pytest.mark.parametrize(
    ("authors", "link"),
    [
        (("Ada",), "Read the article by Ada"),
        (("Ada", "Bo"), "Read the article by Ada and Bo"),
        (("Ada", "Bo", "Cy"), "Read the article by Ada and others"),
        ((), "Read “Ports”"),
    ],
)
def test_a_link_describes_its_target(authors: tuple[str, ...], link: str) -> None:
    one = item(1, title="Ports", authors=tuple(map(Author, authors)))
    assert item_view(one, 1, manuscripts.context()).link == link


def test_links_that_would_read_alike_are_told_apart_by_title() -> None:
    made = view(None, item(1, title="One"), item(2, title="Two"), item(3, authors=(Author("Bo"),)))
    assert [one.link for one in made.items] == [
        "Read “One”",
        "Read “Two”",
        "Read the article by Bo",
    ]


@pytest.mark.parametrize(
    ("origin", "label"),
    [("author", "Key takeaways"), ("staff", "Key takeaways"), ("extracted", "From the text")],
)
def test_extracted_takeaways_are_never_called_the_authors(origin: str, label: str) -> None:
    one = item(1, takeaways=Takeaways(("A line.",), origin))
    assert item_view(one, 1, manuscripts.context()).label == label


def test_suggested_takeaways_are_not_printed() -> None:
    one = item(1, suggested=Takeaways(("A line.",), "extracted"))
    made = item_view(one, 1, manuscripts.context())
    assert (made.takeaways, made.label) == ((), "")


def test_labels_use_the_language_of_the_article_if_it_is_known() -> None:
    korean = item_view(manuscripts.ARCTIC, 1, replace(manuscripts.context(), year=2026))
    assert korean.link == "이서연 글 읽기"
    assert korean.meta == ("11월 23일", "5분")
    assert korean.topics == ("북극",)
    assert (korean.by, korean.locale.script) == ("", "ko")


def test_topics_carry_their_labels_and_say_nothing_twice() -> None:
    one = item(1, kicker="Trade", topics=("trade", "Arctic", "Energy"))
    assert item_view(one, 1, manuscripts.context()).topics == ("Trade", "Arctic")


@pytest.mark.parametrize(
    ("count", "topics"), [(0, ()), (1, ("Trade",)), (3, ("Trade", "Arctic", "Energy"))]
)
def test_a_newsletter_sets_how_many_topics_are_printed(count: int, topics: tuple[str, ...]) -> None:
    context = manuscripts.context(weekly=manuscripts.newsletter(topics_shown=count))
    view = item_view(item(1, topics=("Trade", "Arctic", "Energy")), 1, context)
    assert view.topics == topics


def test_dates_of_another_year_carry_it() -> None:
    context = replace(manuscripts.context(), year=2026)
    assert item_view(item(1, published="2025-09-25"), 1, context).meta[0] == "25 September 2025"
    assert item_view(item(1, published=""), 1, context).meta == ("4\u00a0min",)


@pytest.mark.parametrize(
    ("lang", "direction", "marks"),
    [
        ("ar", "", ("ar", "rtl", "right", "ar")),
        ("en", "rtl", ("en", "rtl", "right", "ar")),
        ("ko-KR", "", ("ko-KR", "ltr", "left", "ko")),
        ("", "", ("und", "ltr", "left", "")),
    ],
)
def test_text_is_marked_with_language_and_direction(
    lang: str, direction: str, marks: tuple[str, ...]
) -> None:
    made = text_locale(lang, direction)
    assert (made.lang, made.dir, made.align, made.script) == marks


def test_footnote_marks_are_set_apart() -> None:
    assert [(one.text, one.mark) for one in runs("Went well.[1] Nobody left.[12]")] == [
        ("Went well.", "1"),
        (" Nobody left.", "12"),
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("https://example.org/very/long/address x", ["https://example.org/very/long/address", "x"]),
        ("夜の港は静かだ。", ["夜の港は静", "かだ。"]),
        ("북극항로 누가 먼저", ["북극항로", "누가 먼저"]),
        ("", [""]),
    ],
)
def test_plain_text_is_wrapped_by_width(text: str, lines: list[str]) -> None:
    assert plain.wrap(text, measure=10).split("\n") == lines


def test_plain_text_has_no_gaps() -> None:
    assert plain.tidy("\n\none  \n\n\n\ntwo\n\n") == "one\n\ntwo\n"


def test_the_house_colours_are_legible_by_day_and_night() -> None:
    brands = (manuscripts.publication().brand, manuscripts.SLATE)
    for scheme in (one for brand in brands for one in (light(brand), dark(brand))):
        for colour in (scheme.ink, scheme.soft, scheme.accent):
            assert contrast(colour, scheme.paper) >= 7
            assert contrast(colour, scheme.tint) >= 6.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)
    assert contrast(INK, INK) == 1


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://news.example.org/x", "news.example.org"),
        ("http://127.0.0.1:8025", "Peninsula Review"),
        ("http://[::1]:8025", "Peninsula Review"),
        ("http://localhost", "Peninsula Review"),
    ],
)
def test_readers_are_told_where_they_signed_up(url: str, site: str) -> None:
    assert publication_view(manuscripts.publication(url=url)).site == site


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("1 Example Street", "Peninsula Review, 1 Example Street"),
        ("Peninsula Review\n1 Example Street", "Peninsula Review 1 Example Street"),
        ("", ""),
    ],
)
def test_the_postal_line_names_the_house_once(address: str, line: str) -> None:
    assert publication_view(manuscripts.publication(postal_address=address)).postal_line == line


def test_a_block_stays_after_the_item_where_it_was_put() -> None:
    issue = manuscripts.issue(blocks=(manuscripts.SPONSOR, replace(manuscripts.EVENT, after=9)))
    made = view(issue)
    assert [block.heading for block in made.items[0].blocks] == ["Marine cover for small ports"]
    assert not any(item.blocks for item in made.items[1:])
    assert [block.heading for block in made.blocks] == ["An evening on the Arctic"]
    assert made.items[0].blocks[0].label == "Advertisement"
    assert made.blocks[0].label == ""


def test_an_issue_without_a_number_does_not_print_one() -> None:
    alert = manuscripts.issue(kind=IssueKind.ALERT, number=-3)
    assert view(alert, subject="{title} No. {number}: {lead}").subject == manuscripts.SUMMIT.title
