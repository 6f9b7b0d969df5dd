"""From the cells of a row to what the row asks for; pure."""

import re
from collections.abc import Mapping
from dataclasses import replace

from subscribers.errors import InvalidAddress
from subscribers.model import EmailAddress, SubscriptionState, SuppressionReason, slug
from subscribers.roster.cells import (
    CellError,
    clean,
    frequency,
    full_name,
    language_tag,
    moment,
    split,
)
from subscribers.roster.own_export import own_suppression, read_own
from subscribers.roster.reading import RawRow
from subscribers.roster.row import (
    ConsentProof,
    ImportRow,
    RefusedRow,
    Terms,
    WantedSubscription,
    WantedSuppression,
)
from subscribers.roster.tagging import TagReader

LONGEST_DATE = 40

_NO = frozenset({"", "no", "false", "0", "n", "none", "null", "-", "아니오"})
_YES = frozenset(
    {"yes", "true", "1", "y", "x", "ok", "agreed", "confirmed", "ja", "oui", "sí", "si", "예", "네"}
    | {"동의", "동의함", "はい", "同意", "是"}
)
_DATED = re.compile(
    r"(?=(?:\D*\d){4})[\d\s.,:/+\-TZ년월일年月日]+(?:[ap]m)?(?:\s?(?:utc|gmt))?", re.IGNORECASE
)
_MONTH = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE)
_STATES: Mapping[str, SubscriptionState | SuppressionReason] = {
    **dict.fromkeys(
        ("subscribed", "enabled", "active", "confirmed", "true", "yes", "1", "y"),
        SubscriptionState.CONFIRMED,
    ),
    **dict.fromkeys(("pending", "unconfirmed", "new"), SubscriptionState.PENDING),
    **dict.fromkeys(
        ("unsubscribed", "left", "disabled", "inactive", "false", "no", "0", "n", "opted out"),
        SubscriptionState.UNSUBSCRIBED,
    ),
    **dict.fromkeys(("cleaned", "bounced", "bounce", "hard bounce"), SuppressionReason.BOUNCE),
    **dict.fromkeys(("complained", "complaint", "spam", "abuse"), SuppressionReason.COMPLAINT),
    **dict.fromkeys(
        ("blocklisted", "blacklisted", "blocked", "suppressed", "manual"), SuppressionReason.MANUAL
    ),
}


class RowReader:
    """Read rows under the terms of one import."""

    def __init__(self, terms: Terms) -> None:
        """Take the terms."""
        self._terms = terms
        self._tags = TagReader(terms.topics)

    def read(self, raw: RawRow) -> ImportRow | RefusedRow:
        """Return what the row asks for, or why it is refused."""
        text = raw.cells.get("address", "")
        if raw.problem or not text:
            return RefusedRow(raw.number, text, raw.problem or "no address")
        try:
            address = EmailAddress.parse(text)
            # Only our own export has a column of this name, with JSON in it.
            if "subscriptions" in raw.cells:
                row = read_own(raw.number, address, raw.cells, self._terms)
                return replace(row, tags=self._tags.read(raw.cells))
            return self._foreign(raw.number, address, raw.cells)
        except (InvalidAddress, CellError) as error:
            return RefusedRow(raw.number, text, str(error))

    def _foreign(self, number: int, address: EmailAddress, cells: Mapping[str, str]) -> ImportRow:
        attested = self._attested(cells)
        state, suppression = _status(cells)
        subscribed = state is SubscriptionState.CONFIRMED
        confirmed = subscribed and bool(attested)
        granted = SubscriptionState.PENDING if subscribed and not confirmed else state
        agreed_at = moment(cells.get("consent", "")) if confirmed else None
        ended = state is SubscriptionState.UNSUBSCRIBED
        since = moment(cells.get("left_at", "")) if ended else None
        often = frequency(cells.get("frequency", ""))
        keys = self._newsletters(cells)
        if not keys and suppression is None:
            msg = "the row names no newsletter, and none was chosen for the whole file"
            raise CellError(msg)
        proofs = (ConsentProof(key, "attested", agreed_at, attested, attested=True) for key in keys)
        return ImportRow(
            number,
            address,
            name=full_name(cells),
            language=language_tag(cells),
            tags=self._tags.read(cells),
            subscriptions=tuple(
                WantedSubscription(key, granted, often, since=since, confirmed_at=agreed_at)
                for key in keys
            ),
            proofs=tuple(proofs) if confirmed else (),
            suppression=suppression,
            created_at=moment(cells.get("created_at", "")),
            unattested=subscribed and not confirmed,
        )

    def _attested(self, cells: Mapping[str, str]) -> str:
        """Return who attests that this subscriber agreed; "" if the row says no or is unclear."""
        cell = cells.get("consent", "")
        if not cell:
            return self._terms.attest
        if not (cell.casefold() in _YES or _dated(cell)):
            return ""
        source = clean(cells.get("consent_source", ""))
        return f"{source or self._terms.file}: {cell}"[:500]

    def _newsletters(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        if not (cell := cells.get("newsletters", "")):
            return self._terms.into
        found: list[str] = []
        for name in split(cell):
            key = self._terms.newsletters.get(slug(name))
            if key is None:
                msg = f"there is no newsletter “{name}”"
                raise CellError(msg)
            found.append(key)
        return tuple(dict.fromkeys(found)) or self._terms.into


def _status(cells: Mapping[str, str]) -> tuple[SubscriptionState, WantedSuppression | None]:
    """Read the status in a row of another system; CONFIRMED still needs consent."""
    if cells.get("cleaned_at"):
        at = moment(cells["cleaned_at"])
        return SubscriptionState.CONFIRMED, WantedSuppression(SuppressionReason.BOUNCE, at=at)
    if cells.get("left_at"):
        return SubscriptionState.UNSUBSCRIBED, None
    suppression = _suppression(cells.get("suppressed", ""))
    word = cells.get("status", "").casefold()
    if not word:
        return SubscriptionState.CONFIRMED, suppression
    meaning = _STATES.get(word)
    if meaning is None:
        msg = f"the status “{word}” is unknown; expected subscribed, pending, unsubscribed, bounced"
        raise CellError(msg)
    if isinstance(meaning, SuppressionReason):
        return SubscriptionState.CONFIRMED, WantedSuppression(meaning)
    return meaning, suppression


def _suppression(cell: str) -> WantedSuppression | None:
    if cell.casefold() in _NO:
        return None
    if cell.startswith("{"):
        return own_suppression(cell)
    meaning = _STATES.get(cell.casefold())
    reason = meaning if isinstance(meaning, SuppressionReason) else SuppressionReason.MANUAL
    return WantedSuppression(reason, detail=clean(cell))


def _dated(cell: str) -> bool:
    return len(cell) <= LONGEST_DATE and bool(_DATED.fullmatch(_MONTH.sub("", cell).strip()))
