"""A person's decision does what it says, or says why not."""

import pytest

from newsletter.errors import NotAllowed
from newsletter.send import acts
from tests.integration.send.conftest import Office


def test_an_issue_that_is_not_frozen_is_not_moved_for_show(office: Office) -> None:
    issue = office.issue()
    with office.engine.begin() as connection, pytest.raises(NotAllowed, match="not frozen yet"):
        acts.move(connection, issue, "smtp", 50, actor="ada", now=office.now)
