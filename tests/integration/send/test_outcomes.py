"""What becomes of a batch for each answer, early or late, and what a person may decide."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed, NotFound
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor
from newsletter.model.batch import Result
from newsletter.model.states import BatchState
from newsletter.send import decisions, evidence
from newsletter.store import acts as record
from newsletter.store.people import notices
from newsletter.store.sending import attempts, batches, claims
from newsletter.store.tables import batches as batch_table
from newsletter.store.tables import notices as notice_table
from subscribers.model import NoticeKind
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import UNKNOWN, Office


def _states(office: Office) -> list[str]:
    with office.engine.connect() as connection:
        return [batch.state for batch in batches.of_issue(connection, office.issue_id)]


def _alerts(office: Office) -> list[str]:
    with office.engine.connect() as connection:
        return [
            values["what"] for values in connection.scalars(sa.select(notice_table.c["values"]))
        ]


def test_recipients_leave_in_the_order_of_their_numbers(office: Office) -> None:
    """A batch that is cut in two is cut at a number: who has a lower one went before."""
    office.issue(23)
    office.freeze()
    office.submit()
    left = [one.delivery for one in office.memory.recipients]
    assert left == [f"{office.issue_id}-{number}" for number in range(1, 24)]


def test_an_unknown_batch_is_not_sent_again_and_the_others_go_on(office: Office) -> None:
    office.issue()
    office.answers([UNKNOWN])
    office.freeze()
    tally = office.submit()
    assert (tally.submitted, tally.unknown) == (7, 5)
    assert _states(office) == ["unknown", "accepted", "accepted"]
    told = office.told()
    assert told.label == "partly submitted (5 unknown)"
    assert not told.waits_for_a_person


def test_after_the_window_it_is_held_and_staff_are_told_once(office: Office) -> None:
    office.issue()
    office.answers([UNKNOWN, UNKNOWN])
    office.freeze()
    office.submit()
    office.later(minutes=14)
    office.submit()
    assert _states(office) == ["unknown", "unknown", "accepted"]
    office.later(minutes=2)
    office.submit()
    office.later(days=2)
    office.submit()
    assert _states(office) == ["held", "held", "accepted"]
    assert len(_alerts(office)) == 1
    assert office.told().waits_for_a_person
    assert len(office.reached()) == 12


def test_an_event_of_its_attempt_settles_a_batch_whatever_it_waits_for(office: Office) -> None:
    office.issue()
    office.answers([UNKNOWN] * 3)
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        assert evidence.seen(connection, ["1.1:1", "1.1:1"], now=office.now) == ["1.1:1"]
    office.later(hours=1)
    office.submit()
    with office.engine.begin() as connection:
        seen = ["1.3:1", "1.2:1", "1.1:1", "1.2:2", "9.9:1", "nonsense", "1.2:1x"]
        assert evidence.seen(connection, seen, now=office.now) == ["1.2:1", "1.3:1"]
    office.submit()
    told = office.told()
    assert (told.submitted, told.state) == (12, "submitted")
    assert len(office.reached()) == 12


def test_an_event_stops_a_batch_that_was_about_to_be_sent_again(office: Office) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        decisions.resolve(connection, "1.1", "again", actor=Actor.person("ada"), now=office.now)
        assert evidence.seen(connection, ["1.1:1"], now=office.now)
    office.submit()
    assert len(office.reached()) == 5


def test_resend_submits_again_after_the_window_and_not_before(office: Office) -> None:
    office.configure(on_unknown="resend")
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.later(minutes=14)
    office.submit()
    assert len(office.reached()) == 5
    office.later(minutes=2)
    office.submit()
    assert len(office.reached()) == 10
    assert [one.attempt for one in office.memory.shipments] == ["1.1:1", "1.1:2"]
    assert office.told().submitted == 5


@pytest.mark.parametrize(("decision", "copies"), [("accepted", 1), ("again", 2)])
def test_a_person_decides_about_a_held_batch_and_is_recorded(
    office: Office, decision: decisions.Decision, copies: int
) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.later(hours=1)
    office.submit()
    assert office.resolve("1.1", decision) == 5
    office.submit()
    assert len(office.reached()) == 5 * copies
    assert office.told().state == "submitted"
    with office.engine.connect() as connection:
        history = record.of_issue(connection, office.issue_id)
    act = history[-1]
    assert (act.actor.name, act.kind) == ("ada", ActKind.RESOLVED)
    assert (act.before["state"], act.detail["decision"]) == ("held", decision)


def test_only_a_doubtful_batch_can_be_resolved(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    office.submit()
    with pytest.raises(NotAllowed, match="accepted; only unknown"):
        office.resolve("1.1", "again")
    with pytest.raises(NotFound):
        office.resolve("1.7", "again")
    with pytest.raises(NotFound):
        office.resolve("x'; --", "again")


def test_nothing_of_a_cancelled_issue_is_submitted_again(office: Office) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        decisions.cancel(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    with office.engine.begin() as connection, pytest.raises(NotAllowed, match="is cancelled"):
        decisions.resolve(connection, "1.1", "again", actor=Actor.person("ada"), now=office.now)
    assert office.resolve("1.1", "accepted") == 5


def test_a_late_result_of_a_lost_lease_changes_nothing(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    with office.engine.begin() as connection:
        claim = office.claim(connection)
    office.later(minutes=4)
    office.submit()
    assert _states(office) == ["unknown"]
    with office.engine.begin() as connection:
        for state in (BatchState.PREPARED, BatchState.REFUSED, BatchState.UNKNOWN):
            assert not claims.settle(connection, claim, Result(state), now=office.now)
    assert _states(office) == ["unknown"]
    with office.engine.connect() as connection:
        (noted,) = attempts.of_issue(connection, office.issue_id)
    assert noted["outcome"] == "unknown, late: prepared, late: refused, late: unknown"


def test_a_doubled_result_is_counted_once(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    with office.engine.begin() as connection:
        claim = office.claim(connection)
        assert claims.settle(connection, claim, Result(BatchState.ACCEPTED), now=office.now)
        assert not claims.settle(connection, claim, Result(BatchState.ACCEPTED), now=office.now)
    assert office.told().submitted == 5


def test_a_refusal_of_one_gives_the_rest_one_new_attempt(office: Office) -> None:
    office.issue(people=5)
    office.answers([Outcome(Verdict.REFUSED, "HTTP 400", refused={"1-2": "not an address"})])
    office.freeze()
    tally = office.submit()
    assert (tally.submitted, tally.refused) == (4, 1)
    assert [len(one.recipients) for one in office.memory.shipments] == [5, 4]
    told = office.told()
    assert (told.submitted, told.refused, told.state) == (4, 1, "submitted")


def test_a_second_refusal_ends_it_and_a_person_is_told(office: Office) -> None:
    office.issue(people=5)
    refusals = [
        Outcome(Verdict.REFUSED, "HTTP 400", refused={f"1-{n}": "not an address"})
        for n in (2, 3, 4)
    ]
    office.answers(refusals)
    office.freeze()
    for _ in range(4):
        office.submit()
        office.later(hours=1)
    assert len(office.memory.shipments) == 2
    assert _states(office) == ["refused"]
    assert office.told().waits_for_a_person
    assert "refused batch 1.1" in _alerts(office)[0]


def test_a_refusal_of_one_alone_is_not_repeated(office: Office) -> None:
    office.issue(people=1)
    office.answers([Outcome(Verdict.REFUSED, "HTTP 413")])
    office.freeze()
    for _ in range(3):
        office.submit()
    assert len(office.memory.shipments) == 1
    assert _states(office) == ["refused"]


def test_turned_away_for_now_everything_of_that_provider_waits(office: Office) -> None:
    office.issue()
    office.answers([Outcome(Verdict.UNSENT, "HTTP 429", wait=30.0)])
    office.freeze()
    tally = office.submit()
    assert len(office.memory.shipments) == 1
    assert tally.next_at == office.now + timedelta(seconds=30)
    office.later(seconds=31)
    office.submit()
    assert sorted(office.reached()[5:]) == sorted(set(office.reached()))
    assert office.told().state == "submitted"


def test_with_patience_a_pass_waits_for_the_provider_itself(office: Office) -> None:
    office.issue()
    office.answers([Outcome(Verdict.UNSENT, "HTTP 429", wait=30.0)])
    office.freeze()
    office.submit(patience=timedelta(minutes=1))
    assert office.slept == [30.0]
    assert office.told().state == "submitted"


def test_a_provider_that_cannot_be_reached_is_left_alone_for_this_pass(office: Office) -> None:
    office.issue()
    office.answers([Outcome(Verdict.UNSENT, "no connection")])
    office.freeze()
    tally = office.submit()
    assert len(office.memory.shipments) == 1
    assert tally.problems == ["batch 1.1 waits: no connection"]
    office.submit()
    assert office.told().submitted == 12


def test_a_provider_that_rejects_us_pauses_the_issue_and_alerts(office: Office) -> None:
    office.issue()
    office.answers([Outcome(Verdict.UNSENT, "HTTP 401", stop=True)])
    office.freeze()
    office.submit()
    office.submit()
    assert len(office.memory.shipments) == 1
    assert office.told().state == "paused"
    assert _alerts(office) == ["memory: HTTP 401"]
    with office.engine.begin() as connection:
        decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    office.submit()
    assert office.told().state == "submitted"


def test_too_many_doubtful_batches_pause_the_issue(office: Office) -> None:
    office.issue(people=50)
    office.answers([UNKNOWN] * 10)
    office.freeze()
    office.submit()
    assert len(office.memory.shipments) == 5
    assert office.told().state == "paused"
    assert "no clear answer to 5 batches" in office.told().reason


def test_complaints_pause_the_issue(office: Office) -> None:
    office.configure(spread=timedelta(hours=2))
    office.issue(people=50)
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        connection.execute(batch_table.update().where(batch_table.c.seq == 1).values(complained=3))
    office.later(minutes=30)
    office.submit()
    assert office.told().state == "paused"
    assert "3 of 5 complained" in office.told().reason


def test_pause_takes_effect_at_the_next_batch_and_resume_goes_on(office: Office) -> None:
    office.issue()

    def pause(point: str) -> None:
        if point == "before_send" and not office.memory.shipments:
            with office.engine.begin() as connection:
                decisions.pause(
                    connection, office.issue_id, actor=Actor.person("ada"), now=office.now
                )

    office.at = pause
    office.freeze()
    office.submit()
    assert len(office.memory.shipments) == 1
    assert office.told().state == "paused"
    with office.engine.begin() as connection:
        decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    office.submit()
    assert len(office.reached()) == len(set(office.reached())) == 12


def test_cancelling_keeps_what_left_and_withdraws_the_rest(office: Office) -> None:
    office.configure(spread=timedelta(hours=1))
    office.issue()
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        assert (
            decisions.cancel(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
            == 7
        )
    office.later(hours=2)
    office.submit()
    told = office.told()
    assert (told.state, told.withdrawn, told.held) == ("cancelled", 7, 5)
    assert len(office.reached()) == 5


def test_a_batch_that_comes_back_unsent_after_cancelling_is_withdrawn(office: Office) -> None:
    office.issue(people=5)
    office.answers([Outcome(Verdict.UNSENT, "HTTP 429", wait=5.0)])

    def cancel(point: str) -> None:
        if point == "after_response":
            with office.engine.begin() as connection:
                decisions.cancel(
                    connection, office.issue_id, actor=Actor.person("ada"), now=office.now
                )

    office.at = cancel
    office.freeze()
    office.submit()
    assert office.told().withdrawn == 5


def test_a_submitted_issue_cannot_be_paused_or_cancelled(office: Office) -> None:
    office.issue()
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        for act in (decisions.pause, decisions.cancel, decisions.resume):
            with pytest.raises(NotAllowed, match="is submitted and cannot be"):
                act(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)


def test_the_rest_of_an_issue_moves_to_another_provider_in_its_batch_size(office: Office) -> None:
    other = MemorySender(max_batch=2, name="outbox")
    office.senders["outbox"] = other
    office.issue()
    office.answers([Outcome(Verdict.ACCEPTED), Outcome(Verdict.UNSENT, "HTTP 401", stop=True)])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        moved = decisions.move(
            connection, office.issue_id, "outbox", 2, actor=Actor.person("ada"), now=office.now
        )
        decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    assert moved == 7
    office.submit()
    assert sorted(len(one.recipients) for one in other.shipments) == [1, 2, 2, 2]
    first = {one.address for one in office.memory.shipments[0].recipients}
    assert len(first | {one.address for one in other.recipients}) == 12
    told = office.told()
    assert (told.planned, told.submitted, told.state) == (12, 12, "submitted")


def test_the_spread_lets_batches_leave_one_by_one(office: Office) -> None:
    office.configure(spread=timedelta(minutes=30))
    office.issue(people=15)
    office.freeze()
    office.submit()
    assert len(office.reached()) == 5
    office.later(minutes=9)
    office.submit()
    assert len(office.reached()) == 5
    office.later(minutes=1)
    office.submit()
    assert len(office.reached()) == 10
    assert office.told().state == "submitting"


def test_nothing_leaves_in_quiet_hours(office: Office) -> None:
    office.configure(quiet="16:30-18:00")  # in Seoul, where it is 17:00
    office.issue()
    office.freeze()
    office.submit()
    assert not office.reached()
    office.later(hours=1)
    office.submit()
    assert len(office.reached()) == 12


def test_the_rate_is_shared_by_all_workers(office: Office) -> None:
    office.rates = {"memory": 10.0}
    office.issue(people=30)
    office.freeze()
    began = office.now
    for _ in range(3):
        office.submit(patience=timedelta(seconds=0.9))
    office.submit(patience=timedelta(minutes=1))
    assert len(office.reached()) == 30
    assert office.now - began == timedelta(seconds=2.5)


def test_a_worker_that_is_told_to_stop_finishes_its_batch_and_claims_no_more(
    office: Office,
) -> None:
    office.issue()
    office.stopped = lambda: bool(office.memory.shipments)
    office.freeze()
    office.submit()
    told = office.told()
    assert (told.submitted, told.waiting, told.submitting) == (5, 7, 0)


def test_a_notice_with_the_same_key_is_queued_once(office: Office) -> None:
    notice = notices.Notice(NoticeKind.ALERT, "same", address="staff@example.org")
    with office.engine.begin() as connection:
        assert notices.queue(connection, notice, now=office.now)
        assert not notices.queue(connection, notice, now=office.now)
