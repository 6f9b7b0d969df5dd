"""A tag is a topic, which subscribers choose, or a label, which only staff set."""

import pytest
import sqlalchemy as sa

from subscribers.model import Tag, TagKind
from subscribers.store import tags as store
from subscribers.store.tables import tags


@pytest.mark.parametrize(
    ("before", "requested", "after"),
    [
        (TagKind.LABEL, TagKind.TOPIC, TagKind.TOPIC),
        (TagKind.LABEL, TagKind.LABEL, TagKind.LABEL),
        (TagKind.TOPIC, TagKind.LABEL, TagKind.TOPIC),
    ],
)
def test_a_label_becomes_a_topic_when_it_is_offered_as_one_and_never_back(
    engine: sa.Engine, before: TagKind, requested: TagKind, after: TagKind
) -> None:
    with engine.begin() as connection:
        first = store.ensure(connection, [Tag("ships", "Ships", before)])
        second = store.ensure(connection, [Tag("ships", "Ships", requested)])
        assert first == second
        assert connection.scalar(sa.select(tags.c.kind)) == after.value
