"""The record of consent: when, where and under which wording somebody agreed or withdrew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from subscribers.store.missing import add_missing
from subscribers.store.tables import consents, wordings


@dataclass(frozen=True, slots=True)
class Consent:
    """One act of agreeing or withdrawing; `network` is emptied after 30 days."""

    newsletter: str
    act: str
    at: datetime
    source: str
    wording: str = ""
    network: str = ""


def record(connection: sa.Connection, subscriber_id: int, acts: Sequence[Consent]) -> None:
    """Append acts of consent."""
    if acts:
        connection.execute(
            consents.insert(),
            [
                {
                    "subscriber_id": subscriber_id,
                    "newsletter": one.newsletter,
                    "act": one.act,
                    "at": one.at,
                    "source": one.source,
                    "wording": one.wording,
                    "network": one.network,
                }
                for one in acts
            ],
        )


def of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Consent]]:
    """Return what is recorded of people, oldest first."""
    found: dict[int, list[Consent]] = {}
    rows = connection.execute(
        sa.select(consents).where(consents.c.subscriber_id.in_(ids)).order_by(consents.c.id)
    )
    for row in rows:
        found.setdefault(row.subscriber_id, []).append(
            Consent(row.newsletter, row.act, row.at, row.source, row.wording, row.network)
        )
    return found


def keep_wording(
    connection: sa.Connection, version: str, language: str, text: str, now: datetime
) -> None:
    """Keep the text behind a version, so that the proof can be read later."""
    new = {"version": version, "language": language, "text": text, "first_used_at": now}
    add_missing(connection, wordings, [new])


def wording(connection: sa.Connection, version: str) -> str | None:
    """Return the text that somebody agreed to, or None."""
    return connection.scalar(sa.select(wordings.c.text).where(wordings.c.version == version))


def forget_networks(connection: sa.Connection, before: datetime) -> int:
    """Empty the network addresses of older acts; return how many there were."""
    done = connection.execute(
        consents.update()
        .where(consents.c.at < before, consents.c.network != sa.literal_column("''"))
        .values(network="")
    )
    return done.rowcount
