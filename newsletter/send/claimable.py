"""Which batches may be submitted now."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.publication import Newsletter, Publication
from newsletter.model.quiet import Quiet
from newsletter.send import volume
from newsletter.store.sending import claims
from newsletter.store.sending.claims import Wanted


def wanted(publication: Publication, providers: Collection[str], now: datetime) -> Wanted:
    """Return what a worker may claim now: batches of these providers, outside quiet hours."""
    newsletters = publication.newsletters
    quiet = [newsletter.key for newsletter in newsletters if is_quiet(newsletter, now)]
    return Wanted(sorted(providers), quiet)


def count(
    connection: sa.Connection,
    publication: Publication,
    providers: Collection[str],
    now: datetime,
    most: int,
) -> int:
    """Count the batches that may be submitted now, up to `most`, in a transaction that only reads."""
    if not volume.is_open(connection, publication, now):
        return 0
    return claims.count_claimable(connection, wanted(publication, providers, now), now, most)


def is_quiet(newsletter: Newsletter, now: datetime) -> bool:
    """Return whether it is a quiet hour of this newsletter."""
    quiet = Quiet.parse(newsletter.quiet)
    return quiet is not None and quiet.covers(now.astimezone(newsletter.timezone))
