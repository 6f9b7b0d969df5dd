"""An old attempt settles nothing, and a worker starts nothing near the end of its lease."""

from datetime import timedelta

import pytest

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.batch import Claim
from newsletter.send import run
from newsletter.store.sending import batches, claims
from tests.integration.send.conftest import Office


def attempted_twice(office: Office) -> tuple[Claim, Claim]:
    """Return the claim of a worker that was stopped, and the one that followed it."""
    office.issue(people=3)
    office.freeze()
    with office.engine.begin() as connection:
        old = office.claim(connection)
    office.later(minutes=30)
    run.reconcile(office.engine, office.publication, office.courier())
    office.later(minutes=30)
    run.reconcile(office.engine, office.publication, office.courier())
    if office.told().held:
        office.resolve("1.1", "again")
    with office.engine.begin() as connection:
        new = office.claim(connection)
    return old, new


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Verdict.UNSENT, "HTTP 429", wait=1.0),
        Outcome(Verdict.REFUSED, "HTTP 400"),
        Outcome(Verdict.UNKNOWN, "no answer"),
    ],
)
def test_the_result_of_an_old_attempt_leaves_a_newer_claim_alone(
    office: Office, outcome: Outcome
) -> None:
    old, new = attempted_twice(office)
    office.settle(old, outcome)
    with office.engine.begin() as connection:
        batch = batches.load(connection, new.key)
        assert batch is not None
        assert (batch.state, batch.attempt) == ("submitting", new.attempt)
        assert not claims.count_withdrawn(connection, old, 1)
        assert claims.count_withdrawn(connection, new, 0)


def test_a_worker_starts_nothing_near_the_end_of_its_lease(office: Office) -> None:
    office.issue(people=3)
    office.freeze()
    courier = office.courier()
    # The clock moves on between the claim and the submission: a machine was suspended.
    stopped = courier.lease - courier.margin + timedelta(seconds=1)

    suspended: list[str] = []

    def at(point: str) -> None:
        if point == "before_send" and not suspended:
            suspended.append(point)
            office.now += stopped

    office.at = at
    tally = run.submit(office.engine, office.publication, office.courier())
    assert (len(office.memory.shipments), tally.batches) == (1, 2)
    assert office.memory.shipments[0].attempt == "1.1:2"
    assert len(office.reached()) == 3
