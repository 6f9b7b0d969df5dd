"""The hash of what renders an issue changes with everything that reaches its bytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.model.publication import Brand, Department, Topic
from newsletter.render.source import source_hash
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
