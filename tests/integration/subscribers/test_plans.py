"""Questions about a million subscribers read indexes, and each row once."""

import pytest
import sqlalchemy as sa

from subscribers import directory
from subscribers.audience import Question, count, exclusions
from subscribers.segment import parse
from tests.fakes.people import NOW, add_person
from tests.fakes.plans import plans

SEGMENTS = ("a and b", "(a or b or c) and not d")


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        for number in range(40):
            tags = [tag for place, tag in enumerate("abcd") if number >> place & 1]
            add_person(connection, f"r{number}@example.org", topics=tags)
        add_person(connection, "blocked@example.org", suppressed="bounce")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    return engine


def _question(text: str) -> Question:
    return Question("weekly", parse(text), NOW)


@pytest.mark.parametrize("text", SEGMENTS)
def test_a_count_starts_from_the_tags_and_needs_no_addresses(filled: sa.Engine, text: str) -> None:
    tags, *_again, alive, _suppressed = plans(
        filled, lambda connection: count(connection, _question(text))
    )
    assert "uq_tags_slug" in tags
    assert "subscribers" not in alive.replace("subscriber_tags", "")
    if filled.dialect.name == "sqlite":
        assert "search subscriptions using primary key (newsletter=?" in alive
        assert "search subscriber_tags using primary key (tag_id=?)" in alive
        assert "correlated" not in alive
    else:
        assert "pk_subscriber_tags" in alive
        assert "subplan" not in alive


@pytest.mark.parametrize("text", SEGMENTS)
def test_the_reasons_do_not_read_the_tags_again(filled: sa.Engine, text: str) -> None:
    found = plans(filled, lambda connection: exclusions(connection, _question(text), 0))
    assert len(found) == 2
    assert not any("subscriber_tags" in plan for plan in found)


def test_a_subscriber_is_found_by_the_index_of_addresses(filled: sa.Engine) -> None:
    found = plans(filled, lambda connection: directory.find(connection, "R7@example.org"))
    assert "uq_subscribers_address_key" in found[0]
    assert not any("scan subscri" in plan for plan in found)
