"""Plots carry their texts, no styles and no scripts; an email shows its clicks."""

from lxml import etree

from newsletter.render.click_map import drawn
from newsletter.render.drawing import bars, columns
from newsletter.render.plots import Plot, Series

SVG = "{http://www.w3.org/2000/svg}"
LABELS = ["delivered", "반송됨 <b>", "a"]
PLOT = Plot(
    "here",
    "Where & why",
    "delivered: 1,200",
    LABELS,
    [Series("one", "good", [1200, 0, 0]), Series("two", "bad", [0, 30, 4])],
)


def test_a_plot_has_no_styles_no_scripts_and_nothing_to_load() -> None:
    for text in (bars(PLOT).svg, columns(PLOT).svg):
        drawing = etree.fromstring(text)
        names = {etree.QName(element).localname for element in drawing.iter()}
        assert names <= {"svg", "title", "desc", "g", "rect", "path", "text", "line"}
        attributes = {name for element in drawing.iter() for name in element.attrib}
        assert not attributes & {"style", "onload", "onclick", "href"}


def test_a_plot_is_an_image_with_a_title_and_a_sentence() -> None:
    drawing = etree.fromstring(bars(PLOT).svg)
    assert drawing.get("role") == "img"
    named = {element.get("id"): element.text for element in drawing if element.get("id")}
    assert drawing.get("aria-labelledby") == "here-title here-desc"
    assert named == {"here-title": "Where & why", "here-desc": "delivered: 1,200"}


def test_every_bar_has_its_label_and_the_color_of_its_series() -> None:
    drawing = etree.fromstring(bars(PLOT).svg)
    texts = [element.text for element in drawing.iter(f"{SVG}text")]
    assert set(LABELS) <= set(texts)
    widest = {
        tone: max(
            float(rect.get("width") or 0)
            for group in drawing.xpath(f"//*[contains(@class, ' {tone}')]")
            for rect in group.iter(f"{SVG}rect")
        )
        for tone in ("good", "bad")
    }
    assert 35 < widest["good"] / widest["bad"] < 45


def test_columns_over_time_print_few_labels() -> None:
    labels = [f"hour {number}" for number in range(60)]
    text = columns(Plot("t", "t", "s", labels, [Series("one", "good", range(60))])).svg
    printed = [label for label in labels if f">{label}<" in text]
    assert printed == labels[::12]


def test_clicks_are_written_after_the_links_that_they_are_about() -> None:
    html = (
        '<p><a class="x" href="https://a.example/?x=1&amp;y=2">One</a> and '
        "<A HREF='https://b.example/'><b>Two</b></A>, <a name=here>no</a> <a href=\"#top\">up</a></p>"
    )
    badges = {"https://a.example/?x=1&y=2": "3 < 4", "https://b.example/": "5"}
    found = etree.HTML(drawn(html, badges))
    assert [(span.getprevious().tag, span.text) for span in found.iter("span")] == [
        ("a", "3 < 4"),
        ("a", "5"),
    ]


def test_an_email_without_clicks_stays_as_it_was() -> None:
    html = '</a><a href="https://a.example/">One<a href="https://b.example/">Two</a></a>'
    assert drawn(html, {}) == html
    assert drawn(html, {"https://b.example/": "1"}).count("<span") == 1
