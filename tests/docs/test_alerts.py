"""Every alert leads to the section of the documentation that says what to do about it."""

import re
from pathlib import Path

import pytest

from newsletter.model.alert_topic import PAGE, AlertTopic

ROOT = Path(__file__).parents[2]


def anchors() -> set[str]:
    """Return the anchors of the sections of the page, as GitHub and most renderers write them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("topic", AlertTopic)
def test_every_alert_has_its_section(topic: AlertTopic) -> None:
    assert topic.value in anchors()
    assert topic.place == f"{PAGE}#{topic.value}"


def test_every_topic_is_raised() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "newsletter").rglob("*.py")
        if path.name != "alert_topic.py"
    )
    assert [topic.name for topic in AlertTopic if f"AlertTopic.{topic.name}" not in code] == []
