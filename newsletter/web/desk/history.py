"""The history of an issue: who did what, and when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

import sqlalchemy as sa

from newsletter.model.act import Act, Edit, EditKind
from newsletter.model.publication import Publication
from newsletter.render.catalog import Catalog
from newsletter.store import acts
from newsletter.store.content import issues
from newsletter.web.desk import sentences

EMPTY: tuple[object, ...] = (None, "", [])


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act, with a line for each thing that was recorded beside it."""

    when: str
    who: str
    what: str
    detail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryView:
    """What was done to an issue, the latest act first."""

    acts: tuple[ActRow, ...]


def history(
    connection: sa.Connection, publication: Publication, issue_id: int, catalog: Catalog
) -> HistoryView:
    """Return who did what with an issue."""
    newsletter = publication.newsletter(issues.load(connection, issue_id).newsletter)
    zone = newsletter.timezone if newsletter else publication.timezone
    recorded = reversed(acts.of_issue(connection, issue_id))
    return HistoryView(tuple(act_row(act, zone, catalog) for act in recorded))


def act_row(act: Act, zone: tzinfo, catalog: Catalog) -> ActRow:
    """Return an act as staff read it."""
    beside = {**act.before, **act.after, **act.detail}
    return ActRow(
        when=sentences.moment(act.at, zone, catalog),
        who=act.actor.label,
        what=act.kind.value,
        detail=(*map(_edit, act.edits), *_details(beside)),
    )


def _edit(edit: Edit) -> str:
    """Write an edit in one line. Values that were cut short end with an ellipsis."""
    if edit.kind is EditKind.UNPARSED:
        return str(edit.after)
    about = f"article {edit.article_id} {edit.name}" if edit.article_id else edit.name
    return f"{edit.kind}: {about}: {_quoted(edit.before)} → {_quoted(edit.after)}"


def _quoted(value: object) -> str:
    return f"“{_joined(value)}”" if value not in EMPTY else "nothing"


def _details(beside: Mapping[str, object]) -> Iterator[str]:
    """Write what was recorded beside an act, a line for each value that is not empty."""
    for name, value in beside.items():
        if value not in (*EMPTY, 0):
            shown = _joined(value)
            yield f"{name}: {f'{shown[:8]}…{shown[-4:]}' if name == 'hash' else shown}"


def _joined(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_joined(part)}" for name, part in value.items())
    return "; ".join(map(_joined, value)) if isinstance(value, list) else str(value)
