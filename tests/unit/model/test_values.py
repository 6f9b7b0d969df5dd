"""The values that every layer shares: states, actors and next steps."""

import dataclasses
import inspect

import pytest

from newsletter.errors import NextStep, NotFound, NotPermitted
from newsletter.model import next_step, states
from newsletter.model.actor import AUTOMATIC_APPROVAL, MACHINE, Actor, ActorKind, Role
from newsletter.model.batch import read_attempt, read_batch
from newsletter.model.delivery import read_delivery, read_notice
from newsletter.model.reason import Reason
from newsletter.model.states import (
    BATCH_TRANSITIONS,
    CANCELLABLE,
    ISSUE_TRANSITIONS,
    MOVABLE,
    PAUSABLE,
    BatchState,
    IssueState,
)
from subscribers.model import ExclusionReason


def test_every_state_has_a_row_in_its_table() -> None:
    assert set(ISSUE_TRANSITIONS) == set(IssueState)
    assert set(BATCH_TRANSITIONS) == set(BatchState)
    assert set(states.RANK) == set(states.DeliveryState)


@pytest.mark.parametrize(
    ("named", "to"), [(PAUSABLE, IssueState.PAUSED), (CANCELLABLE, IssueState.CANCELLED)]
)
def test_a_set_of_states_is_what_the_table_allows(
    named: frozenset[IssueState], to: IssueState
) -> None:
    assert named == {state for state, targets in ISSUE_TRANSITIONS.items() if to in targets}


def test_an_issue_that_is_finished_cannot_be_moved_to_another_provider() -> None:
    assert IssueState.SUBMITTED not in MOVABLE
    assert IssueState.CANCELLED not in MOVABLE


@pytest.mark.parametrize("actor", [MACHINE, AUTOMATIC_APPROVAL, Actor.person("ada: the editor")])
def test_a_stored_actor_is_read_back(actor: Actor) -> None:
    assert str(Actor.parse(str(actor))) == str(actor)
    assert Actor.parse(str(actor)).kind is actor.kind


def test_text_without_a_kind_is_a_person() -> None:
    assert Actor.parse("root") == Actor(ActorKind.PERSON, "root")


def test_a_role_includes_the_ones_before_it() -> None:
    Actor.person("ada", Role.APPROVER).require(Role.EDITOR)
    with pytest.raises(NotPermitted, match="needs the role admin"):
        Actor.person("ada", Role.APPROVER).require(Role.ADMIN)


def test_an_actor_without_a_role_may_do_nothing() -> None:
    with pytest.raises(NotPermitted):
        Actor(ActorKind.READER, "someone").require(Role.EDITOR)


def test_a_reason_of_a_server_is_not_one_of_the_values() -> None:
    assert Reason.parse("paused") is Reason.PAUSED
    assert Reason.parse("550 5.1.1 user unknown") is None


def test_every_reason_that_excludes_a_subscriber_is_one_of_the_values() -> None:
    assert {reason.value for reason in ExclusionReason} <= {reason.value for reason in Reason}


def test_an_issue_that_is_finished_is_not_changed_by_a_restore() -> None:
    finished = {IssueState.SUBMITTED, IssueState.CANCELLED}
    assert set(states.RESTORED_TRANSITIONS) == set(IssueState) - finished


def test_every_next_step_is_a_frozen_value() -> None:
    steps = [
        kind for _, kind in inspect.getmembers(next_step, inspect.isclass) if kind is not NextStep
    ]
    assert steps
    for kind in steps:
        assert issubclass(kind, NextStep)
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen


def test_an_error_carries_its_next_step() -> None:
    error = NotFound("There is no issue 9.", next_step=next_step.ListIssues())
    assert str(error) == "There is no issue 9."
    assert error.next_step == next_step.ListIssues()


@pytest.mark.parametrize("number", ["2147483648", "1732800000000", "9" * 18, "0", "01"])
def test_an_id_that_no_row_can_have_is_not_one(number: str) -> None:
    """PostgreSQL refuses to compare its columns with a larger number."""
    assert read_delivery(f"{number}-1") is read_delivery(f"1-{number}") is None
    assert read_notice(f"notice-{number}") is read_batch(f"{number}.1") is None
    assert read_attempt(f"1.1:{number}") is None
    assert read_delivery("2147483647-1") == (2_147_483_647, 1)
