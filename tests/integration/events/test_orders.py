"""Events end in the same state in any order, however often they arrive."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model.actor import MACHINE
from newsletter.model.engagement import Tracking
from newsletter.store.database import open_engine
from newsletter.usecases import engagements
from tests.fakes import event_orders
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

State = dict[str, list[tuple[object, ...]]]


@contextmanager
def copied(desk: Desk, folder: Path, name: str) -> Iterator[Desk]:
    """Yield the same desk in a separate database."""
    path = folder / f"{name}.sqlite3"
    with (
        closing(sqlite3.connect(str(desk.office.engine.url.database))) as source,
        closing(sqlite3.connect(path)) as target,
    ):
        source.backup(target)
    office = Office(open_engine(f"sqlite:///{path}"))
    office.issue_id = desk.office.issue_id
    office.later(days=60)
    other = Desk(office, folder / name)
    (folder / name).mkdir()
    other.configure(tracking=Tracking(opens=True, clicks=True))
    yield other
    office.engine.dispose()
    office.reader.dispose()


def outcome(desk: Desk, requests: list[list[event_orders.Event]]) -> State:
    """Take in requests, one drain each, and return what is known then."""
    for request in requests:
        desk.drain(*request)
    engagements.decide(desk.context, MACHINE)
    with desk.office.reader.connect() as connection:
        return event_orders.known(connection)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_any_order_with_duplicates_ends_in_the_state_of_the_ordered_list(
    desk: Desk, tmp_path: Path
) -> None:
    found = event_orders.some(desk, Random(7), 150, people=11)
    found += event_orders.soft_bounces(desk, 12)
    with copied(desk, tmp_path, "ordered") as ordered:
        expected = outcome(ordered, [found])
    assert len(expected["events"]) + len(expected["engagements"]) == len(found)
    numbers = count()

    @settings(max_examples=12, deadline=None)
    @given(st.randoms(use_true_random=False), st.integers(2, 6))
    def check(rng: Random, parts: int) -> None:
        mixed = rng.sample(found * 2, k=2 * len(found))
        requests = [mixed[part::parts] for part in range(parts)]
        with copied(desk, tmp_path, str(next(numbers))) as shuffled:
            assert outcome(shuffled, requests) == expected

    check()
