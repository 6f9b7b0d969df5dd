"""What a report says of numbers that are known, unknown, and compared."""

import pytest

from newsletter.model.issue_report import (
    Engaged,
    Gap,
    Measure,
    MeasureComparison,
    RecipientCounts,
    compared,
    gaps,
    measures,
)
from newsletter.model.states import DeliveryState

REACH = RecipientCounts(110, 100, 4, 6, {DeliveryState.DELIVERED: 90, DeliveryState.COMPLAINED: 2})


def test_a_folder_reports_nothing() -> None:
    assert set(gaps({"outbox"}, mailbox=True, heard=True).values()) == {Gap.OUTBOX}


def test_smtp_reports_what_comes_back_if_a_mailbox_is_read() -> None:
    found = gaps({"smtp"}, mailbox=True, heard=False)
    assert found == {DeliveryState.DELIVERED: Gap.SMTP, DeliveryState.DROPPED: Gap.SMTP}
    found = gaps({"smtp"}, mailbox=False, heard=True)
    assert found[DeliveryState.BOUNCED] is Gap.NO_MAILBOX


def test_a_silent_provider_leaves_all_unknown_until_it_reports_anything() -> None:
    assert gaps({"sendgrid"}, mailbox=False, heard=True) == {}
    assert gaps({"sendgrid"}, mailbox=False, heard=False)[DeliveryState.BOUNCED] is Gap.NOTHING_YET


def test_an_issue_that_moved_is_as_unknown_as_its_quietest_provider() -> None:
    found = gaps({"sendgrid", "smtp"}, mailbox=True, heard=True)
    assert found == {DeliveryState.DELIVERED: Gap.SMTP, DeliveryState.DROPPED: Gap.SMTP}


def test_shares_are_of_the_submitted_and_a_complaint_was_delivered() -> None:
    found = measures(REACH, {}, 3, None, Engaged(50, 20, 40, 15))
    assert found == {
        Measure.DELIVERED: 0.92,
        Measure.BOUNCED: 0.0,
        Measure.COMPLAINED: 0.02,
        Measure.UNSUBSCRIBED: 0.03,
        Measure.OPENED: None,
        Measure.CLICKED: 0.15,
    }


def test_what_is_not_reported_has_no_share_but_what_was_reported_anyway_has() -> None:
    unknown = {DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED}
    found = measures(REACH, unknown, 0, None, None)
    assert (found[Measure.DELIVERED], found[Measure.BOUNCED]) == (None, None)
    assert found[Measure.COMPLAINED] == 0.02


def test_totals_alone_do_not_say_how_many_readers_clicked() -> None:
    totals_only = Engaged(raw=50, human=20)
    assert totals_only.people is None
    assert measures(REACH, {}, 0, totals_only, None)[Measure.OPENED] is None
    assert Engaged().people == 0


def test_nothing_submitted_has_no_shares() -> None:
    assert set(measures(RecipientCounts(10), {}, 0, None, None).values()) == {None}


@pytest.mark.parametrize(
    ("known", "usual"), [([0.1, 0.2], None), ([0.1, 0.4, 0.2], 0.2), ([0.1, 0.2, 0.3, 0.4], 0.25)]
)
def test_the_median_needs_three_issues(known: list[float], usual: float | None) -> None:
    earlier = [{Measure.BOUNCED: value} for value in known] + [{Measure.BOUNCED: None}]
    found = {each.measure: each for each in compared({Measure.BOUNCED: 0.5}, earlier)}
    assert found[Measure.BOUNCED] == MeasureComparison(Measure.BOUNCED, 0.5, usual, len(known))
    assert found[Measure.OPENED] == MeasureComparison(Measure.OPENED, None, None, 0)
