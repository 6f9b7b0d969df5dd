"""The page about templates names everything that a template sees."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from newsletter.render import view
from newsletter.render.palette import Palette

PAGE = Path(__file__).parents[3] / "docs" / "templates.md"
SEEN = (
    view.IssueView,
    view.ItemView,
    view.PartView,
    view.HeadlineView,
    view.BlockView,
    view.ProseView,
    view.SpanView,
    view.LetterView,
    view.SectionView,
    view.RunView,
    view.NoteView,
    view.PublicationView,
    view.Picture,
    view.TextLocale,
    Palette,
)


@pytest.mark.parametrize("value", SEEN)
def test_every_value_is_documented(value: type) -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.read_text("utf-8")))
    assert {one.name for one in fields(value)} <= named
