"""What is known about images, and our copies of those that emails cannot link to."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.picture import PictureCopy, StoredPicture
from newsletter.store.database import upsert
from newsletter.store.tables import picture_copies, pictures

_FIELDS = tuple(StoredPicture.__dataclass_fields__)


def known(connection: sa.Connection, urls: Collection[str]) -> dict[str, StoredPicture]:
    """Return what is known about these images, by address."""
    query = sa.select(*(pictures.c[name] for name in _FIELDS)).where(pictures.c.url.in_(urls))
    return {row.url: StoredPicture(*row) for row in connection.execute(query)}


def keep(
    connection: sa.Connection,
    picture: StoredPicture,
    copy: PictureCopy | None,
    *,
    now: datetime,
) -> None:
    """Store what was found out about an image, and our copy of it; the last one to look wins."""
    values = {name: getattr(picture, name) for name in _FIELDS} | {"checked_at": now}
    found = upsert(connection, pictures).values(values)
    connection.execute(found.on_conflict_do_update(index_elements=["url"], set_=values))
    if copy is not None:
        row = {"name": copy.name, "media_type": copy.media_type, "content": copy.content}
        added = upsert(connection, picture_copies).values(row)
        connection.execute(added.on_conflict_do_nothing(index_elements=["name"]))


def copied(connection: sa.Connection, name: str) -> PictureCopy | None:
    """Return a copy by its name, or None."""
    query = sa.select(picture_copies).where(picture_copies.c.name == name)
    row = connection.execute(query).first()
    return PictureCopy(row.name, row.media_type, row.content) if row else None
