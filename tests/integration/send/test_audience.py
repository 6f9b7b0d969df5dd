"""Who gets which edition, who does not, and why."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import Actor
from newsletter.model.issue import IssueKind
from newsletter.model.states import IssueState
from newsletter.send import decisions, run
from newsletter.store.sending import batches, deliveries
from newsletter.store.tables import editions as edition_table
from subscribers.store.tables import subscriptions, suppressions
from tests.fakes.issues import NOW, WEEKLY, add_issue, add_people, force_state
from tests.integration.send.conftest import Office

BOTH = (("korea",), ("trade",))


def test_everybody_gets_the_edition_of_what_they_follow(office: Office) -> None:
    office.configure(content="followed")
    with office.engine.begin() as connection:
        add_people(connection, 4, first=1, tags=["korea"])
        add_people(connection, 3, first=11, tags=["trade"])
        add_people(connection, 2, first=21, tags=["korea", "trade"])
        add_people(connection, 1, first=31)
        add_people(connection, 1, first=41, tags=["elsewhere"])
        office.issue_id = add_issue(connection, [(1, 2), (1,), (2,)], tags=BOTH)
    frozen = office.freeze()
    assert frozen
    assert frozen.planned == 10
    assert frozen.excluded == {"nothing followed": 1}
    office.submit()
    got = {
        one.address: shipment.letter.subject
        for shipment in office.memory.shipments
        for one in shipment.recipients
    }
    assert got["reader1@example.net"] == "Edition 2 of the week"
    assert got["reader11@example.net"] == "Edition 3 of the week"
    assert got["reader21@example.net"] == "Edition 1 of the week"
    assert got["reader31@example.net"] == "Edition 1 of the week"
    assert "reader41@example.net" not in got


def test_who_follows_only_removed_topics_gets_everything(office: Office) -> None:
    office.configure(content="followed")
    with office.engine.begin() as connection:
        add_people(connection, 1, first=1, tags=["removed"])
        add_people(connection, 1, first=11, tags=["removed", "korea"])
        add_people(connection, 1, first=21, tags=["removed", "elsewhere"])
        office.issue_id = add_issue(connection, [(1, 2), (1,)], tags=BOTH)
    frozen = office.freeze()
    assert frozen
    assert frozen.excluded == {"nothing followed": 1}
    office.submit()
    got = {
        recipient.address: shipment.letter.subject
        for shipment in office.memory.shipments
        for recipient in shipment.recipients
    }
    assert got == {
        "reader1@example.net": "Edition 1 of the week",
        "reader11@example.net": "Edition 2 of the week",
    }


def test_a_set_that_nobody_had_at_the_draft_takes_its_largest_approved_subset(
    office: Office,
) -> None:
    office.configure(content="followed")
    with office.engine.begin() as connection:
        add_people(connection, 1, tags=["korea", "trade"])
        tags = (*BOTH, ("energy",))
        office.issue_id = add_issue(connection, [(1, 2, 3), (2,)], tags=tags)
    office.freeze()
    office.submit()
    assert [one.letter.subject for one in office.memory.shipments] == ["Edition 2 of the week"]


def test_a_set_chosen_after_the_approval_that_fits_no_edition_has_a_reason_of_its_own(
    office: Office,
) -> None:
    office.configure(content="followed")
    with office.engine.begin() as connection:
        add_people(connection, 1, first=1, tags=["korea"])
        add_people(connection, 1, first=11, tags=["elsewhere"])
        office.issue_id = add_issue(connection, [(1, 2), (2,)], tags=BOTH)
    frozen = office.freeze()
    assert frozen
    assert frozen.excluded == {"no edition fits": 1, "nothing followed": 1}


def test_batches_hold_one_edition_each_and_follow_the_editions_order(office: Office) -> None:
    office.configure(content="followed")
    with office.engine.begin() as connection:
        add_people(connection, 7, first=1, tags=["trade"])
        add_people(connection, 7, first=11, tags=["korea"])
        office.issue_id = add_issue(connection, [(1,), (2,)], tags=BOTH)
    office.freeze()
    office.submit()
    shape = [
        (one.attempt, one.letter.subject[8], len(one.recipients)) for one in office.memory.shipments
    ]
    expected = [("1.1:1", "1", 5), ("1.2:1", "1", 2), ("1.3:1", "2", 5), ("1.4:1", "2", 2)]
    assert shape == expected


def test_everybody_left_out_has_a_reason(office: Office) -> None:
    with office.engine.begin() as connection:
        add_people(connection, 3)
        add_people(connection, 2, first=11, state="pending")
        add_people(connection, 1, first=21, state="unsubscribed")
        add_people(connection, 1, first=31)
        connection.execute(
            suppressions.insert().values(
                address_key="reader31@example.net", reason="bounce", origin="test", at=NOW
            )
        )
        office.issue_id = add_issue(connection)
    frozen = office.freeze()
    assert frozen
    assert frozen.planned == 3
    assert frozen.excluded == {"pending": 2, "unsubscribed": 1, "suppressed:bounce": 1}
    assert office.told().excluded == frozen.excluded


def test_who_chose_the_monthly_digest_gets_no_single_issue(office: Office) -> None:
    office.issue(people=3)
    with office.engine.begin() as connection:
        monthly = subscriptions.update().where(subscriptions.c.subscriber_id == 1)
        connection.execute(monthly.values(frequency="monthly"))
    for number, days in ((2, 7), (3, 28)):
        frozen = office.freeze()
        assert frozen
        assert (frozen.planned, frozen.excluded) == (2, {"frequency: monthly": 1})
        office.submit()
        office.later(days=days)
        with office.engine.begin() as connection:
            office.issue_id = add_issue(connection, number=number)


def test_leaving_and_suppression_between_freeze_and_claim_are_respected(office: Office) -> None:
    office.issue(people=6)
    office.freeze()
    with office.engine.begin() as connection:
        gone = subscriptions.update().where(subscriptions.c.subscriber_id == 2)
        connection.execute(gone.values(state="unsubscribed"))
        connection.execute(
            suppressions.insert().values(
                address_key="reader3@example.net", reason="complaint", origin="test", at=NOW
            )
        )
    tally = office.submit()
    assert (tally.submitted, tally.withdrawn) == (4, 2)
    assert not {"reader2@example.net", "reader3@example.net"} & set(office.reached())
    told = office.told()
    assert (told.planned, told.submitted, told.withdrawn) == (6, 4, 2)
    assert told.state == "submitted"
    with office.engine.connect() as connection:
        rows = deliveries.listed(connection, office.issue_id, now=NOW, search="READER2@")
    assert [(row["state"], row["why"]) for row in rows] == [("withdrawn", "unsubscribed")]


def test_a_batch_from_which_everybody_left_is_settled_without_a_call(office: Office) -> None:
    office.issue(people=2)
    office.freeze()
    with office.engine.begin() as connection:
        connection.execute(subscriptions.update().values(state="unsubscribed"))
    office.submit()
    assert not office.memory.shipments
    assert office.told().state == "submitted"


def test_nothing_leaves_without_a_postal_address(office: Office) -> None:
    office.issue()
    office.publication = replace(office.publication, postal_address=" ")
    with pytest.raises(NotAllowed, match="postal address"):
        office.freeze()


def test_an_issue_that_is_not_approved_is_not_frozen(office: Office) -> None:
    office.issue()
    with office.engine.begin() as connection:
        force_state(connection, office.issue_id, IssueState.REVIEW)
    with pytest.raises(NotAllowed, match="only an approved issue"):
        office.freeze()


def test_a_change_after_the_approval_stops_the_freeze(office: Office) -> None:
    office.issue()
    with office.engine.begin() as connection:
        connection.execute(edition_table.update().values(hash="other"))
    with pytest.raises(NotAllowed, match="has changed since it was approved"):
        office.freeze()


def test_an_issue_is_frozen_once_however_many_try_at_once(office: Office) -> None:
    office.issue(people=40)
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(office.freeze) for _ in range(4)]
    errors = [one.exception() for one in tries]
    frozen = [one.result() for one, error in zip(tries, errors, strict=True) if not error]
    assert [one.planned for one in frozen if one] == [40]
    assert all("is submitting" in str(error) for error in errors if error)
    with office.engine.connect() as connection:
        assert deliveries.count_pending(connection, office.issue_id, (1, 100)) == 40


def test_a_freeze_that_died_half_way_is_made_again(office: Office) -> None:
    office.issue(people=3)
    with office.engine.begin() as connection:
        force_state(connection, office.issue_id, IssueState.PREPARING)
        found = run.departing(connection, office.publication, office.now)
    assert found == [office.issue_id]
    assert office.freeze()


def test_a_correction_goes_to_exactly_those_who_had_the_issue(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    office.submit()
    original = office.issue_id
    with office.engine.begin() as connection:
        add_people(connection, 3, first=50)
        gone = subscriptions.update().where(subscriptions.c.subscriber_id == 2)
        connection.execute(gone.values(state="unsubscribed"))
        office.issue_id = add_issue(
            connection, number=2, kind=IssueKind.CORRECTION, corrects=original
        )
    frozen = office.freeze()
    assert frozen
    assert (frozen.planned, frozen.excluded) == (4, {"unsubscribed": 1})
    before = len(office.reached())
    office.submit()
    assert sorted(office.reached()[before:]) == [f"reader{n}@example.net" for n in (1, 3, 4, 5)]


def _half_sent(office: Office) -> set[str]:
    """Send an issue of which each batch fares otherwise; return who may have it.

    Five have it, five may; not those of the batch refused, of that turned away, nor of the last.
    """
    office.issue(people=25)
    office.answers(
        [
            Outcome(Verdict.ACCEPTED),
            Outcome(Verdict.UNKNOWN, "no answer"),
            Outcome(Verdict.REFUSED, "HTTP 400", refused={"1-11": "no such address"}),
            Outcome(Verdict.REFUSED, "HTTP 400", refused={"1-12": "no such address"}),
            Outcome(Verdict.UNSENT, "HTTP 401", stop=True),
        ]
    )
    office.freeze()
    office.submit()
    with office.engine.connect() as connection:
        states = [batch.state for batch in batches.of_issue(connection, office.issue_id)]
    assert states == ["accepted", "unknown", "refused", "prepared", "prepared"]
    return {one.address for shipment in office.memory.shipments[:2] for one in shipment.recipients}


def _correct(office: Office) -> set[str]:
    """Freeze and send a correction of issue 1; return who got it."""
    with office.engine.begin() as connection:
        office.issue_id = add_issue(
            connection, number=2, kind=IssueKind.CORRECTION, corrects=office.issue_id
        )
    before = len(office.reached())
    assert office.freeze()
    office.submit()
    return set(office.reached()[before:])


@pytest.mark.parametrize("end", ["paused", "cancelled", "held"])
def test_a_correction_does_not_go_to_those_whom_the_issue_cannot_have_reached(
    office: Office, end: str
) -> None:
    had = _half_sent(office)
    if end == "cancelled":
        with office.engine.begin() as connection:
            decisions.cancel(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    if end == "held":
        office.later(hours=1)
        office.submit()
    assert _correct(office) == had


def test_a_correction_goes_to_those_of_an_attempt_in_doubt_whatever_became_of_it_later(
    office: Office,
) -> None:
    had = _half_sent(office)
    office.resolve("1.2", "again")
    assert _correct(office) == had


def test_a_correction_does_not_go_to_those_of_a_batch_in_doubt_that_reached_no_one(
    office: Office,
) -> None:
    had = _half_sent(office)
    office.resolve("1.2", "never")
    doubtful = {recipient.address for recipient in office.memory.shipments[1].recipients}
    assert _correct(office) == had - doubtful


def test_who_chose_weekly_gets_each_issue_of_a_weekly_newsletter(office: Office) -> None:
    _half_sent(office)
    with office.engine.begin() as connection:
        connection.execute(subscriptions.update().values(frequency="weekly"))
        office.issue_id = add_issue(connection, number=2)
    office.later(days=1)
    frozen = office.freeze()
    assert frozen
    assert (frozen.planned, frozen.excluded) == (25, {})


def test_an_issue_without_recipients_is_submitted_at_once(office: Office) -> None:
    with office.engine.begin() as connection:
        office.issue_id = add_issue(connection)
    office.freeze()
    office.submit()
    assert office.told().state == "submitted"


def test_the_undo_time_begins_with_the_approval(office: Office) -> None:
    office.configure(undo=timedelta(minutes=10))
    office.issue()
    assert office.freeze() is None
    office.later(minutes=9)
    assert office.freeze() is None
    office.later(minutes=1)
    with office.engine.connect() as connection:
        assert run.departing(connection, office.publication, office.now) == [office.issue_id]
    assert office.freeze()


def test_now_waives_slot_undo_and_spread(office: Office) -> None:
    office.configure(undo=timedelta(minutes=10), spread=timedelta(hours=1))
    office.issue()
    assert office.freeze(at_once=True)
    assert office.submit().submitted == 12


def test_a_list_that_names_an_unknown_newsletter_is_a_configuration_error(office: Office) -> None:
    office.issue()
    renamed = replace(WEEKLY, key="daily")
    office.publication = replace(office.publication, newsletters=(renamed,))
    with pytest.raises(Exception, match=r"lacks \[newsletters.weekly\]"):
        office.freeze()


def test_many_tags_need_several_words_and_lose_nobody(office: Office) -> None:
    office.configure(content="followed")
    names = [f"topic-{number}" for number in range(130)]
    with office.engine.begin() as connection:
        for at, name in enumerate(names):
            add_people(connection, 1, first=at + 1, tags=[name])
        printed = [(1, 2, 3), (1,), (2,), (3,)]
        tags = (names[:50], names[50:100], names[100:])
        office.issue_id = add_issue(connection, printed, tags=tags)
    frozen = office.freeze()
    assert frozen
    assert frozen.planned == 130
    with office.engine.connect() as connection:
        spans = deliveries.ranges(connection, office.issue_id)
    assert [span.last - span.first + 1 for span in spans] == [50, 50, 30]


@pytest.mark.parametrize("name", ["people", "homes", "ordered"])
def test_the_temporary_tables_do_not_outlive_the_freeze(office: Office, name: str) -> None:
    office.issue()
    office.freeze()
    with office.engine.begin() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.select(sa.text("*")).select_from(sa.table(name)))
