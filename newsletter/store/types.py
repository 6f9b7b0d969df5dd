"""Column types, and conditions of indexes, that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from typing_extensions import override


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it as naive UTC text, which sorts by time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a naive time reached the database; pass aware UTC"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def only(condition: str) -> dict[str, Any]:
    """Return what limits an index to the rows of a condition, on both databases."""
    where = sa.text(condition)
    return {"sqlite_where": where, "postgresql_where": where}
