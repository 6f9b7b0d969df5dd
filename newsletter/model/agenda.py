"""The slots of a newsletter as staff see them: when, in which state, and what is special."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.model.publication import Newsletter
from newsletter.model.slot import Due, Timing, note, offset, planned
from subscribers.phrase import Phrase, joined

COMING, PASSED = "coming", "passed"


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """What is on record of a slot: the state of its issue, or why it has none."""

    state: str
    reason: str = ""
    issue_id: int | None = None


@dataclass(frozen=True, slots=True)
class AgendaSlot:
    """A slot, its state, and a note if its time or its neighbors are not the usual ones.

    `offset` is the zone's when the slot is due.
    """

    due: Due
    state: str
    offset: str
    note: str = ""
    issue_id: int | None = None


def agenda(
    newsletter: Newsletter, records: Mapping[str, SlotRecord], since: datetime, now: datetime
) -> Iterator[AgendaSlot]:
    """Walk the slots due after `since`, the next one first. Notes name those that are off."""
    timing = Timing.of(newsletter)
    zone, before = timing.zone, offset(since, timing.zone)
    off: list[Due] = []
    for due in planned(timing, since):
        record = records.get(due.nominal)
        if due.off and (record is None or record.state == "skipped"):
            off.append(due)
            continue
        at = offset(due.due_at, zone)
        changed = ""
        if at != before:
            changed = Phrase("the clocks have changed since ({before} before)", before=before)
        notes = (_without(off), record.reason if record else "", note(due, zone), changed)
        state = record.state if record else COMING if due.due_at > now else PASSED
        issue_id = record.issue_id if record else None
        yield AgendaSlot(due, state, at, joined(notes), issue_id)
        before, off = at, []


def _without(off: list[Due]) -> str:
    """Say which slots before this one are off, and why."""
    if not off:
        return ""
    reasons = joined(dict.fromkeys(due.off for due in off), ", ")
    days = [datetime.fromisoformat(due.nominal) for due in off]
    first, last = days[0], days[-1]
    if first.date() == last.date():
        return Phrase("none on {first:%a %d %b} ({reasons})", first=first, reasons=reasons)
    return Phrase(
        "none from {first:%a %d %b} to {last:%a %d %b} ({reasons})",
        first=first,
        last=last,
        reasons=reasons,
    )
