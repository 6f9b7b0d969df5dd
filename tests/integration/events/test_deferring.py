"""A receiving domain that defers is reported while an issue arrives, on both databases."""

from datetime import timedelta

import sqlalchemy as sa

from newsletter.model.deferring import FEWEST, KEPT, WINDOW
from newsletter.model.states import IssueState
from newsletter.pipeline import statuses
from newsletter.send import run
from newsletter.send.context import SendingContext
from newsletter.store.counting.tables import domain_spans
from newsletter.store.tables import issues
from tests.fakes.issues import NOW
from tests.integration.events.conftest import Desk

WORDS = "421 4.7.0 try later"


def context(desk: Desk) -> SendingContext:
    office = desk.office
    return SendingContext(office.publication, {"memory"}, office.now)


def shown(desk: Desk) -> tuple[str, ...]:
    """Return what the issue shows about domains."""
    with desk.office.reader.connect() as connection:
        return statuses.status.of(connection, desk.office.issue_id, context(desk)).slowed


def reported(desk: Desk) -> list[str]:
    """Return the status lines of a pass."""
    with desk.office.reader.connect() as connection:
        return [line.message for line in statuses.unfinished(connection, context(desk))]


def deferrals(desk: Desk, number: int = FEWEST) -> list[dict[str, object]]:
    """Return deferrals of the first recipients, of now."""
    at = desk.office.now
    return [desk.event("deferred", each + 1, at, response=WORDS) for each in range(number)]


def deliveries(desk: Desk, number: int) -> list[dict[str, object]]:
    """Return deliveries of the last recipients, of now."""
    return [desk.event("delivered", 12 - each, desk.office.now) for each in range(number)]


def submitting(desk: Desk) -> None:
    """Put the issue back to where its batches are submitted."""
    with desk.office.engine.begin() as connection:
        connection.execute(issues.update().values(state=IssueState.SUBMITTING.value))


def test_a_domain_that_defers_is_reported_until_it_accepts_more(desk: Desk) -> None:
    desk.drain(*deferrals(desk))
    (line,) = shown(desk)
    assert line.startswith("example.net has been deferring us since ")
    assert line.endswith(f" ({WORDS}); the provider tries again")
    (status,) = reported(desk)
    assert line in status
    desk.drain(*deliveries(desk, FEWEST))
    assert shown(desk) == ()
    assert reported(desk) == []


def test_it_is_reported_while_batches_are_submitted(desk: Desk) -> None:
    submitting(desk)
    assert shown(desk) == ()
    desk.drain(*deferrals(desk))
    assert len(shown(desk)) == 1


def test_few_deferrals_and_old_ones_are_not_reported(desk: Desk) -> None:
    desk.drain(*deferrals(desk, FEWEST - 1))
    assert shown(desk) == ()
    desk.drain(*deferrals(desk))
    assert len(shown(desk)) == 1
    desk.office.later(minutes=WINDOW.total_seconds() / 60)
    assert shown(desk) == ()


def test_the_same_events_again_and_events_out_of_order_count_once(desk: Desk) -> None:
    found = [*deferrals(desk), *deliveries(desk, 2)]
    desk.drain(*reversed(found), *found)
    desk.drain(*found)
    with desk.office.reader.connect() as connection:
        rows = connection.execute(
            sa.select(domain_spans.c.domain, domain_spans.c.deferred, domain_spans.c.delivered)
        ).all()
    assert [tuple(row) for row in rows] == [("example.net", FEWEST, 2)]


def test_counters_add_up_over_requests_and_are_deleted_after_a_day(desk: Desk) -> None:
    first, *rest = deferrals(desk)
    desk.drain(first)
    desk.drain(*rest)
    assert len(shown(desk)) == 1
    office = desk.office
    old = desk.event("deferred", 12, NOW - KEPT - timedelta(minutes=1), response=WORDS)
    desk.drain(old)
    office.later(days=2)
    run.reconcile(office.engine, office.publication, office.courier())
    with office.reader.connect() as connection:
        assert connection.execute(sa.select(domain_spans)).all() == []
