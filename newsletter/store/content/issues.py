"""Issues and their items: rows in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.model.article import Author, Image
from newsletter.model.issue import Block, Issue, IssueKind, Item, Takeaways, Text
from newsletter.model.states import IssueState
from newsletter.store.tables import issues, items

LARGEST_ID = 31
"""In bits: what PostgreSQL takes as an id; a larger number is no issue of ours."""


@dataclass(frozen=True, slots=True)
class NewIssue:
    """What is known of an issue when its row is made; `slot_id` is None only in tests."""

    newsletter: str
    slot_id: int | None
    nominal: str
    due_at: datetime
    kind: IssueKind = IssueKind.REGULAR
    state: IssueState = IssueState.DRAFT
    reason: str = ""
    subject: str = ""
    note: str = ""
    corrects_issue_id: int | None = None


def insert(connection: sa.Connection, new: NewIssue, *, actor: str, now: datetime) -> int:
    """Insert an issue and return its id; a skipped one takes no number of the series."""
    number = _next_number(connection, new)
    row = asdict(new) | {"kind": str(new.kind), "state": str(new.state)}
    result = connection.execute(
        issues.insert()
        .values(**row, number=number, blocks=[], drafted_at=now, created_by=actor)
        .returning(issues.c.id)
    )
    return int(result.scalar_one())


def _next_number(connection: sa.Connection, new: NewIssue) -> int:
    step = -1 if new.state is IssueState.SKIPPED else 1
    last = connection.scalar(
        sa.select(sa.func.max(issues.c.number * step)).where(
            issues.c.newsletter == new.newsletter, issues.c.number * step > 0
        )
    )
    return step * (int(last or 0) + 1)


def load(connection: sa.Connection, issue_id: int) -> Issue:
    """Return an issue; raise NotFound when there is none."""
    known = issue_id.bit_length() <= LARGEST_ID
    query = sa.select(issues).where(issues.c.id == (issue_id if known else 0))
    row = connection.execute(query).mappings().first()
    if row is None:
        msg = f"there is no issue {issue_id}; `newsletter issues` lists them"
        raise NotFound(msg)
    return _issue(row)


def lock(connection: sa.Connection, issue_id: int) -> None:
    """Keep an issue as it is for everybody else until the transaction ends.

    Whoever means to change an issue and its batches, or one because of the other, takes this first
    and looks afterwards; the batches come second, in their order. SQLite has one writer anyway.
    """
    query = sa.select(issues.c.id).where(issues.c.id == issue_id)
    connection.execute(query.with_for_update(key_share=True)).all()


def every(connection: sa.Connection, states: Sequence[IssueState]) -> list[Issue]:
    """Return all issues in one of these states, oldest first, however many there are."""
    query = sa.select(issues).where(issues.c.state.in_([str(state) for state in states]))
    return [_issue(row) for row in connection.execute(query.order_by(issues.c.id)).mappings()]


def recent(
    connection: sa.Connection,
    *,
    newsletter: str = "",
    states: Sequence[IssueState] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[Issue]:
    """Return issues, newest first, a page at a time (`before` is the last id seen)."""
    query = sa.select(issues).order_by(issues.c.id.desc()).limit(limit)
    if newsletter:
        query = query.where(issues.c.newsletter == newsletter)
    if states:
        query = query.where(issues.c.state.in_([str(state) for state in states]))
    if before is not None:
        query = query.where(issues.c.id < before)
    return [_issue(row) for row in connection.execute(query).mappings()]


def corrections(connection: sa.Connection, issue_id: int) -> list[Issue]:
    """Return the corrections of an issue, oldest first."""
    query = sa.select(issues).where(issues.c.corrects_issue_id == issue_id).order_by(issues.c.id)
    return [_issue(row) for row in connection.execute(query).mappings()]


def change(connection: sa.Connection, issue_id: int, **values: object) -> None:
    """Set columns of an issue."""
    connection.execute(issues.update().where(issues.c.id == issue_id).values(**values))


def move(
    connection: sa.Connection,
    issue_id: int,
    *,
    frm: Sequence[IssueState],
    to: IssueState,
    **values: object,
) -> bool:
    """Change an issue's state if it is still in one of `frm`; return whether it was."""
    result = connection.execute(
        issues.update()
        .where(issues.c.id == issue_id, issues.c.state.in_([str(state) for state in frm]))
        .values(state=str(to), **values)
    )
    return result.rowcount == 1


def set_blocks(connection: sa.Connection, issue_id: int, blocks: Sequence[Block]) -> None:
    """Replace the extra blocks of an issue."""
    change(connection, issue_id, blocks=[asdict(block) for block in blocks])


def load_items(connection: sa.Connection, issue_id: int) -> list[Item]:
    """Return every item and candidate of an issue: those in first, both in printed order."""
    query = (
        sa.select(items)
        .where(items.c.issue_id == issue_id)
        .order_by(items.c.included.desc(), items.c.position, items.c.article_id)
    )
    return [_item(row) for row in connection.execute(query).mappings()]


def replace_items(connection: sa.Connection, issue_id: int, present: Sequence[Item]) -> None:
    """Make these the items of an issue, whatever it held before."""
    connection.execute(items.delete().where(items.c.issue_id == issue_id))
    if present:
        connection.execute(items.insert(), [_row(issue_id, item) for item in present])


def printed_before(connection: sa.Connection, issue: Issue) -> list[int]:
    """Return the articles of an issue that an earlier one of its newsletter has carried out."""
    query = (
        sa.select(items.c.article_id)
        .where(items.c.issue_id == issue.id, items.c.included)
        .where(items.c.article_id.in_(_carried(issue.newsletter, GONE_OUT, issue.id)))
        .order_by(items.c.article_id)
    )
    return list(connection.scalars(query))


def spoken_for(
    connection: sa.Connection, newsletter: str, but: int | None = None
) -> dict[int, int]:
    """Return the articles that another open issue of the newsletter prints, and which issue."""
    query = (
        sa.select(items.c.article_id, items.c.issue_id)
        .join(issues, issues.c.id == items.c.issue_id)
        .where(issues.c.newsletter == newsletter, items.c.included)
        .where(issues.c.state.in_([str(state) for state in OPEN]))
    )
    return {row[0]: row[1] for row in connection.execute(query) if row[1] != but}


def _carried(newsletter: str, states: Sequence[IssueState], but: int) -> sa.Select[tuple[int]]:
    other = items.alias()
    return (
        sa.select(other.c.article_id)
        .join(issues, issues.c.id == other.c.issue_id)
        .where(issues.c.newsletter == newsletter, issues.c.id != but, other.c.included)
        .where(issues.c.state.in_([str(state) for state in states]))
    )


OPEN = (IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED)
GONE_OUT = (IssueState.PREPARING, IssueState.SUBMITTING, IssueState.SUBMITTED, IssueState.PAUSED)
_COLUMNS = ("article_id", "position", "included", "reason", "pinned", "revision")


def _row(issue_id: int, item: Item) -> dict[str, Any]:
    everything = asdict(item)
    own = {name: everything.pop(name) for name in _COLUMNS}
    corrections = dict(everything.pop("corrections"))
    return {"issue_id": issue_id, **own, "corrections": corrections, "printed": everything}


def _item(row: Mapping[Any, Any]) -> Item:
    printed = dict(row["printed"])
    image = printed.pop("image")
    return Item(
        **{name: row[name] for name in _COLUMNS},
        corrections=row["corrections"],
        authors=tuple(Author(**one) for one in printed.pop("authors")),
        topics=tuple(printed.pop("topics")),
        tags=tuple(printed.pop("tags")),
        teaser=Text(**printed.pop("teaser")),
        takeaways=_takeaways(printed.pop("takeaways")),
        suggested=_takeaways(printed.pop("suggested")),
        image=Image(**image) if image else None,
        **printed,
    )


def _takeaways(stored: Mapping[str, Any]) -> Takeaways:
    return Takeaways(tuple(stored["items"]), stored["origin"], stored["detail"])


_OURS = tuple(Issue.__dataclass_fields__)


def _issue(row: Mapping[Any, Any]) -> Issue:
    values = {name: row[name] for name in _OURS}
    values["kind"] = IssueKind(values["kind"])
    values["state"] = IssueState(values["state"])
    values["blocks"] = tuple(Block(**block) for block in values["blocks"])
    return Issue(**values)
