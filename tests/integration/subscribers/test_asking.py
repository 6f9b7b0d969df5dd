"""Imported subscribers without consent are asked once, and excluded until they answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.usecases import asking
from subscribers import directory
from subscribers.consent.signing_up import traffic
from tests.fakes.house import STAFF
from tests.fakes.readers import Reader, reader

DAN = "dan@example.org"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Reader]:
    """Dan was imported without consent; the others gave it."""
    with reader(tmp_path, "") as found:
        yield found


def test_each_pending_subscriber_is_asked_once_and_stays_pending_until_they_answer(
    house: Reader,
) -> None:
    assert asking.ask_pending(house.house.app.context, STAFF) == asking.Asked(1, 0, more=False)
    assert asking.ask_pending(house.house.app.context, STAFF) == asking.Asked(0, 0, more=False)
    (letter,) = house.letters(DAN)
    assert letter["Subject"] == "Confirm your subscription to The Tide"
    assert not house.letters("ann@example.org")
    assert house.state(DAN) == "pending"
    with house.house.app.reader.connect() as connection:
        person = directory.require(connection, DAN)
        words = [line.words for line in directory.history(connection, person)]
    assert any(line.startswith("asked") for line in words)
    house.client.post(house.link(DAN, "confirm"))
    assert house.state(DAN) == "confirmed"
    assert "ships" in {tag.slug for tag in person.tags}


def test_a_suppressed_address_is_not_asked_and_the_limit_holds(house: Reader) -> None:
    with house.house.app.engine.begin() as connection:
        for number in range(3):
            connection.execute(
                sa.text(
                    "INSERT INTO subscribers (address, address_key, created_at)"
                    " SELECT :a, :a, created_at FROM subscribers LIMIT 1"
                ),
                {"a": f"new{number}@example.org"},
            )
        connection.execute(
            sa.text(
                "INSERT INTO subscriptions (newsletter, subscriber_id, state, since)"
                " SELECT 'weekly', id, 'pending', created_at FROM subscribers"
                " WHERE address_key LIKE 'new%'"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO suppressions (address_key, reason, origin, at)"
                " SELECT address_key, 'manual', 'test', created_at FROM subscribers"
                " WHERE address_key = 'new0@example.org'"
            )
        )
    context = house.house.app.context
    assert asking.ask_pending(context, STAFF, 2) == asking.Asked(1, 1, more=True)
    assert asking.ask_pending(context, STAFF, 2) == asking.Asked(2, 0, more=False)
    assert not house.letters("new0@example.org")


def test_asking_many_does_not_make_the_sign_up_form_suspicious(house: Reader) -> None:
    asking.ask_pending(house.house.app.context, STAFF)
    with house.house.app.reader.connect() as connection:
        assert traffic(connection, house.house.at).unconfirmed == 0
