"""What the cells of a row say about the status of a subscriber; pure.

Every column that says something counts, and the lowest status wins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from subscribers.model import SubscriptionState, SuppressionReason
from subscribers.phrase import Phrase
from subscribers.roster.cells import CellError, clean, moment
from subscribers.roster.consents import EARLIEST, past_dates
from subscribers.roster.own_export import own_suppression
from subscribers.roster.row import WantedSuppression
from subscribers.roster.vocabulary import NO, STATUS_WORDS, YES, StatedStatus, StatusField, fold

_RANKS = (
    SubscriptionState.UNSUBSCRIBED,
    SubscriptionState.PENDING,
    SubscriptionState.CONFIRMED,
)
_STRENGTHS = tuple(SuppressionReason)
_UNLESS_NO: Mapping[StatusField, StatedStatus] = {
    StatusField.UNSUBSCRIBED: SubscriptionState.UNSUBSCRIBED,
    StatusField.SUPPRESSED: SuppressionReason.MANUAL,
    StatusField.BOUNCED: SuppressionReason.BOUNCE,
    StatusField.COMPLAINED: SuppressionReason.COMPLAINT,
    StatusField.PENDING: SubscriptionState.PENDING,
}
"""What any text but a no means, such as a date or a reason."""
_IF_NO = {
    StatusField.STATUS: SubscriptionState.UNSUBSCRIBED,
    StatusField.SUBSCRIBED: SubscriptionState.UNSUBSCRIBED,
    StatusField.CONFIRMED: SubscriptionState.PENDING,
}
_IF_EMPTY = {
    StatusField.STATUS: SubscriptionState.CONFIRMED,
    StatusField.SUBSCRIBED: SubscriptionState.PENDING,
    StatusField.CONFIRMED: SubscriptionState.PENDING,
}
"""An empty cell is not a yes where the others say yes or no."""
_NOTHING_STORED = frozenset({"none", "null", "nil", "na", "notset", "never", "unknown"})
_CHECKED = "✓✔☑✅√●■"
_NOTHING = " -–—−.·_/\\|\"'[]{}()"  # noqa: RUF001 - dashes of every length mean an empty cell


@dataclass(frozen=True, slots=True)
class StatusColumn:
    """A column that says something about a status; `label` is what the review counts."""

    header: str
    field: StatusField
    label: str = ""


@dataclass(frozen=True, slots=True)
class RowStatus:
    """The status that a row states: the state, the suppression, and what lowered them.

    CONFIRMED is what the file claims; it still needs consent. `partly` means that an UNSUBSCRIBED
    subscriber still gets another newsletter.
    """

    state: SubscriptionState = SubscriptionState.CONFIRMED
    suppression: WantedSuppression | None = None
    since: datetime | None = None
    causes: tuple[str, ...] = ()
    partly: bool = False

    @property
    def left(self) -> bool:
        """Return whether the subscriber wants nothing any more; a bounce does not say so."""
        if self.state is SubscriptionState.UNSUBSCRIBED and not self.partly:
            return True
        return self.suppression is not None and not self.bounced

    @property
    def bounced(self) -> bool:
        """Return whether the address is suppressed for a bounce."""
        suppression = self.suppression
        return suppression is not None and suppression.reason is SuppressionReason.BOUNCE

    def lowered_by(self, other: "RowStatus") -> "RowStatus":
        """Return the lower state and the stronger suppression of two columns, in either order.

        Of two dates of the same state, the later one counts.
        """
        lowest = min(self.state, other.state, key=rank)
        dates = [each.since for each in (self, other) if each.state is lowest and each.since]
        return RowStatus(
            lowest,
            _stronger(self.suppression, other.suppression),
            max(dates, default=None),
            self.causes + other.causes,
        )


def rank(state: SubscriptionState) -> int:
    """Return the rank of a state; unsubscribed is the lowest."""
    return _RANKS.index(state)


def status_of(
    cells: Iterable[tuple[StatusColumn, str]],
    words: Mapping[str, StatedStatus],
    state: SubscriptionState,
    now: datetime,
) -> RowStatus:
    """Return the status in the cells of a row; raise CellError for an unknown word.

    `words` are the meanings that the importer or the profile gives to words of this file; `state`
    is the status of a row without any statement. Dates after `now` are ignored.
    """
    status = RowStatus(state)
    for column, cell in cells:
        status = status.lowered_by(_stated(column, cell, words, now))
    return status


def is_understood(column: StatusColumn, cell: str, words: Mapping[str, StatedStatus]) -> bool:
    """Return whether a cell of a status column has a known meaning."""
    try:
        _meaning(column, cell, words)
    except CellError:
        return False
    return True


def _stated(
    column: StatusColumn, cell: str, words: Mapping[str, StatedStatus], now: datetime
) -> RowStatus:
    if column.field is StatusField.SUPPRESSED and cell.startswith("{"):
        return RowStatus(suppression=own_suppression(cell), causes=(_cause(column, "yes"),))
    return _lowered(column, cell, _meaning(column, cell, words), now)


def _meaning(column: StatusColumn, cell: str, words: Mapping[str, StatedStatus]) -> StatedStatus:
    word = _word(cell)
    return words.get(word) or STATUS_WORDS.get(word) or _flag(column.field, cell, word)


def _flag(field: StatusField, cell: str, word: str) -> StatedStatus:
    """Return what yes, no, a date or another text means in a column."""
    if field in _UNLESS_NO:
        return SubscriptionState.CONFIRMED if is_no(word) else _UNLESS_NO[field]
    if not word:
        return _IF_EMPTY[field]
    if word in _NOTHING_STORED:
        return SubscriptionState.PENDING
    # The numbers of a status are a code; where it is a flag, a negative one is a no.
    is_code = field is StatusField.STATUS and word.lstrip("-").isdecimal()
    if (is_no(word) or word.startswith("-")) and not is_code:
        return _IF_NO[field]
    if (word in YES and not is_code) or (
        field is not StatusField.STATUS and moment(cell) is not None
    ):
        return SubscriptionState.CONFIRMED
    msg = Phrase("the status “{status}” is unknown", status=clean(cell)[:40])
    raise CellError(msg)


def is_no(word: str) -> bool:
    """Return whether a folded word means no; so does a date or a number of zeros only."""
    return word in NO or ("0" in word and not word.strip("0tz"))


def _word(cell: str) -> str:
    """Return the folded word of a cell. Folding removes signs: a check mark means yes."""
    if word := fold(cell):
        return word
    if any(sign in _CHECKED for sign in cell):
        return "yes"
    return "" if not cell.strip(_NOTHING) else "?"


def _lowered(column: StatusColumn, cell: str, meaning: StatedStatus, now: datetime) -> RowStatus:
    if meaning is SubscriptionState.CONFIRMED:
        return RowStatus()
    causes = (_cause(column, cell),)
    # 05/11/2025 may mean May or November: the later date ends more subscriptions.
    at = max(past_dates(cell, now), default=None)
    if isinstance(meaning, SuppressionReason):
        detail = clean(cell) if column.field is StatusField.SUPPRESSED else ""
        return RowStatus(
            suppression=WantedSuppression(meaning, detail=detail, at=at), causes=causes
        )
    since = at if meaning is SubscriptionState.UNSUBSCRIBED else None
    return RowStatus(meaning, since=since, causes=causes)


def _cause(column: StatusColumn, cell: str) -> str:
    if column.label:
        return column.label
    if column.field is StatusField.STATUS:
        return f"have “{clean(cell)[:40]}” in “{column.header}”"
    return f"are {column.field.value} by “{column.header}”"


def _stronger(
    first: WantedSuppression | None, second: WantedSuppression | None
) -> WantedSuppression | None:
    return max((each for each in (first, second) if each), key=_strength, default=None)


def _strength(suppression: WantedSuppression) -> tuple[int, datetime, str]:
    at = suppression.at or EARLIEST
    return (_STRENGTHS.index(suppression.reason), at, suppression.detail)
