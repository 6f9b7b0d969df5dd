"""Why somebody did not get an issue is said truly, whatever became of their delivery."""

import pytest
import sqlalchemy as sa

from newsletter.store import received
from newsletter.store.tables import deliveries
from newsletter.web.public_views import OTHERWISE, REASONS
from tests.integration.send.conftest import Office

WITHDRAWN = {"left": "You had left.", "cancelled": "It was called back before it reached you."}


@pytest.mark.parametrize(("reason", "says"), WITHDRAWN.items())
def test_what_was_withdrawn_says_why(office: Office, reason: str, says: str) -> None:
    office.issue(people=1)
    office.freeze()
    with office.engine.begin() as connection:
        person = connection.execute(sa.select(deliveries.c.subscriber_id)).scalar_one()
        connection.execute(deliveries.update().values(state="withdrawn", reason=reason))
        (found,) = received.lately(connection, "weekly", person)
    assert REASONS.get(found.reason, OTHERWISE) == says
