"""The append-only audit log: who did what, and when."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.act import Act, ActKind, Edit, EditKind
from newsletter.model.actor import Actor
from newsletter.store.tables import acts

EDITS = "edits"
"""The key of the edits in `detail`."""
PAGE = 100


@dataclass(frozen=True, slots=True)
class ActFilter:
    """Which acts to list; an empty field admits all. `who` is a part of the actor's name."""

    who: str = ""
    kind: str = ""
    issue_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NumberedAct:
    """An act with its number, after which the next page begins."""

    number: int
    act: Act


def record(connection: sa.Connection, act: Act) -> None:
    """Append an act; acts are never changed or deleted."""
    detail = dict(act.detail)
    if act.edits:
        detail[EDITS] = [asdict(edit) for edit in act.edits]
    connection.execute(
        acts.insert().values(
            at=act.at,
            actor=str(act.actor),
            kind=act.kind.value,
            issue_id=act.issue_id,
            before=dict(act.before),
            after=dict(act.after),
            detail=detail,
        )
    )


def of_issue(connection: sa.Connection, issue_id: int) -> list[Act]:
    """Return the history of an issue, oldest first."""
    rows = connection.execute(
        sa.select(acts).where(acts.c.issue_id == issue_id).order_by(acts.c.id)
    ).mappings()
    return [_act(row) for row in rows]


def last_editor(connection: sa.Connection, issue_id: int) -> str:
    """Return who edited an issue last, as actors are stored; empty if no one has."""
    query = (
        sa.select(acts.c.actor)
        .where(acts.c.issue_id == issue_id, acts.c.kind == ActKind.EDITED.value)
        .order_by(acts.c.id.desc())
        .limit(1)
    )
    return connection.scalar(query) or ""


def latest(connection: sa.Connection, issue_id: int, kind: ActKind) -> Act | None:
    """Return the latest act of a kind on an issue, or None."""
    query = (
        sa.select(acts)
        .where(acts.c.issue_id == issue_id, acts.c.kind == kind.value)
        .order_by(acts.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _act(row)


def listed(
    connection: sa.Connection,
    wanted: ActFilter,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> list[NumberedAct]:
    """Return acts, latest first, a page at a time (`before` is the last number seen)."""
    conditions = [
        acts.c.actor.icontains(wanted.who, autoescape=True) if wanted.who else None,
        acts.c.kind == wanted.kind if wanted.kind else None,
        acts.c.issue_id == wanted.issue_id if wanted.issue_id is not None else None,
        acts.c.at >= wanted.since if wanted.since else None,
        acts.c.at < wanted.until if wanted.until else None,
        acts.c.id < before if before is not None else None,
    ]
    query = sa.select(acts).where(*(each for each in conditions if each is not None))
    rows = connection.execute(query.order_by(acts.c.id.desc()).limit(limit)).mappings()
    return [NumberedAct(row["id"], _act(row)) for row in rows]


def _act(row: Mapping[Any, Any]) -> Act:
    detail = dict(row["detail"])
    edits = tuple(
        Edit(**{**edit, "kind": EditKind(edit["kind"])}) for edit in detail.pop(EDITS, ())
    )
    kind = row["kind"]
    if kind not in set(ActKind):
        detail, kind = {"act": kind, **detail}, ActKind.OTHER
    return Act(
        row["at"],
        Actor.parse(row["actor"]),
        ActKind(kind),
        row["issue_id"],
        row["before"],
        row["after"],
        detail,
        edits,
    )
