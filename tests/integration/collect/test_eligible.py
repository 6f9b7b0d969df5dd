"""An issue may print new articles that are not too old and that no issue has printed."""

from datetime import timedelta

import pytest

from newsletter.model.states import IssueState
from newsletter.store.content import articles
from newsletter.store.tables import issues, items
from tests.fakes.site import article_page, item, rss
from tests.integration.collect.conftest import Collector


def collected(collector: Collector, count: int = 2) -> list[int]:
    entries = [item(n, collector.site.serve(f"/a/{n}", article_page(n))) for n in range(count)]
    collector.site.serve("/feed", rss(*entries))
    collector.run(collector.feed("feed", "/feed"))
    return [article.id for article in collector.stored()]


def print_in_issue(collector: Collector, article_id: int, state: IssueState) -> None:
    with collector.engine.begin() as connection:
        issue_id = connection.execute(
            issues.insert()
            .values(
                newsletter="weekly", number=1, kind="regular", state=state, nominal="", blocks=[],
                due_at=collector.now, drafted_at=collector.now, created_by="test",
            )
            .returning(issues.c.id)
        ).scalar_one()  # fmt: skip
        connection.execute(
            items.insert().values(
                issue_id=issue_id, article_id=article_id, position=1, included=True, reason="",
                revision=1, printed={}, corrections={},
            )
        )  # fmt: skip


def eligible(collector: Collector, newsletter: str = "weekly") -> set[int]:
    with collector.engine.connect() as connection:
        since = collector.now - timedelta(days=30)
        return {article.id for article in articles.eligible(connection, newsletter, since)}


@pytest.mark.parametrize(
    ("state", "still"),
    [
        (IssueState.SUBMITTED, False), (IssueState.SUBMITTING, False), (IssueState.PAUSED, False),
        (IssueState.CANCELLED, True), (IssueState.SKIPPED, True), (IssueState.DRAFT, True),
    ],
)  # fmt: skip
def test_an_article_that_was_sent_is_not_printed_again(
    both: Collector, state: IssueState, still: bool
) -> None:
    first, second = collected(both)
    print_in_issue(both, first, state)
    assert eligible(both) == ({first, second} if still else {second})
    assert eligible(both, "other") == {first, second}


def test_an_edit_after_sending_does_not_print_the_article_again(collector: Collector) -> None:
    (only,) = collected(collector, 1)
    print_in_issue(collector, only, IssueState.SUBMITTED)
    edited = "Article number 0 about the river, with a correction"
    link = collector.site.serve("/a/0", article_page(0, title=edited))
    collector.site.serve("/feed", rss(item(0, link, title=edited)))
    collector.run(collector.feed("feed", "/feed"))
    assert collector.stored()[0].revision == 2
    assert eligible(collector) == set()


def test_an_article_ages_from_its_first_collection(collector: Collector) -> None:
    assert len(collected(collector)) == len(eligible(collector)) == 2
    collector.now += timedelta(days=31)
    assert eligible(collector) == set()


def test_a_feed_without_dates_does_not_flood_an_issue(collector: Collector) -> None:
    entries = [
        item(n, collector.site.serve(f"/a/{n}", article_page(n)), pubDate="") for n in range(12)
    ]
    collector.site.serve("/feed", rss(*entries))
    collector.run(collector.feed("feed", "/feed", backfill=2))
    assert len(eligible(collector)) == 2
    assert all(article.content.published is None for article in collector.stored())
