"""Draw plots with pygal: the only module that knows it. It is slow to import.

The pages' style sheets color the plots, so that they follow dark mode and print, and the content
security policy allows no styles or scripts inside.
"""

import sys
from collections.abc import Sequence
from unicodedata import east_asian_width

import pygal
from lxml import etree
from pygal.style import Style

from newsletter.render.plots import Drawing, Plot

# pygal adds a finder for its maps, with an interface that Python 3.12 removed. Nothing here uses
# maps, and Python 3.11 warns about the finder at every import that fails.
sys.meta_path[:] = [
    finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)
]

WIDTH = 640
ROW = 30
"""The height of one bar of a horizontal plot, with its space."""
MOST_LABELS = 5
"""Labels below columns that fit beside each other."""
LABEL = 19
"""The size of labels for which room is left."""
_SVG = "{http://www.w3.org/2000/svg}"
_STYLE = Style(
    font_family="sans-serif",
    label_font_size=LABEL,
    major_label_font_size=LABEL,
)
"""Sizes only: pygal leaves room for texts of this size, which phones show."""


def bars(plot: Plot) -> Drawing:
    """Draw horizontal bars, the first label on top."""
    height = ROW * len(plot.labels) + 50
    chart = pygal.HorizontalStackedBar(**_options(height), margin_left=_wider(plot.labels))
    chart.x_labels = list(reversed(plot.labels))
    for series in plot.series:
        chart.add(series.name, list(reversed(series.values)))
    return _drawn(chart, plot)


def columns(plot: Plot) -> Drawing:
    """Draw stacked columns over time. Every label would not fit: about five are printed."""
    chart = pygal.StackedBar(**_options(280))
    step = -(-len(plot.labels) // MOST_LABELS) or 1
    chart.x_labels = [label if place % step == 0 else "" for place, label in enumerate(plot.labels)]
    for series in plot.series:
        chart.add(series.name, list(series.values))
    return _drawn(chart, plot)


def _wider(labels: Sequence[str]) -> int:
    """Return the room that wide letters need; pygal takes all letters for narrow ones."""
    wide = (sum(east_asian_width(sign) in "WF" for sign in label) for label in labels)
    return 4 + max(wide, default=0) * LABEL // 2


def _options(height: int) -> dict[str, object]:
    return {
        "width": WIDTH,
        "height": height,
        "style": _STYLE,
        "css": [],
        "js": [],
        "no_prefix": True,
        "explicit_size": False,
        "show_legend": False,
        "margin": 4,
        "spacing": 6,
        "min_scale": 3,
        "max_scale": 5,
        "truncate_label": -1,
        "include_x_axis": True,
        "formatter": "{:,.0f}".format,
        "value_formatter": "{:,.0f}".format,
    }


def _drawn(chart: "pygal.graph.graph.Graph", plot: Plot) -> Drawing:
    """Return the drawing without styles, scripts and texts for the mouse, with its own texts."""
    drawing = etree.fromstring(chart.render())
    for unwanted in drawing.xpath("//comment()") + drawing.xpath("//*[local-name()='desc']"):
        _remove(unwanted)
    for name in ("style", "script", "title", "defs"):
        for unwanted in drawing.findall(f".//{_SVG}{name}"):
            _remove(unwanted)
    for element in drawing.iter():
        for attribute in ("style", "id", "onload", "onclick"):
            element.attrib.pop(attribute, None)
    for number, series in enumerate(plot.series):
        for group in drawing.xpath(f"//*[contains(@class, 'serie-{number} ')]"):
            group.set("class", f"{group.get('class')} {series.tone}")
    drawing.set("class", "plot")
    drawing.set("role", "img")
    _label(drawing, plot)
    return Drawing(str(etree.tostring(drawing, encoding="unicode")))


def _remove(element: "etree._Element") -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _label(drawing: "etree._Element", plot: Plot) -> None:
    names = []
    for place, (kind, text) in enumerate((("title", plot.title), ("desc", plot.summary))):
        element = etree.Element(f"{_SVG}{kind}", id=f"{plot.name}-{kind}")
        element.text = text
        drawing.insert(place, element)
        names.append(f"{plot.name}-{kind}")
    drawing.set("aria-labelledby", " ".join(names))
