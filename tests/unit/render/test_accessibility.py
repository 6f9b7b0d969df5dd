"""The accessibility rules: each finds its fault, and every layout passes all of them."""

import pytest

from newsletter.model.accessibility import merged
from newsletter.render.checks.accessibility import RULES, findings, problems_of
from newsletter.render.compose import compose
from tests.fakes import manuscripts

FRAME = '<html lang="en" dir="ltr"><head><title>T</title></head><body>{}</body></html>'
ARTICLE = '<div role="article" lang="en" dir="ltr"><h1>Review</h1>{}</div>'


def page(body: str) -> str:
    return FRAME.format(ARTICLE.format(body))


@pytest.mark.parametrize("layout", ["brief", "letter", "magazine"])
def test_a_layout_passes_every_rule(layout: str) -> None:
    weekly = manuscripts.newsletter(layout=layout)
    items = (manuscripts.FRONT, *manuscripts.hard_items(5)[1:])
    contents = manuscripts.contents(items)
    issue = manuscripts.issue(note=manuscripts.NOTE, blocks=(manuscripts.SPONSOR,))
    made = compose(
        manuscripts.templates(), issue, items, contents, manuscripts.context(weekly=weekly)
    )
    found = {rule: problems for rule, problems in problems_of(made.html).items() if problems}
    assert found == {}


def test_a_page_without_a_fault_passes() -> None:
    assert not any(problems_of(page("<p>Good.</p>")).values())


@pytest.mark.parametrize(
    ("rule", "html"),
    [
        ("language", "<html><head><title>T</title></head><body><h1>R</h1></body></html>"),
        ("title", page("").replace("<title>T</title>", "<title> </title>")),
        ("headings", page("<h1>Again</h1>")),
        ("headings", page("<h3>Deeper</h3>")),
        ("layout tables", page("<table><tr><td>Cell</td></tr></table>")),
        ("alternative texts", page('<img src="a.png">')),
        (
            "words of links",
            page('<a href="https://e.example/" style="color:#000000">Read more</a>'),
        ),
        ("words of links", page('<a href="https://e.example/"><img src="a.png" alt=""></a>')),
        (
            "words of links",
            page('<a href="https://a.example/">Ports</a> <a href="https://b.example/">ports</a>'),
        ),
        (
            "zoom",
            page("").replace(
                "<title>", '<meta name="viewport" content="width=1, user-scalable=no"><title>'
            ),
        ),
        ("alignment", page('<p style="text-align:justify">Text</p>')),
        ("size of text", page('<p style="font-size:11px">Small</p>')),
        ("contrast", page('<p style="color:#999999">Pale</p>')),
        ("contrast", page('<td bgcolor="#222222"><p>Black on black</p></td>')),
    ],
)
def test_each_rule_finds_its_fault(rule: str, html: str) -> None:
    assert problems_of(html)[rule]


def test_large_text_needs_less_contrast_and_hidden_text_none() -> None:
    assert not problems_of(page('<p style="font-size:26px;color:#888888">Large</p>'))["contrast"]
    assert not problems_of(page('<div style="display:none;color:#ffffff">x</div>'))["contrast"]


def test_the_audit_of_an_issue_counts_rules_and_names_the_broken_ones() -> None:
    pages = [problems_of(page("")), problems_of(page("<h3>Deeper</h3>"))]
    audit = merged("0123", pages, None)
    assert (audit.passed, len(audit.results)) == (len(RULES) - 1, len(RULES))
    assert audit.summary == "9 of 10 accessibility rules passed; not: headings"


def test_each_broken_rule_is_one_finding_that_quotes_its_first_problem() -> None:
    broken = page('<h3>Deeper</h3><img src="a.png"><img src="b.png">')
    said = [finding.says for finding in findings(merged("0123", [problems_of(broken)], None))]
    assert said == [
        "The accessibility rule “headings” is broken: a heading of level 3 skips a level.",
        (
            "The accessibility rule “alternative texts” is broken: the image a.png has no"
            " alternative text and 1 more."
        ),
    ]
