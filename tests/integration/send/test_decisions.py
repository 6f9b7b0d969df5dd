"""A person's decision does what it says, or says why not; and whoever is needed is told."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.esp.outbox import OutboxSender
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import Actor
from newsletter.model.batch import Planned
from newsletter.model.states import IssueState
from newsletter.send import decisions, evidence, run
from newsletter.store.sending import batches
from newsletter.store.tables import batches as batch_rows
from newsletter.store.tables import notices as notice_table
from tests.fakes.issues import add_issue, add_people, force_state
from tests.integration.send.conftest import UNKNOWN, Office


def _alerts(office: Office) -> list[str]:
    query = sa.select(notice_table.c["values"]).order_by(notice_table.c.id)
    with office.engine.connect() as connection:
        return [values["what"] for values in connection.scalars(query)]


def count_complaints(connection: sa.Connection, number: int) -> None:
    """Make it so many complaints about the first batch, as the events will count them."""
    first = (batch_rows.c.issue_id == 1) & (batch_rows.c.seq == 1)
    connection.execute(batch_rows.update().where(first).values(complained=number))


def _cancel(office: Office) -> int:
    with office.engine.begin() as connection:
        return decisions.cancel(
            connection, office.issue_id, actor=Actor.person("ada"), now=office.now
        )


def test_an_issue_that_is_not_frozen_is_not_moved_for_show(office: Office) -> None:
    issue = office.issue()
    with office.engine.begin() as connection, pytest.raises(NotAllowed, match="no audience yet"):
        decisions.move(connection, issue, "smtp", 50, actor=Actor.person("ada"), now=office.now)
    assert office.freeze()


def test_an_issue_without_recipients_goes_on_after_a_pause(office: Office) -> None:
    with office.engine.begin() as connection:
        add_people(connection, 3, state="unsubscribed")
        office.issue_id = add_issue(connection)
    frozen = office.freeze()
    assert frozen
    assert frozen.planned == 0
    with office.engine.begin() as connection:
        decisions.pause(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
        decisions.move(
            connection, office.issue_id, "memory", 5, actor=Actor.person("ada"), now=office.now
        )
        decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    office.submit()
    assert office.told().state == "submitted"


def test_an_issue_that_was_paused_before_the_freeze_is_frozen_after_it(office: Office) -> None:
    office.issue(people=3)
    with office.engine.begin() as connection:
        decisions.pause(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
        decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
    assert office.freeze()


def test_under_resend_what_is_unknown_of_a_cancelled_issue_is_held(office: Office) -> None:
    office.configure(on_unknown="resend")
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    assert _cancel(office) == 0
    office.later(minutes=16)
    office.submit()
    told = office.told()
    assert (told.held, told.withdrawn) == (5, 0)
    assert len(office.reached()) == 5
    with office.engine.begin() as connection:
        assert evidence.seen(connection, ["1.1:1"], now=office.now)
    assert office.told().submitted == 5


def test_files_that_may_have_been_written_are_not_called_withdrawn(
    office: Office, tmp_path: Path
) -> None:
    office.issue(people=4)
    office.use(OutboxSender(tmp_path))
    office.freeze()
    with office.engine.begin() as connection:
        office.claim(connection, "outbox")
    assert _cancel(office) == 0
    office.later(minutes=4)
    office.submit()
    told = office.told()
    assert (told.unknown, told.withdrawn) == (4, 0)


def test_what_was_to_be_submitted_again_is_held_when_the_issue_is_cancelled(
    office: Office,
) -> None:
    office.issue(people=8)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")
    assert _cancel(office) == 0
    office.submit()
    told = office.told()
    assert (told.held, told.withdrawn, told.submitted) == (5, 0, 3)


def test_staff_hear_of_what_is_held_later_and_how_many_it_concerns(office: Office) -> None:
    office.configure(spread=timedelta(hours=10))
    office.issue(people=10)
    first = Outcome(Verdict.UNKNOWN, "broke", reached=("1-1", "1-2"))
    office.answers([first, UNKNOWN])
    office.freeze()
    office.submit()
    office.later(minutes=20)
    office.submit()
    assert _alerts(office) == ["issue 1: the outcome of 3 emails is unknown; batches held: 1"]
    office.later(hours=5)
    office.submit()
    office.later(minutes=20)
    office.submit()
    assert _alerts(office)[1:] == ["issue 1: the outcome of 8 emails is unknown; batches held: 2"]


def test_a_batch_left_behind_in_a_submitted_issue_still_leaves(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    with office.engine.begin() as connection:
        force_state(connection, office.issue_id, IssueState.SUBMITTED)
    office.submit()
    assert (office.told().submitted, office.told().state) == (5, "submitted")


def test_an_old_issue_is_finished_however_many_newer_ones_are_open(lite: Office) -> None:
    lite.issue(people=5)
    lite.answers([UNKNOWN])
    lite.freeze()
    lite.submit()
    with lite.engine.begin() as connection:
        for number in range(2, 60):
            newer = add_issue(connection, number=number)
            force_state(connection, newer, IssueState.SUBMITTING)
            planned = [Planned(1, 1, 1, 1)]
            batches.plan(connection, newer, "elsewhere", planned)
        count_complaints(connection, 3)
    lite.submit()
    assert lite.told().state == "paused"
    with lite.engine.begin() as connection:
        count_complaints(connection, 0)
        decisions.resume(connection, 1, actor=Actor.person("ada"), now=lite.now)
        decisions.resolve(connection, "1.1", "accepted", actor=Actor.person("ada"), now=lite.now)
    lite.submit()
    assert lite.told().state == "submitted"


def test_an_old_issue_departs_however_many_newer_ones_are_approved(lite: Office) -> None:
    lite.issue(people=1)
    with lite.engine.begin() as connection:
        for number in range(2, 60):
            add_issue(connection, number=number)
    with lite.engine.connect() as connection:
        ready = run.departing(connection, lite.publication, lite.now)
    assert ready[0] == lite.issue_id


def test_a_piece_of_a_refused_batch_is_narrowed_down_again_after_a_move(office: Office) -> None:
    refused = Outcome(Verdict.REFUSED, "HTTP 400")
    office.answers([refused] * 4, max_batch=40)
    office.issue(people=40)
    office.freeze()
    office.submit()
    assert [one.people for one in office.told().doubts] == [5]
    with office.engine.begin() as connection:
        decisions.resolve(connection, "1.1", "again", actor=Actor.person("ada"), now=office.now)
        decisions.move(connection, 1, "memory", 2, actor=Actor.person("ada"), now=office.now)
    office.submit()
    assert (office.told().submitted, office.told().state) == (40, "submitted")


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_reached_nobody_and_cannot_be_mended_is_ended(
    office: Office, *, cancelled: bool
) -> None:
    office.issue(people=10)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.later(minutes=20)
    office.submit()
    if cancelled:
        assert _cancel(office) == 0
    assert office.resolve("1.1", "never") == 5
    office.submit()
    told = office.told()
    assert (told.submitted, told.held, told.withdrawn) == (5, 0, 5)
    assert told.state == ("cancelled" if cancelled else "submitted")
    assert not told.waits_for_a_person
    with pytest.raises(NotAllowed, match="is cancelled"):
        office.resolve("1.1", "never")


def test_evidence_stands_above_a_person_who_said_never(office: Office) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        decisions.resolve(connection, "1.1", "never", actor=Actor.person("ada"), now=office.now)
        assert evidence.seen(connection, ["1.1:1"], now=office.now) == ["1.1:1"]
    told = office.told()
    assert (told.submitted, told.withdrawn) == (5, 0)
