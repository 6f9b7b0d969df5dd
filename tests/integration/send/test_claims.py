"""What a claim, its result and its wait change: this batch and this provider, nothing else."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.model.batch import Result
from newsletter.model.states import BatchState
from newsletter.store.sending import claims, rates
from newsletter.store.tables import attempts, batches
from tests.fakes.issues import NOW
from tests.integration.send.conftest import Office


def column(office: Office, name: str) -> list[object]:
    """Return a column of every batch of the issue, in order."""
    with office.engine.connect() as connection:
        return list(connection.scalars(sa.select(batches.c[name]).order_by(batches.c.seq)))


@pytest.fixture
def frozen(office: Office) -> Office:
    """Freeze an issue of three batches."""
    office.issue(people=12)
    office.freeze()
    return office


def test_withdrawn_deliveries_count_for_their_own_batch_only(frozen: Office) -> None:
    with frozen.engine.begin() as connection:
        first, _second = frozen.claim(connection), frozen.claim(connection)
        assert claims.count_withdrawn(connection, first, 2)
    assert column(frozen, "withdrawn") == [2, 0, 0]


def test_an_attempt_that_is_over_counts_no_withdrawn_deliveries(frozen: Office) -> None:
    with frozen.engine.begin() as connection:
        claim = frozen.claim(connection)
        claims.settle(connection, claim, Result(BatchState.UNKNOWN, "no answer"), now=NOW)
        assert not claims.count_withdrawn(connection, claim, 2)
    assert column(frozen, "withdrawn") == [0, 0, 0]


@pytest.mark.parametrize(
    ("state", "settled"),
    [
        (BatchState.ACCEPTED, True),
        (BatchState.REFUSED, True),
        (BatchState.UNKNOWN, False),
        (BatchState.PREPARED, False),
    ],
)
def test_only_a_final_result_settles_a_batch(
    frozen: Office, state: BatchState, settled: bool
) -> None:
    with frozen.engine.begin() as connection:
        claims.settle(connection, frozen.claim(connection), Result(state, "reason"), now=NOW)
    assert [time is not None for time in column(frozen, "settled_at")] == [settled, False, False]


def test_each_rejection_is_counted(frozen: Office) -> None:
    for expected in (1, 2):
        with frozen.engine.begin() as connection:
            claim = frozen.claim(connection)
            result = Result(BatchState.PREPARED, "HTTP 400", rejected=True)
            claims.settle(connection, claim, result, now=NOW)
        assert column(frozen, "rejections") == [expected, 0, 0]


def test_the_next_moment_depends_on_the_batchs_own_provider(frozen: Office) -> None:
    wanted = claims.Wanted(["memory"])
    with frozen.engine.begin() as connection:
        rates.hold(connection, "smtp", NOW + timedelta(hours=1), now=NOW)
        assert claims.next_moment(connection, wanted, NOW) == NOW
        rates.hold(connection, "memory", NOW + timedelta(minutes=1), now=NOW)
        assert claims.next_moment(connection, wanted, NOW) == NOW + timedelta(minutes=1)


def test_the_next_moment_is_when_the_first_batch_may_be_submitted_again(frozen: Office) -> None:
    with frozen.engine.begin() as connection:
        for minutes in (30, 10, 20):
            later = NOW + timedelta(minutes=minutes)
            result = Result(BatchState.PREPARED, "HTTP 429", not_before=later)
            claims.settle(connection, frozen.claim(connection), result, now=NOW)
        moment = claims.next_moment(connection, claims.Wanted(["memory"]), NOW)
    assert moment == NOW + timedelta(minutes=10)


def test_an_attempt_reached_at_most_the_deliveries_before_the_cut(frozen: Office) -> None:
    with frozen.engine.begin() as connection:
        result = Result(BatchState.UNKNOWN, "no answer", cut=4)
        claims.settle(connection, frozen.claim(connection), result, now=NOW)
        row = connection.execute(sa.select(attempts.c.first_seq, attempts.c.last_seq)).one()
    assert tuple(row) == (1, 3)
