"""The record of consent: when, where and under which wording a subscriber agreed or withdrew."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from subscribers.store.dialects import add_missing
from subscribers.store.tables import consents, requests, wordings


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent or withdrawal. Retention empties `network` after 30 days."""

    newsletter: str
    act: str
    at: datetime
    source: str
    wording: str = ""
    network: str = ""


def record(connection: sa.Connection, subscriber_id: int, given: Sequence[Consent]) -> None:
    """Append consents and withdrawals."""
    if given:
        connection.execute(
            consents.insert(),
            [
                {
                    "subscriber_id": subscriber_id,
                    "newsletter": consent.newsletter,
                    "act": consent.act,
                    "at": consent.at,
                    "source": consent.source,
                    "wording": consent.wording,
                    "network": consent.network,
                }
                for consent in given
            ],
        )


def consents_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Consent]]:
    """Return the recorded consents by subscriber ID, oldest first."""
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
    """Store the text of a wording version, so that the proof can be read later."""
    new = {"version": version, "language": language, "text": text, "first_used_at": now}
    add_missing(connection, wordings, [new])


def wordings_of(connection: sa.Connection, versions: Collection[str]) -> dict[str, str]:
    """Return the texts of wordings by version."""
    query = sa.select(wordings.c.version, wordings.c.text).where(wordings.c.version.in_(versions))
    return {row.version: row.text for row in connection.execute(query)}


def forget_networks(connection: sa.Connection, before: datetime, most: int) -> int:
    """Empty the network addresses of older requests and consents; return how many there were.

    At most so many of each.
    """
    number = 0
    for table in (requests, consents):
        kept = table.c.at < before, table.c.network != sa.literal_column("''")
        some = sa.select(table.c.id).where(*kept).limit(most)
        emptied = connection.execute(table.update().where(table.c.id.in_(some)).values(network=""))
        number += emptied.rowcount
    return number
