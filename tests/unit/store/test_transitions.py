"""What the store does to the state of an issue or a batch is in the tables of the model."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from newsletter.model.actor import Actor
from newsletter.model.batch import Batch, Planned
from newsletter.model.states import (
    BATCH_TRANSITIONS,
    DECIDABLE,
    ISSUE_TRANSITIONS,
    SETTLED_BY_EVIDENCE,
    BatchState,
    IssueState,
)
from newsletter.store.content import issues
from newsletter.store.sending import batches
from newsletter.store.tables import batches as batch_rows
from tests.fakes.issues import add_issue, force_state

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
KEY = (1, 1)

ISSUE_CHANGES: dict[str, Callable[[sa.Connection], bool]] = {
    "start_review": lambda connection: issues.start_review(connection, 1),
    "approve": lambda connection: issues.approve(
        connection, 1, content_hash="x", by=Actor.person("ada"), at=NOW
    ),
    "void_approval": lambda connection: issues.void_approval(connection, 1),
    "start_preparing": lambda connection: issues.start_preparing(connection, 1, provider="outbox"),
    "start_submitting": lambda connection: issues.start_submitting(connection, 1, at=NOW),
    "finish": lambda connection: issues.finish(connection, 1, at=NOW),
}
PREPARED = [BatchState.PREPARED]
BATCH_CHANGES: dict[str, Callable[[sa.Connection], object]] = {
    "accept by a person": lambda connection: batches.accept(
        connection, KEY, from_states=DECIDABLE, now=NOW
    ),
    "accept by evidence": lambda connection: batches.accept(
        connection, KEY, from_states=SETTLED_BY_EVIDENCE, now=NOW
    ),
    "hold": lambda connection: batches.hold(
        connection, KEY, from_states=[BatchState.UNKNOWN, *PREPARED]
    ),
    "cancel": lambda connection: batches.cancel(
        connection, KEY, from_states=DECIDABLE | set(PREPARED), reason="cancelled", now=NOW
    ),
    "prepare_again": lambda connection: batches.prepare_again(
        connection, KEY, from_states=DECIDABLE, reason="", now=NOW
    ),
    "prepare_unsent": lambda connection: batches.prepare_unsent(connection, KEY),
    "doubt": lambda connection: batches.doubt(connection, KEY, reason="", now=NOW),
}


@pytest.mark.parametrize("change", ISSUE_CHANGES)
def test_every_change_of_an_issue_is_in_the_table(sqlite_engine: sa.Engine, change: str) -> None:
    changed = 0
    with sqlite_engine.begin() as connection:
        add_issue(connection)
        for state in IssueState:
            force_state(connection, 1, state)
            done = ISSUE_CHANGES[change](connection)
            now = issues.load(connection, 1).state
            assert done == (now is not state)
            assert now is state or now in ISSUE_TRANSITIONS[state]
            changed += done
    assert changed


@pytest.mark.parametrize("change", BATCH_CHANGES)
def test_every_change_of_a_batch_is_in_the_table(sqlite_engine: sa.Engine, change: str) -> None:
    changed = 0
    with sqlite_engine.begin() as connection:
        add_issue(connection)
        batches.plan(connection, 1, "outbox", [Planned(1, 1, 1, 5)])
        for state in BatchState:
            connection.execute(batch_rows.update().values(state=state.value))
            BATCH_CHANGES[change](connection)
            now = _batch(connection).state
            assert now is state or now in BATCH_TRANSITIONS[state]
            changed += now is not state
    assert changed


def test_a_batch_is_a_value_with_what_it_stands_for(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        add_issue(connection)
        batches.plan(connection, 1, "outbox", [Planned(1, 1, 1, 5, recipients=4)])
        batches.count_settled(connection, KEY, submitted=1, refused=1)
        batch = _batch(connection)
    assert (batch.key, batch.id, batch.span, batch.awaiting) == (KEY, "1.1", (1, 5), 2)


def _batch(connection: sa.Connection) -> Batch:
    batch = batches.load(connection, KEY)
    assert batch is not None
    return batch
