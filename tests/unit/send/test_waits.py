"""Why the rest of an issue does not leave now, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model.next_step import MoveIssue
from newsletter.model.quiet import Quiet
from newsletter.send.context import SendingContext
from newsletter.send.waits import explain
from newsletter.store.sending.totals import Remainder
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY
from tests.unit.usecases.test_approving import ISSUE as REVIEWED

SOON = NOW + timedelta(minutes=20)
AROUND = SendingContext(PUBLICATION, ("outbox", "smtp"), NOW)
REST = Remainder("smtp", 12, None, None, "")
ISSUE = replace(REVIEWED, id=7)


@pytest.mark.parametrize(
    ("rest", "rate", "quiet", "says"),
    [
        (REST, 0, "", "the next batch goes out with the next pass"),
        (replace(REST, reason="refused the connection"), 0, "", "pass (refused the connection)"),
        (
            replace(REST, not_before=SOON),
            0,
            "",
            "spread out; the next batch goes out Mon 23 Nov 17:20",
        ),
        (replace(REST, not_before=NOW), 0, "", "the next batch goes out with the next pass"),
        (
            replace(REST, free_at=SOON),
            5,
            "",
            "the rate is 5 per second; the next batch goes out Mon",
        ),
        (
            replace(REST, free_at=SOON, not_before=SOON, reason="HTTP 429"),
            5,
            "",
            "smtp asked to wait until Mon 23 Nov 17:20 KST (HTTP 429)",
        ),
        (
            replace(REST, free_at=SOON),
            0,
            "",
            "smtp asked to wait until Mon 23 Nov 17:20 KST",
        ),
        (
            replace(REST, not_before=SOON),
            0,
            "17:00-07:00",
            "quiet hours until Tue 24 Nov 07:00 KST",
        ),
        (
            replace(REST, reason="HTTP 429"),
            0,
            "16:00-07:00",
            "quiet hours until Tue 24 Nov 07:00 KST",
        ),
        (REST, 0, "18:00-07:00", "the next batch goes out with the next pass"),
        (
            replace(REST, reason="ramp"),
            5,
            "",
            (
                "the sender domain is new and has reached today's limit; the next batch goes out"
                " Mon 23 Nov 17:20 KST"
            ),
        ),
    ],
)
def test_the_cause_is_said_with_its_end_in_the_newsletters_time(
    rest: Remainder, rate: float, quiet: str, says: str
) -> None:
    around = replace(AROUND, publication=replace(PUBLICATION, rate=rate))
    ramp_at = SOON if rest.reason == "ramp" else None
    found = explain(ISSUE, rest, ramp_at, around, replace(WEEKLY, quiet=quiet))
    assert says in found.message
    assert ("(" in found.message) == ("(" in says)
    assert not found.for_a_person


def test_with_reader_time_the_wait_names_the_next_zone_and_the_last() -> None:
    by_zone = replace(ISSUE, reader_time="2026-11-23T08:00", ends_at=NOW + timedelta(hours=5))
    found = explain(by_zone, replace(REST, not_before=SOON), None, AROUND, WEEKLY)
    assert found.message == (
        "each reader's own time; the next batch goes out Mon 23 Nov 17:20 KST, the last one"
        " Mon 23 Nov 22:00 KST"
    )


def test_a_provider_that_is_not_set_up_waits_for_a_person() -> None:
    found = explain(
        ISSUE, replace(REST, provider="sendgrid", not_before=SOON), None, AROUND, WEEKLY
    )
    assert found.for_a_person
    assert found.until is None
    assert "sendgrid is not set up" in found.message
    assert found.next_step == MoveIssue(7, "smtp")


def test_a_newsletter_that_is_no_longer_configured_is_told_in_the_time_of_the_house() -> None:
    found = explain(ISSUE, replace(REST, not_before=SOON), None, AROUND, None)
    assert found.message.endswith("17:20 KST")


@pytest.mark.parametrize(
    ("hour", "over"), [(22, (24, 7)), (23, (24, 7)), (0, (23, 7)), (6, (23, 7))]
)
def test_quiet_hours_end_on_the_morning_that_comes_next(hour: int, over: tuple[int, int]) -> None:
    quiet = Quiet.parse("22:00-07:00")
    assert quiet
    day, end = over
    assert quiet.over(datetime(2026, 11, 23, hour, tzinfo=UTC)) == datetime(
        2026, 11, day, end, tzinfo=UTC
    )
