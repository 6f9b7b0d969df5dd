"""A daily newsletter with the default `lead`: the evening's article is in the next morning's issue."""

from datetime import timedelta
from pathlib import Path

from newsletter.store.content import issues
from tests.fakes.house import MONDAY, article, house

DAILY = '[newsletters.daily]\ncadence = "daily 08:00"\nsegment = "everyone"'
MORNING, EVENING = MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=12)


def test_the_evenings_article_is_in_the_next_mornings_issue(tmp_path: Path) -> None:
    with house(tmp_path, DAILY) as opened:
        opened.pass_at(MORNING)
        article(opened.root, "evening", "ships")
        report = opened.pass_at(EVENING)
        daily = [issue for issue in opened.issues() if issue.newsletter == "daily"]
        with opened.app.reader.connect() as connection:
            items = issues.load_items(connection, daily[-1].id)
    assert daily[-1].nominal == "2026-12-01T08:00"
    assert "About ships and evening" in [item.title for item in items if item.included]
    message = "“About ships and evening” was collected after the draft and is now in the issue."
    assert [line for line in report if message in line.message]
