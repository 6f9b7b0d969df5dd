"""What people decide while workers are at it, on PostgreSQL: two transactions, one held open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.edit import approval
from newsletter.edit import run as editing
from newsletter.edit.operations import SetText
from newsletter.errors import NotAllowed
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import MACHINE, Actor
from newsletter.model.batch import Claim
from newsletter.model.states import IssueState
from newsletter.send import attempt, decisions, evidence, run
from newsletter.store.content import editions, issues
from newsletter.store.sending import batches, rates
from newsletter.store.tables import rates as rate_table
from tests.fakes.concurrently import concurrently
from tests.fakes.issues import force_state
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import LATER, UNKNOWN, Office

ACCEPTED = Outcome(Verdict.ACCEPTED)
REFUSED = Outcome(Verdict.REFUSED, "HTTP 413")


@contextmanager
def _held_open(office: Office) -> Iterator[sa.Connection]:
    """Yield a transaction that the test commits."""
    with office.engine.connect() as connection:
        yield connection


def _act(office: Office, act: Callable[..., object], *how: object) -> Callable[[], object]:
    def done() -> object:
        with office.engine.begin() as connection:
            return act(connection, office.issue_id, *how, actor=Actor.person("ada"), now=office.now)

    return done


def _reconcile(office: Office) -> run.Reconciled:
    return run.reconcile(office.engine, office.publication, office.courier())


def _states(office: Office) -> list[str]:
    with office.engine.connect() as connection:
        return [batch.state for batch in batches.of_issue(connection, office.issue_id)]


def test_moving_the_rest_leaves_a_batch_alone_that_is_being_claimed(pg: Office) -> None:
    pg.answers(max_batch=1000)
    pg.issue(people=100)
    pg.freeze()
    other = MemorySender(max_batch=50, name="outbox")
    pg.senders["outbox"] = other
    with _held_open(pg) as worker:
        claim = pg.claim(worker)
        with concurrently(pg.engine, _act(pg, decisions.move, "outbox", 50)) as moving:
            worker.commit()
    assert (moving.error, moving.result) == (None, 0)
    pg.settle(claim, ACCEPTED)
    pg.submit()
    assert not other.shipments
    told = pg.told()
    assert (told.planned, told.submitted, told.state) == (100, 100, "submitted")


def test_moving_keeps_workers_from_claiming_what_is_being_cut(pg: Office) -> None:
    pg.answers(max_batch=1000)
    pg.issue(people=120)
    pg.freeze()
    other = MemorySender(max_batch=50, name="outbox")
    with _held_open(pg) as person:
        decisions.move(person, pg.issue_id, "outbox", 50, actor=Actor.person("ada"), now=pg.now)
        run.submit(pg.engine, pg.publication, pg.courier())
        assert not pg.reached()
        person.commit()
    pg.senders["outbox"] = other
    pg.submit()
    assert len({one.address for one in other.recipients}) == len(other.recipients) == 120
    assert not pg.reached()


def test_cancelling_counts_nobody_of_a_batch_that_is_being_claimed(pg: Office) -> None:
    pg.issue(people=8)
    pg.freeze()
    with _held_open(pg) as worker:
        claim = pg.claim(worker)
        with concurrently(pg.engine, _act(pg, decisions.cancel)) as cancelling:
            worker.commit()
    assert (cancelling.error, cancelling.result) == (None, 3)
    pg.settle(claim, ACCEPTED)
    pg.submit()
    told = pg.told()
    assert (told.state, told.submitted, told.withdrawn) == ("cancelled", 5, 3)


def test_cancelling_keeps_a_batch_from_being_claimed(pg: Office) -> None:
    pg.issue(people=8)
    pg.freeze()
    with _held_open(pg) as person:
        assert decisions.cancel(person, pg.issue_id, actor=Actor.person("ada"), now=pg.now) == 8
        run.submit(pg.engine, pg.publication, pg.courier())
        person.commit()
    pg.submit()
    assert not pg.reached()
    assert pg.told().withdrawn == 8


def test_what_comes_back_unsent_while_cancelling_is_withdrawn_once(pg: Office) -> None:
    pg.issue(people=8)
    pg.freeze()
    with pg.engine.begin() as connection:
        claim = pg.claim(connection)
    with _held_open(pg) as person:
        assert decisions.cancel(person, pg.issue_id, actor=Actor.person("ada"), now=pg.now) == 3
        with concurrently(pg.engine, lambda: pg.settle(claim, LATER)) as settling:
            person.commit()
    assert settling.error is None
    pg.submit()
    told = pg.told()
    assert (told.withdrawn, told.planned, told.waiting) == (8, 8, 0)


def test_pausing_lets_a_batch_go_that_is_being_claimed_and_no_other(pg: Office) -> None:
    pg.issue(people=12)
    pg.freeze()
    with _held_open(pg) as worker:
        claim = pg.claim(worker)
        with concurrently(pg.engine, _act(pg, decisions.pause)) as pausing:
            worker.commit()
    assert pausing.error is None
    pg.settle(claim, ACCEPTED)
    pg.submit()
    assert pg.told().state == "paused"
    assert _states(pg) == ["accepted", "prepared", "prepared"]


def test_a_worker_that_fails_waits_for_the_person_who_pauses(pg: Office) -> None:
    pg.issue(people=8)
    pg.freeze()
    with pg.engine.begin() as connection:
        claim = pg.claim(connection)
    with _held_open(pg) as person:
        decisions.pause(
            person, pg.issue_id, actor=Actor.person("ada"), now=pg.now, reason="wrong date"
        )
        outcome = Outcome(Verdict.UNSENT, "HTTP 401", stop=True)
        with concurrently(pg.engine, lambda: pg.settle(claim, outcome)) as settling:
            person.commit()
    assert settling.error is None
    assert pg.told().reason == "wrong date"


def _refused(office: Office) -> str:
    """Have the only batch refused for good; return its id."""
    office.issue(people=1)
    office.answers([REFUSED])
    office.freeze()
    run.submit(office.engine, office.publication, office.courier())
    with office.engine.begin() as connection:
        force_state(connection, office.issue_id, IssueState.SUBMITTING)
    return "1.1"


def test_an_issue_is_not_called_submitted_while_a_batch_is_put_back(pg: Office) -> None:
    batch = _refused(pg)
    with _held_open(pg) as person:
        decisions.resolve(person, batch, "again", actor=Actor.person("ada"), now=pg.now)
        with concurrently(pg.engine, lambda: _reconcile(pg)) as reconciling:
            person.commit()
    assert reconciling.error is None
    assert pg.told().state == "submitting"
    pg.submit()
    assert (pg.told().submitted, pg.told().state) == (1, "submitted")


def test_a_batch_put_back_while_its_issue_is_called_submitted_still_leaves(pg: Office) -> None:
    batch = _refused(pg)
    with _held_open(pg) as finishing:
        moved = issues.move(
            finishing, pg.issue_id, from_states=[IssueState.SUBMITTING], to=IssueState.SUBMITTED
        )
        assert moved
        with concurrently(pg.engine, lambda: pg.resolve(batch, "again")) as deciding:
            finishing.commit()
    assert (deciding.error, deciding.result) == (None, 1)
    pg.submit()
    assert (pg.told().submitted, pg.told().state) == (1, "submitted")


def test_deciding_and_reconciling_wait_for_each_other(pg: Office) -> None:
    pg.issue(people=8)
    pg.answers([UNKNOWN, UNKNOWN])
    pg.freeze()
    pg.submit()
    pg.later(minutes=20)
    with _held_open(pg) as person:
        decisions.resolve(person, "1.2", "accepted", actor=Actor.person("ada"), now=pg.now)
        with concurrently(pg.engine, lambda: _reconcile(pg)) as reconciling:
            decisions.resolve(person, "1.1", "again", actor=Actor.person("ada"), now=pg.now)
            person.commit()
    assert reconciling.error is None
    assert _states(pg) == ["prepared", "accepted"]


def test_an_edit_waits_for_the_freeze_and_is_refused(pg: Office) -> None:
    pg.issue(people=3)
    change = [SetText("note", "Too late.")]
    with _held_open(pg) as freezing:
        from_states = [IssueState.APPROVED]
        assert issues.move(freezing, pg.issue_id, from_states=from_states, to=IssueState.PREPARING)

        def edit() -> bool:
            made = editing.change(pg.engine, pg.issue_id, change, actor=MACHINE, now=pg.now)
            return made.done

        with concurrently(pg.engine, edit) as editor:
            freezing.commit()
    assert isinstance(editor.error, NotAllowed)
    assert "can no longer be changed" in str(editor.error)
    pg.freeze()
    pg.submit()
    assert (pg.told().state, len(pg.reached())) == ("submitted", 3)


def test_an_approval_is_not_taken_back_once_the_issue_is_on_its_way(pg: Office) -> None:
    pg.issue(people=3)
    with _held_open(pg) as editor:
        issue, _draft = editing.load_draft(editor, pg.issue_id)
        pg.freeze()
        with pytest.raises(NotAllowed, match="can no longer be changed"):
            approval.void(editor, issue, actor=MACHINE, now=pg.now, why="the issue was edited")
    pg.submit()
    assert pg.told().state == "submitted"
    with pg.engine.connect() as connection:
        assert editions.of_issue(connection, pg.issue_id)


def test_an_approval_waits_for_the_edit_and_then_sees_it(pg: Office) -> None:
    pg.issue(people=3)
    with _held_open(pg) as editor:
        issue, _draft = editing.load_draft(editor, pg.issue_id)
        approval.void(editor, issue, actor=MACHINE, now=pg.now, why="the issue was edited")

        def approve() -> None:
            with pg.engine.begin() as connection:
                approval.approve(connection, pg.issue_id, actor=MACHINE, now=pg.now)

        with concurrently(pg.engine, approve) as approving:
            editor.commit()
    assert isinstance(approving.error, NotAllowed)
    assert "has not been rendered" in str(approving.error)


def test_two_workers_cut_their_batches_at_once(pg: Office) -> None:
    pg.issue(people=10)
    pg.freeze()
    with pg.engine.begin() as connection:
        first, second = pg.claim(connection), pg.claim(connection)
    halves = [
        Outcome(Verdict.UNKNOWN, "broke", reached=("1-1",), unsent=("1-3", "1-4", "1-5")),
        Outcome(Verdict.UNKNOWN, "broke", reached=("1-6",), unsent=("1-8", "1-9", "1-10")),
    ]
    with _held_open(pg) as one:
        attempt.settle(one, pg.publication, first, halves[0], now=pg.now)
        with concurrently(pg.engine, lambda: pg.settle(second, halves[1])) as other:
            one.commit()
    assert other.error is None
    assert _states(pg) == ["unknown", "unknown", "prepared", "prepared"]
    told = pg.told()
    assert (told.planned, told.submitted, told.unknown, told.waiting) == (10, 2, 2, 6)


def _attempted_twice(office: Office) -> Claim:
    """Leave one batch unknown, have a person say again, and claim it once more."""
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        decisions.resolve(connection, "1.1", "again", actor=Actor.person("ada"), now=office.now)
        return office.claim(connection)


def test_an_event_that_arrives_while_a_newer_attempt_fails_is_not_lost(pg: Office) -> None:
    claim = _attempted_twice(pg)
    with _held_open(pg) as event:
        evidence.seen(event, ["1.1:1"], now=pg.now)
        with concurrently(pg.engine, lambda: pg.settle(claim, LATER)) as settling:
            event.commit()
    assert settling.error is None
    assert pg.told().submitted == 5


def test_an_event_waits_for_the_newer_attempt_that_is_failing(pg: Office) -> None:
    claim = _attempted_twice(pg)

    def seen() -> list[str]:
        with pg.engine.begin() as connection:
            return evidence.seen(connection, ["1.1:1"], now=pg.now)

    with _held_open(pg) as worker:
        attempt.settle(worker, pg.publication, claim, LATER, now=pg.now)
        with concurrently(pg.engine, seen) as event:
            worker.commit()
    assert (event.error, event.result) == (None, ["1.1:1"])
    assert pg.told().submitted == 5


def _free_in(office: Office, name: str) -> float:
    with office.engine.begin() as connection:
        free = connection.scalar(sa.select(rate_table.c.free_at).where(rate_table.c.name == name))
    assert free is not None
    return float(free) - office.now.timestamp()


def test_two_first_spendings_at_once_both_count(pg: Office) -> None:
    def spend() -> None:
        with pg.engine.begin() as connection:
            rates.spend(connection, "smtp", 100, now=pg.now)

    with _held_open(pg) as first:
        rates.spend(first, "smtp", 100, now=pg.now)
        with concurrently(pg.engine, spend):
            first.commit()
    assert _free_in(pg, "smtp") == 200


def test_a_provider_that_asked_us_to_wait_is_not_hurried_by_a_spending(pg: Office) -> None:
    def spend() -> None:
        with pg.engine.begin() as connection:
            rates.spend(connection, "smtp", 10, now=pg.now)

    with _held_open(pg) as first:
        rates.hold(first, "smtp", pg.now + timedelta(hours=1), now=pg.now)
        with concurrently(pg.engine, spend):
            first.commit()
    assert _free_in(pg, "smtp") == 3610
