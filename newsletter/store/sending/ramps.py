"""The recent volume of each sender domain: one row, shared by all processes."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.model.ramp import Volume
from newsletter.store.database import upsert
from newsletter.store.tables import ramps


def present(connection: sa.Connection, domain: str, now: datetime) -> Volume:
    """Return a domain's volume as of now."""
    row = connection.execute(sa.select(ramps).where(ramps.c.domain == domain)).first()
    return Volume(row.began_at, row.used, row.most).at(now) if row else Volume(now)


def lock(connection: sa.Connection, domain: str, now: datetime) -> Volume:
    """Return a domain's volume and lock its row until the transaction ends."""
    new = upsert(connection, ramps).values(domain=domain, began_at=now, used=0, most=0)
    row = connection.execute(
        new.on_conflict_do_update(
            index_elements=[ramps.c.domain], set_={"used": ramps.c.used}
        ).returning(ramps.c.began_at, ramps.c.used, ramps.c.most)
    ).one()
    return Volume(*row).at(now)


def write(connection: sa.Connection, domain: str, volume: Volume) -> None:
    """Store the volume of a domain whose row is locked."""
    connection.execute(
        ramps.update()
        .where(ramps.c.domain == domain)
        .values(began_at=volume.began_at, used=volume.used, most=volume.most)
    )
