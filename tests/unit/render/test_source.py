"""The hash of what renders an issue changes with everything that reaches its bytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.model.publication import Brand, Department, ItemLimits, Topic
from newsletter.render.source import plan_hash, planned_differently, rendered_from, source_hash
from newsletter.render.templates import open_templates
from tests.fakes import manuscripts

HOUSE = manuscripts.publication()
WEEKLY = manuscripts.newsletter()
BEFORE = source_hash(manuscripts.templates(HOUSE), HOUSE, WEEKLY)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Harbor Review"},
        {"url": "https://harbor.example"},
        {"language": "ko"},
        {"postal_address": "2 Example Street"},
        {"brand": Brand(footer="A line.")},
        {"topics": (Topic("trade"),)},
    ],
)
def test_a_changed_publication_has_another_hash(changes: dict[str, Any]) -> None:
    house = replace(HOUSE, **changes)
    assert source_hash(manuscripts.templates(HOUSE), house, WEEKLY) != BEFORE


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Weekly"},
        {"language": "ko"},
        {"layout": "letter"},
        {"subject": "{title}"},
        {"subject_prefix": "(Ad)"},
        {"topics_shown": 3},
        {"utm": (("source", "n"),)},
        {"brand": Brand(footer="A line.")},
        {"sections": (Department("Trade", topics=("trade",)),)},
    ],
)
def test_a_changed_newsletter_has_another_hash(changes: dict[str, Any]) -> None:
    weekly = replace(WEEKLY, **changes)
    assert source_hash(manuscripts.templates(HOUSE), HOUSE, weekly) != BEFORE


def test_a_schedule_has_no_part_in_it() -> None:
    weekly = replace(WEEKLY, approval="automatic", segment="staff")
    assert source_hash(manuscripts.templates(HOUSE), HOUSE, weekly) == BEFORE


def test_a_template_of_the_publisher_has_another_hash(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "base"
    own.mkdir(parents=True)
    assert source_hash(open_templates(HOUSE, tmp_path), HOUSE, WEEKLY) == BEFORE
    (own / "dark.css.j2").write_text("/* ours */", encoding="utf-8")
    assert source_hash(open_templates(HOUSE, tmp_path), HOUSE, WEEKLY) != BEFORE


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "followed"},
        {"items": ItemLimits(1, 3)},
        {"max_editions": 5},
        {"segment": "staff"},
        {"language": "ko"},
        {"sections": (Department("Trade", topics=("trade",)),)},
    ],
)
def test_what_decides_which_editions_there_are_has_another_hash(changes: dict[str, Any]) -> None:
    weekly = replace(WEEKLY, **changes)
    assert plan_hash(HOUSE, weekly) != plan_hash(HOUSE, WEEKLY)
    assert plan_hash(HOUSE, replace(WEEKLY, title="Weekly")) == plan_hash(HOUSE, WEEKLY)


def test_editions_of_an_earlier_version_count_as_planned_the_same() -> None:
    templates = manuscripts.templates(HOUSE)
    strict = replace(WEEKLY, content="followed")
    before, after = (rendered_from(templates, HOUSE, each) for each in (WEEKLY, strict))
    assert planned_differently(before, after)
    assert not planned_differently(BEFORE, after)
