"""Every alert leads to the page of the documentation that says what to do about it."""

import re
from pathlib import Path

import pytest

from newsletter.model.alert_topic import FOLDER, AlertTopic

ROOT = Path(__file__).parents[2]


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / FOLDER).iterdir()}
    assert pages == {topic.place for topic in AlertTopic}


@pytest.mark.parametrize("topic", AlertTopic)
def test_the_page_of_an_alert_is_named_after_it_and_says_what_to_do(topic: AlertTopic) -> None:
    text = (ROOT / topic.place).read_text(encoding="utf-8")
    heading, *others = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") == topic.value
    assert others == ["What to do"]
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert f"[{heading}]({topic.place.removeprefix('docs/')})" in operating


def test_every_topic_is_raised() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "newsletter").rglob("*.py")
        if path.name != "alert_topic.py"
    )
    assert [topic.name for topic in AlertTopic if f"AlertTopic.{topic.name}" not in code] == []
