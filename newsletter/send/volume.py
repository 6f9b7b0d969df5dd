"""Limit the volume of a new sender domain: checked before a claim, counted with it."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.model import ramp
from newsletter.model.publication import Publication
from newsletter.store.sending import ramps


def has_room(connection: sa.Connection, publication: Publication, now: datetime) -> bool:
    """Return whether another batch may be sent today; workers wait here for each other's commit."""
    if publication.ramp is None:
        return True
    return ramp.room(publication.ramp, ramps.lock(connection, publication.domain, now)) > 0


def is_open(connection: sa.Connection, publication: Publication, now: datetime) -> bool:
    """Return whether another batch may be sent today, as a reader sees it: nothing is locked."""
    if publication.ramp is None:
        return True
    return ramp.room(publication.ramp, ramps.present(connection, publication.domain, now)) > 0


def count(connection: sa.Connection, publication: Publication, people: int, now: datetime) -> None:
    """Count the recipients of a claimed batch; a negative number returns what was not submitted."""
    if publication.ramp is None or not people:
        return
    volume = ramps.lock(connection, publication.domain, now).after(people)
    ramps.write(connection, publication.domain, volume)


def opens_at(connection: sa.Connection, publication: Publication, now: datetime) -> datetime | None:
    """Return when more may be sent, None if that is now."""
    if publication.ramp is None:
        return None
    present = ramps.present(connection, publication.domain, now)
    return ramp.opens_at(publication.ramp, present, now)


def largest_batch(
    connection: sa.Connection, publication: Publication, people: int, most: int, now: datetime
) -> int:
    """Return the batch size for an issue of `people`: small if it takes more than a day."""
    if publication.ramp is None:
        return most
    present = ramps.present(connection, publication.domain, now)
    fits = people <= ramp.room(publication.ramp, present)
    return most if fits else min(most, publication.ramp.first)
