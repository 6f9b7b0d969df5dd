"""The first page of the desk while issues are open."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.edit.operations import SetText
from newsletter.send.context import SendingContext
from newsletter.usecases import drafting, editing, planning, sending
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
        return today_view(connection, context, made.app.templates.catalogs.of("en"))


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
    assert not [each for each in due if each.startswith("Mon 30 Nov 08:00")]


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


def test_the_button_leads_to_the_form_that_settles_it(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=1, hours=23))
    (need,) = shown(opened).needs
    assert (need.button, need.href) == ("Review and approve", "/issues/1/approve")
    opened.approve()
    sending.pause(opened.app.context, STAFF, 1)
    (need,) = shown(opened).needs
    assert (need.button, need.href) == ("Resume it or cancel the rest", "/issues/1/approve")


def test_what_has_happened_since_yesterday_is_listed_once_and_nothing_older(
    opened: House,
) -> None:
    context = opened.app.context
    opened.pass_at(MONDAY - timedelta(days=1, hours=23))
    for note in ("One.", "Two."):
        editing.change(context, STAFF, 1, [SetText("note", note)])
    planning.skip_slot(context, STAFF, "weekly", "2026-12-07T08:00", reason="A holiday")
    rows = [(row.what, row.act) for row in shown(opened).happened]
    assert ("mina", "issue edited 1 (×2)") in rows
    assert ("The Tide: the slot 2026-12-07 08:00 was skipped (A holiday).", "") in rows
    assert ("2 articles were collected.", "") in rows
    opened.approve()
    opened.pass_at(MONDAY)
    assert "The Tide No. 1 was submitted." in [row.what for row in shown(opened).happened]
    opened.at = MONDAY + timedelta(days=3)
    assert [row for row in shown(opened).happened if row.href != "/articles"] == []
