"""The accessibility results of approved content, by the hash that the approval is bound to."""

from dataclasses import asdict

import sqlalchemy as sa

from newsletter.model.accessibility import Audit, RuleResult
from newsletter.store.database import upsert
from newsletter.store.tables import audits


def keep(connection: sa.Connection, issue_id: int, audit: Audit) -> None:
    """Store an audit; one of the same content stays as it is."""
    row = {
        "issue_id": issue_id,
        "content_hash": audit.content_hash,
        "checked_at": audit.checked_at,
        "results": [asdict(result) for result in audit.results],
    }
    added = upsert(connection, audits).values(row)
    connection.execute(added.on_conflict_do_nothing(index_elements=["issue_id", "content_hash"]))


def of(connection: sa.Connection, issue_id: int, content_hash: str) -> Audit | None:
    """Return the audit of an issue's content, None if it was never approved."""
    query = sa.select(audits).where(
        audits.c.issue_id == issue_id, audits.c.content_hash == content_hash
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    results = tuple(
        RuleResult(result["rule"], result["editions"], tuple(result["problems"]))
        for result in row.results
    )
    return Audit(row.content_hash, results, row.checked_at)
