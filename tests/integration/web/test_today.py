"""The first page of the desk while issues are open."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.edit.operations import SetText
from newsletter.send.context import SendingContext
from newsletter.usecases import drafting, editing
from newsletter.web.desk.today import TodayView, today_view
from tests.fakes.house import MONDAY, STAFF, House, article, house

MORE = """
[newsletters.daily]
title = "The Daily Tide"
cadence = "daily 08:00"
lead = "1h"
"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, MORE) as made:
        yield made


def shown(made: House) -> TodayView:
    with made.app.reader.connect() as connection:
        context = SendingContext(made.app.publication, made.app.senders, made.at)
        return today_view(connection, context)


def test_every_open_issue_has_a_card_and_the_next_one_comes_first(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=1, hours=23))
    # The first issue printed all the others, and no article is added to what staff have edited.
    editing.change(opened.app.context, STAFF, 1, [SetText("note", "Good morning.")])
    article(opened.root, "third", "ships")
    opened.pass_at(MONDAY - timedelta(days=1, hours=22))
    drafting.draft_next(opened.app.context, STAFF, "weekly")
    view = shown(opened)
    assert [(card.title, card.href) for card in view.cards] == [
        ("The Tide No. 1", "/issues/1"),
        ("The Tide No. 2", "/issues/2"),
        ("The Daily Tide", ""),
    ]
    assert view.title == "2 issues are waiting for you"


def test_a_card_has_the_subject_that_recipients_see(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=1, hours=23))
    [subject] = {card.subject for card in shown(opened).cards if card.href}
    assert subject.startswith("About ")
    editing.change(opened.app.context, STAFF, 1, [SetText("subject", "Ships and fish")])
    assert [card.subject for card in shown(opened).cards if card.href] == ["Ships and fish"]


def test_a_slot_whose_issue_exists_is_not_listed_as_coming(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=1, hours=23))
    due = [row.due for row in shown(opened).slots if row.newsletter == "The Tide"]
    assert "Mon 30 Nov 08:00" not in due


def test_a_newsletter_without_an_open_issue_says_when_the_next_one_is_drafted(
    opened: House,
) -> None:
    opened.at = MONDAY - timedelta(days=1)
    (sentence,) = [card.sentence for card in shown(opened).cards if card.title == "The Tide"]
    assert sentence == (
        "No issue is open. The next pass drafts the one that is due"
        " Monday 30 November 2026 at 08:00 UTC."
    )
    opened.pass_at(MONDAY - timedelta(days=1))
    assert "Monday’s issue is waiting for you" == shown(opened).title
    opened.at = MONDAY - timedelta(days=7)
    assert "The issue of 30 November is waiting for you" == shown(opened).title
