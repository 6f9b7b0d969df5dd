"""Slugs with signs: the label “C++” has the slug `c-plus-plus` and no longer that of “C”.

Subscribers whose labels had been merged cannot be told apart; they keep the one that was shown.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CHUNK = 1_000

TAGS = sa.table("tags", sa.column("id"), sa.column("slug"), sa.column("name"), sa.column("kind"))
CHANGES = sa.table(
    "import_changes",
    sa.column("import_id"),
    sa.column("subscriber_id"),
    sa.column("change", sa.JSON),
)
SIGNS = (
    (re.compile(r"(?<=[\w+])\+"), " plus "),
    (re.compile(r"(?<=\w)#"), " sharp "),
    (re.compile(r"(?<=\w)&(?=\w)"), " and "),
    (re.compile(r"(?<!\S)\.(?=\w)"), " dot "),
)


def upgrade() -> None:
    """Rename the slugs of labels, also where imports need them for an undo."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(TAGS).order_by(TAGS.c.id)).all()
    taken = {row.slug for row in rows}
    renamed: dict[str, str] = {}
    for row in rows:
        wanted = _slug(row.name, signs=True)
        if row.kind != "label" or row.slug != _slug(row.name, signs=False) or wanted in taken:
            continue
        connection.execute(TAGS.update().where(TAGS.c.id == row.id).values(slug=wanted))
        taken.add(wanted)
        renamed[row.slug] = wanted
    if renamed:
        _rename_in_changes(connection, renamed)


def _slug(text: str, *, signs: bool) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = folded.replace("\u266f", "#")
    for sign, word in SIGNS if signs else ():
        folded = sign.sub(word, folded)
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in folded)
    return "-".join("".join(kept).split())


def _rename_in_changes(connection: sa.Connection, renamed: Mapping[str, str]) -> None:
    for row in _changes(connection):
        before = row.change.get("labels", [])
        labels = [renamed.get(label, label) for label in before]
        if labels != before:
            connection.execute(
                CHANGES.update()
                .where(
                    CHANGES.c.import_id == row.import_id,
                    CHANGES.c.subscriber_id == row.subscriber_id,
                )
                .values(change={**row.change, "labels": labels})
            )


def _changes(connection: sa.Connection) -> Iterator[sa.Row[Any]]:
    """Yield what imports changed, in the order of the primary key."""
    key = sa.tuple_(CHANGES.c.import_id, CHANGES.c.subscriber_id)
    after = (0, 0)
    while rows := connection.execute(
        sa.select(CHANGES)
        .where(key > sa.tuple_(*after))
        .order_by(CHANGES.c.import_id, CHANGES.c.subscriber_id)
        .limit(CHUNK)
    ).all():
        yield from rows
        after = (rows[-1].import_id, rows[-1].subscriber_id)
