"""Suppressions of addresses that only a hash, or nobody, is known by."""

import pytest
import sqlalchemy as sa

from subscribers import directory, suppression
from subscribers.errors import NoReason
from subscribers.model import Suppression, SuppressionReason
from subscribers.store import erasures
from tests.fakes.people import NOW, PEPPER

STRANGER = "stranger@example.org"


def suppress(connection: sa.Connection, reason: SuppressionReason) -> str:
    cause = Suppression(STRANGER, reason, "person:kim", "", NOW)
    return suppression.suppress(connection, cause, pepper=PEPPER, actor="person:kim").outcome


def lift(connection: sa.Connection, why: str) -> str:
    return suppression.lift(
        connection, STRANGER, why=why, actor="person:kim", now=NOW, pepper=PEPPER
    ).outcome


def test_a_hash_that_suppresses_more_strongly_is_recognized(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        erasures.remember(connection, erasures.hashed(STRANGER, PEPPER), NOW, "complaint")
        assert suppress(connection, SuppressionReason.MANUAL) == "unchanged"


def test_a_hash_that_suppresses_is_lifted_with_its_address(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        erasures.remember(connection, erasures.hashed(STRANGER, PEPPER), NOW, "bounce")
        assert lift(connection, "they asked") == "lifted"


def test_a_suppression_is_not_lifted_for_an_empty_reason(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        suppress(connection, SuppressionReason.MANUAL)
        with pytest.raises(NoReason):
            lift(connection, "  ")


def test_acts_on_an_address_of_no_subscriber_are_found_again(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        suppress(connection, SuppressionReason.MANUAL)
        found = directory.find_suppressed(connection, STRANGER, PEPPER)
    assert found is not None
    assert [line.words for line in found.history] == ["suppressed: reason manual"]
