"""People for tests: put into a database in one line each."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from subscribers.model import Tag, TagKind, slug
from subscribers.store import tags as tag_store
from subscribers.store.tables import subscribers, subscriptions, suppressions

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PEPPER = b"p" * 32


def add_person(  # noqa: PLR0913 - a test names what it is about
    connection: sa.Connection,
    address: str,
    *,
    topics: Sequence[str] = (),
    labels: Sequence[str] = (),
    state: str = "confirmed",
    newsletter: str = "weekly",
    frequency: str = "each",
    paused_until: datetime | None = None,
    suppressed: str = "",
    language: str = "en",
    timezone: str = "",
) -> int:
    """Put one person with one subscription into a database and return the id."""
    person = connection.execute(
        subscribers.insert()
        .values(
            address=address,
            address_key=address.lower(),
            language=language,
            timezone=timezone,
            origin="test",
            created_at=NOW,
        )
        .returning(subscribers.c.id)
    ).scalar_one()
    connection.execute(
        subscriptions.insert().values(
            newsletter=newsletter,
            subscriber_id=person,
            state=state,
            frequency=frequency,
            paused_until=paused_until,
            since=NOW,
            confirmed_at=NOW if state == "confirmed" else None,
        )
    )
    kinds = ((topics, TagKind.TOPIC), (labels, TagKind.LABEL))
    tag_store.give(
        connection, person, [Tag(slug(name), name, kind) for names, kind in kinds for name in names]
    )
    if suppressed:
        connection.execute(
            suppressions.insert().values(
                address_key=address.lower(), reason=suppressed, origin="test", at=NOW
            )
        )
    return int(person)
