"""Issues and their items: rows in, values out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.model.actor import MACHINE, Actor
from newsletter.model.article import Author, Image
from newsletter.model.issue import Block, Issue, IssueKind, Item, ItemDecision, Takeaways, Text
from newsletter.model.next_step import ListIssues
from newsletter.model.row_number import LARGEST_ID
from newsletter.model.states import EDITABLE, OUT, IssueState
from newsletter.model.subjects import Arm
from newsletter.store.content import subjects
from newsletter.store.tables import issues, items
from newsletter.store.types import UtcDateTime
from subscribers.phrase import Phrase

_NUMBERED = {IssueKind.REGULAR, IssueKind.SPECIAL}


@dataclass(frozen=True, slots=True)
class NewIssue:
    """A new issue; `slot_id` is None only in tests."""

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
    reader_time: str = ""
    ends_at: datetime | None = None


def insert(connection: sa.Connection, new: NewIssue, *, actor: Actor, now: datetime) -> int:
    """Insert an issue and return its id; the series numbers only regular and special issues.

    Others, and skipped ones, take negative numbers.
    """
    number = _next_number(connection, new)
    row = asdict(new) | {"kind": str(new.kind), "state": str(new.state)}
    result = connection.execute(
        issues.insert()
        .values(**row, number=number, blocks=[], drafted_at=now, created_by=str(actor))
        .returning(issues.c.id)
    )
    return int(result.scalar_one())


def put_back(connection: sa.Connection, issue_id: int, new: NewIssue, *, now: datetime) -> None:
    """Insert an issue that a restored database has forgotten, under its old id."""
    row = asdict(new) | {"kind": str(new.kind), "state": str(new.state)}
    connection.execute(
        issues.insert().values(
            id=issue_id,
            **row,
            number=_next_number(connection, new),
            blocks=[],
            drafted_at=now,
            submitted_at=now if new.state is IssueState.SUBMITTED else None,
            created_by=str(MACHINE),
        )
    )


def _next_number(connection: sa.Connection, new: NewIssue) -> int:
    regular = new.state is not IssueState.SKIPPED and new.kind in _NUMBERED
    step = 1 if regular else -1
    last = connection.scalar(
        sa.select(sa.func.max(issues.c.number * step)).where(
            issues.c.newsletter == new.newsletter, issues.c.number * step > 0
        )
    )
    return step * (int(last or 0) + 1)


def load(connection: sa.Connection, issue_id: int) -> Issue:
    """Return an issue; raise NotFound when there is none."""
    known = issue_id if abs(issue_id) <= LARGEST_ID else 0
    query = sa.select(issues).where(issues.c.id == known)
    row = connection.execute(query).mappings().first()
    if row is None:
        msg = Phrase("there is no issue {issue_id}", issue_id=issue_id)
        raise NotFound(msg, next_step=ListIssues())
    return _issue(row)


def lock(connection: sa.Connection, issue_id: int) -> None:
    """Keep other transactions from changing an issue until this one ends.

    Lock order, against deadlocks: first the issue, then its batches by number. A transaction that
    changes an issue because of its batches, or the reverse, takes this lock before it looks.
    SQLite has only one writer.
    """
    query = sa.select(issues.c.id).where(issues.c.id == issue_id)
    connection.execute(query.with_for_update(key_share=True)).all()


def finished(connection: sa.Connection, issue_ids: Sequence[int]) -> set[int]:
    """Return which of these issues have an audience and are submitted or cancelled."""
    final = [IssueState.SUBMITTED.value, IssueState.CANCELLED.value]
    query = sa.select(issues.c.id).where(
        issues.c.id.in_(issue_ids), issues.c.state.in_(final), issues.c.frozen_at.is_not(None)
    )
    return set(connection.scalars(query))


def began(connection: sa.Connection, issue_ids: Collection[int]) -> dict[int, datetime]:
    """Return when sending of each of these issues began; when it was due if that is not known."""
    start = sa.func.coalesce(issues.c.frozen_at, issues.c.due_at, type_=UtcDateTime)
    query = sa.select(issues.c.id, start).where(issues.c.id.in_(issue_ids))
    return {row[0]: row[1] for row in connection.execute(query)}


def every(
    connection: sa.Connection, states: Collection[IssueState], *, newsletter: str = ""
) -> list[Issue]:
    """Return all issues in these states, or those of a newsletter, oldest first."""
    own = issues.c.newsletter == newsletter if newsletter else sa.true()
    query = sa.select(issues).where(issues.c.state.in_([str(state) for state in states]), own)
    return [_issue(row) for row in connection.execute(query.order_by(issues.c.id)).mappings()]


def recent(
    connection: sa.Connection,
    *,
    newsletter: str = "",
    states: Collection[IssueState] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[Issue]:
    """Return issues, newest first, a page at a time (`before` is the last id seen)."""
    own = issues.c.newsletter == newsletter if newsletter else sa.true()
    query = sa.select(issues).where(own).order_by(issues.c.id.desc()).limit(limit)
    if states:
        query = query.where(issues.c.state.in_([str(state) for state in states]))
    if before is not None:
        query = query.where(issues.c.id < before)
    return [_issue(row) for row in connection.execute(query).mappings()]


def corrections(connection: sa.Connection, issue_id: int) -> list[Issue]:
    """Return the corrections of an issue, oldest first."""
    query = sa.select(issues).where(issues.c.corrects_issue_id == issue_id).order_by(issues.c.id)
    return [_issue(row) for row in connection.execute(query).mappings()]


def move(
    connection: sa.Connection,
    issue_id: int,
    *,
    from_states: Collection[IssueState],
    to: IssueState,
    reason: str | None = None,
) -> bool:
    """Change an issue's state if it is in one of `from_states`; return whether it was.

    Without a new reason it keeps the one that it has.
    """
    values: dict[str, Any] = {} if reason is None else {"reason": reason}
    return _moved(connection, issue_id, from_states, to, values)


def start_review(connection: sa.Connection, issue_id: int) -> bool:
    """Let a rendered draft wait for approval."""
    return _moved(connection, issue_id, [IssueState.DRAFT], IssueState.REVIEW, {})


def approve(
    connection: sa.Connection, issue_id: int, *, content_hash: str, by: Actor, at: datetime
) -> bool:
    """Approve an issue in review, in the form that `content_hash` identifies."""
    values = {
        "approved_hash": content_hash,
        "approved_by": str(by),
        "approved_at": at,
        "reason": "",
    }
    return _moved(connection, issue_id, [IssueState.REVIEW], IssueState.APPROVED, values)


def void_approval(connection: sa.Connection, issue_id: int) -> bool:
    """Take the approval of an issue back; return whether it had one."""
    values = {"approved_hash": "", "approved_by": "", "approved_at": None, "leaves_at": None}
    return _moved(connection, issue_id, [IssueState.APPROVED], IssueState.DRAFT, values)


def start_preparing(connection: sa.Connection, issue_id: int, *, provider: str) -> bool:
    """Begin to send an approved issue through a provider."""
    values = {"provider": provider}
    return _moved(connection, issue_id, [IssueState.APPROVED], IssueState.PREPARING, values)


def start_submitting(connection: sa.Connection, issue_id: int, *, at: datetime) -> bool:
    """Mark the audience of an issue as frozen; return False if another worker has done so."""
    values = {"frozen_at": at, "leaves_at": at}
    return _moved(connection, issue_id, [IssueState.PREPARING], IssueState.SUBMITTING, values)


def finish(connection: sa.Connection, issue_id: int, *, at: datetime) -> bool:
    """Mark an issue as submitted."""
    values = {"submitted_at": at}
    return _moved(connection, issue_id, [IssueState.SUBMITTING], IssueState.SUBMITTED, values)


def _moved(
    connection: sa.Connection,
    issue_id: int,
    from_states: Collection[IssueState],
    to: IssueState,
    values: Mapping[str, Any],
) -> bool:
    here = issues.c.id == issue_id, issues.c.state.in_(sorted(map(str, from_states)))
    moved = issues.update().where(*here).values(state=str(to), **values)
    return connection.execute(moved).rowcount == 1


def set_provider(connection: sa.Connection, issue_id: int, provider: str) -> None:
    """Record which provider sends the rest of an issue."""
    _set(connection, issue_id, {"provider": provider})


def set_audience(
    connection: sa.Connection, issue_id: int, *, planned: int, excluded: Mapping[str, int]
) -> None:
    """Record how many recipients were frozen, and how many were excluded for each reason."""
    _set(connection, issue_id, {"planned": planned, "excluded": dict(excluded)})


def set_reader_time(
    connection: sa.Connection, issue_id: int, reader_time: str, ends_at: datetime | None
) -> None:
    """Record at which local time each reader gets an issue, and when the last ones do."""
    _set(connection, issue_id, {"reader_time": reader_time, "ends_at": ends_at})


def set_texts(
    connection: sa.Connection, issue_id: int, *, subject: str, preheader: str, note: str
) -> None:
    """Replace what staff wrote around the items of an issue."""
    _set(connection, issue_id, {"subject": subject, "preheader": preheader, "note": note})


def set_blocks(connection: sa.Connection, issue_id: int, blocks: Sequence[Block]) -> None:
    """Replace the extra blocks of an issue."""
    _set(connection, issue_id, {"blocks": [asdict(block) for block in blocks]})


def _set(connection: sa.Connection, issue_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(issues.update().where(issues.c.id == issue_id).values(**values))


def load_items(connection: sa.Connection, issue_id: int) -> list[Item]:
    """Return the items of an issue in printed order, then its candidates."""
    query = (
        sa.select(items)
        .where(items.c.issue_id == issue_id)
        .order_by(items.c.included.desc(), items.c.position, items.c.article_id)
    )
    return [_item(row) for row in connection.execute(query).mappings()]


def load_item(connection: sa.Connection, issue_id: int, article_id: int) -> Item | None:
    """Return one item of an issue."""
    query = sa.select(items).where(items.c.issue_id == issue_id, items.c.article_id == article_id)
    row = connection.execute(query).mappings().first()
    return _item(row) if row is not None else None


def replace_items(connection: sa.Connection, issue_id: int, present: Sequence[Item]) -> None:
    """Replace the items of an issue."""
    connection.execute(items.delete().where(items.c.issue_id == issue_id))
    if present:
        connection.execute(items.insert(), [_row(issue_id, item) for item in present])


def printed_before(connection: sa.Connection, issue: Issue) -> list[int]:
    """Return the articles of an issue that another issue of its newsletter has printed."""
    query = (
        sa.select(items.c.article_id)
        .where(items.c.issue_id == issue.id, items.c.included)
        .where(items.c.article_id.in_(_carried(issue.newsletter, OUT, issue.id)))
        .order_by(items.c.article_id)
    )
    return list(connection.scalars(query))


def digested(
    connection: sa.Connection, newsletter: str, frequency: str, since: datetime
) -> tuple[list[int], set[int]]:
    """Return the issues sent since that a digest collects, and the articles of earlier digests."""
    sent = sa.select(issues.c.id).where(
        issues.c.newsletter == newsletter,
        issues.c.kind.in_([*(kind.value for kind in _NUMBERED), IssueKind.ALERT.value]),
        issues.c.frozen_at > since,
    )
    printed = (
        sa.select(items.c.article_id)
        .join(issues, issues.c.id == items.c.issue_id)
        .where(
            issues.c.newsletter == newsletter,
            issues.c.kind == IssueKind.DIGEST.value,
            issues.c.nominal.endswith(f" {frequency}"),
            issues.c.state.not_in([IssueState.CANCELLED.value, IssueState.SKIPPED.value]),
            items.c.included,
        )
    )
    sent_ids = connection.scalars(sent.order_by(issues.c.id))
    return list(sent_ids), set(connection.scalars(printed))


def spoken_for(
    connection: sa.Connection, newsletter: str, but: int | None = None
) -> dict[int, int]:
    """Return the articles that an editable issue prints, with that issue; `but` is left out."""
    query = (
        sa.select(items.c.article_id, items.c.issue_id)
        .join(issues, issues.c.id == items.c.issue_id)
        .where(issues.c.newsletter == newsletter, items.c.included)
        .where(issues.c.state.in_([str(state) for state in EDITABLE]))
    )
    return {row[0]: row[1] for row in connection.execute(query) if row[1] != but}


def decisions(connection: sa.Connection, newsletter: str) -> dict[int, ItemDecision]:
    """Return the last decision of staff about each article that an issue left out."""
    query = (
        sa.select(items.c.article_id, items.c.decision)
        .join(issues, issues.c.id == items.c.issue_id)
        .where(issues.c.newsletter == newsletter, items.c.decision != "")
        .order_by(issues.c.id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _carried(newsletter: str, states: Collection[IssueState], but: int) -> sa.Select[tuple[int]]:
    other = items.alias()
    return (
        sa.select(other.c.article_id)
        .join(issues, issues.c.id == other.c.issue_id)
        .where(issues.c.newsletter == newsletter, issues.c.id != but, other.c.included)
        .where(issues.c.state.in_([str(state) for state in states]))
    )


_COLUMNS = ("article_id", "position", "included", "reason", "pinned", "revision", "decision")


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
        authors=tuple(Author(**author) for author in printed.pop("authors")),
        topics=tuple(printed.pop("topics")),
        tags=tuple(printed.pop("tags")),
        teaser=Text(**printed.pop("teaser")),
        # Items that were drafted by an earlier version have none.
        alternatives=tuple(Text(**text) for text in printed.pop("alternatives", ())),
        takeaways=_takeaways(printed.pop("takeaways")),
        suggested=_takeaways(printed.pop("suggested")),
        image=Image(**image) if image else None,
        **printed,
    )


def _takeaways(stored: Mapping[str, Any]) -> Takeaways:
    return Takeaways(tuple(stored["items"]), stored["origin"], stored["detail"])


_FIELDS = tuple(Issue.__dataclass_fields__)


def _issue(row: Mapping[Any, Any]) -> Issue:
    values = {name: row[name] for name in _FIELDS}
    values["kind"] = IssueKind(values["kind"])
    values["state"] = IssueState(values["state"])
    values["created_by"] = Actor.parse(values["created_by"])
    values["approved_by"] = Actor.parse(by) if (by := values["approved_by"]) else None
    values["blocks"] = tuple(Block(**block) for block in values["blocks"])
    values["test"] = subjects.read(values["test"])
    values["winner"] = Arm(values["winner"]) if values["winner"] else None
    return Issue(**values)
