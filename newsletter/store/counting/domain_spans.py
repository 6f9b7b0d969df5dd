"""What receiving domains deferred and accepted lately, written with the events that report it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.deferring import KEPT, DomainSpan
from newsletter.store.counting.tables import domain_spans
from newsletter.store.database import upsert

_s = domain_spans.c


def add(connection: sa.Connection, spans: Sequence[DomainSpan]) -> None:
    """Add to the counters, in one order for all transactions."""
    if not spans:
        return
    insert = upsert(connection, domain_spans)
    new = insert.excluded
    added = insert.on_conflict_do_update(
        index_elements=[_s.began, _s.domain],
        set_={
            "deferred": _s.deferred + new.deferred,
            "delivered": _s.delivered + new.delivered,
            "reason": sa.case((new.reason != "", new.reason), else_=_s.reason),
        },
    )
    ordered = sorted(spans, key=lambda span: (span.began, span.domain))
    connection.execute(added, [_values(span) for span in ordered])


def recent(connection: sa.Connection, now: datetime) -> list[DomainSpan]:
    """Return the counters that are kept."""
    query = sa.select(domain_spans).where(_s.began > now - KEPT)
    return [DomainSpan(**row) for row in connection.execute(query).mappings()]


def forget(connection: sa.Connection, now: datetime) -> None:
    """Delete the counters that say nothing about now."""
    connection.execute(domain_spans.delete().where(_s.began <= now - KEPT))


def _values(span: DomainSpan) -> dict[str, object]:
    return {
        "began": span.began,
        "domain": span.domain,
        "deferred": span.deferred,
        "delivered": span.delivered,
        "reason": span.reason,
    }
