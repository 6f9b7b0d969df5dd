"""From the cells of a row to what the row asks for; pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from subscribers.errors import InvalidAddress
from subscribers.model import EmailAddress, SubscriptionState, SuppressionReason, slug
from subscribers.phrase import Phrase
from subscribers.roster.cells import CellError, clean, frequency, language_tag, moment, split, zone
from subscribers.roster.consents import consent_time, states_consent
from subscribers.roster.layout import Layout
from subscribers.roster.names import full_name
from subscribers.roster.own_export import read_own
from subscribers.roster.reading import RawRow
from subscribers.roster.row import (
    ConsentProof,
    ImportRow,
    RefusedRow,
    Terms,
    WantedSubscription,
    WantedSuppression,
)
from subscribers.roster.statuses import RowStatus, StatusColumn, is_no, rank, status_of
from subscribers.roster.tagging import TagReader
from subscribers.roster.vocabulary import StatusField, fold, tells_a_status
from subscribers.store.seen import SeenAddress

_STATES = tuple(sorted(SubscriptionState, key=rank))
_STRENGTHS = tuple(SuppressionReason)
_TAG_COLUMNS = tuple(
    (name, StatusColumn(name, StatusField.STATUS))
    for name in ("topics", "tags", "labels", "consent")
)
_NUMBERS = re.compile(r"[\d:./-]{4,}.*")
_REMEMBERED = 4096  # cells; most of a list repeat
_NOTHING_STATED = RowStatus()


class RowReader:
    """Read the rows of a file under the terms of one import."""

    def __init__(self, terms: Terms, layout: Layout) -> None:
        """Take the terms, and how the file is read."""
        self._terms = terms
        self._layout = layout
        self._tags = TagReader(terms.topics)
        self._status_of = lru_cache(_REMEMBERED)(
            lambda cells: status_of(cells, layout.words, layout.baseline, terms.now)
        )
        self._unstated = self._status_of(())
        self._attested = lru_cache(_REMEMBERED)(self._attesting)

    def status(self, raw: RawRow) -> tuple[str, RowStatus] | None:
        """Return the address key and the status that a row may have; None if it has no address.

        An unknown word is not a yes: its row counts as pending.
        """
        try:
            key = EmailAddress.parse(raw.cells.get("address", "")).key
        except InvalidAddress:
            return None
        try:
            if "subscriptions" in raw.cells:
                return key, self._own_status(raw)
            stated = self._stated(raw)
        except CellError:
            return key, RowStatus(SubscriptionState.PENDING)
        granted = self._granted(raw, stated)
        return key, stated if granted is stated.state else replace(stated, state=granted)

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
            return self._foreign(raw, address)
        except (InvalidAddress, CellError) as error:
            return RefusedRow(raw.number, text, str(error))

    def _foreign(self, raw: RawRow, address: EmailAddress) -> ImportRow:
        cells = raw.cells
        stated = self._stated(raw)
        state = self._granted(raw, stated)
        confirmed = state is SubscriptionState.CONFIRMED
        agreed_at = consent_time(cells.get("consent", ""), self._terms.now) if confirmed else None
        often, unknown_frequency = frequency(cells.get("frequency", ""))
        keys = self._newsletters(cells)
        if not keys and stated.suppression is None:
            msg = Phrase("the row names no newsletter, and none was chosen for the whole file")
            raise CellError(msg)
        attested = self._attestation(cells)
        timezone, unknown_zone = zone(cells)
        return ImportRow(
            raw.number,
            address,
            name=full_name(cells),
            language=language_tag(cells),
            tags=self._tags.read(cells),
            subscriptions=tuple(
                WantedSubscription(key, state, often, since=stated.since, confirmed_at=agreed_at)
                for key in keys
            ),
            proofs=tuple(
                ConsentProof(key, "attested", agreed_at, attested, attested=True) for key in keys
            )
            if confirmed
            else (),
            suppression=stated.suppression,
            created_at=moment(cells.get("created_at", "")),
            unattested=not confirmed and stated == _NOTHING_STATED,
            timezone=timezone,
            withheld=unknown_frequency + unknown_zone,
        )

    def _stated(self, raw: RawRow) -> RowStatus:
        """Return what status columns say, and tags or consents such as “unsubscribed” or “revoked”."""
        stated, cells = raw.statuses, raw.cells
        for header, column in _TAG_COLUMNS:
            if header in cells and (names := _telling(cells[header])):
                stated += tuple((column, name) for name in names)
        return self._status_of(stated) if stated else self._unstated

    def _granted(self, raw: RawRow, stated: RowStatus) -> SubscriptionState:
        """Return the state that a row gets: confirmed only with consent.

        A suppressed address is not confirmed either: if its suppression is lifted, its owner has to
        confirm again.
        """
        if stated.state is not SubscriptionState.CONFIRMED:
            return stated.state
        consent = stated.suppression is None and self._attestation(raw.cells)
        return SubscriptionState.CONFIRMED if consent else SubscriptionState.PENDING

    def _own_status(self, raw: RawRow) -> RowStatus:
        address = EmailAddress.parse(raw.cells["address"])
        row = read_own(raw.number, address, raw.cells, self._terms)
        states = [wanted.state for wanted in row.subscriptions]
        return RowStatus(
            min(states, key=rank, default=SubscriptionState.CONFIRMED),
            row.suppression,
            partly=len(set(states)) > 1,
        )

    def _attestation(self, cells: Mapping[str, str]) -> str:
        """Return who attests that this subscriber agreed; "" if the row says no or is unclear."""
        return self._attested(cells.get("consent", ""), cells.get("consent_source", ""))

    def _attesting(self, cell: str, source: str) -> str:
        if not cell:
            return self._terms.attest
        if not states_consent(cell, self._terms.now):
            return ""
        source = clean(source)
        return f"{source or self._terms.file}: {cell}"[:500]

    def _newsletters(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        if not (cell := cells.get("newsletters", "")):
            return self._terms.into
        found: list[str] = []
        for name in split(cell):
            key = self._terms.newsletters.get(slug(name))
            if key is None:
                msg = Phrase("there is no newsletter “{name}”", name=name)
                raise CellError(msg)
            found.append(key)
        return tuple(dict.fromkeys(found)) or self._terms.into


@lru_cache(_REMEMBERED)
def _telling(cell: str) -> tuple[str, ...]:
    """Return the names in a cell of tags or of consents that tell a status: “withdrawn 2026-03-02”."""
    names = (_NUMBERS.sub("", name) for name in split(cell))
    # A plain no to consent is not a withdrawal.
    return tuple(name for name in names if tells_a_status(name) and not is_no(fold(name)))


def ranks(status: RowStatus) -> tuple[int, int]:
    """Return the rank of a state and the strength of a suppression, as numbers that compare."""
    suppression = status.suppression
    return rank(status.state), -1 if suppression is None else _STRENGTHS.index(suppression.reason)


def lowered(row: ImportRow, seen: SeenAddress) -> ImportRow:
    """Return a row with the lowest status of all rows of its address."""
    if seen.rows == 1:
        return row
    lowest, suppression = _STATES[seen.rank], row.suppression
    if seen.strength >= 0 and (
        suppression is None or _STRENGTHS.index(suppression.reason) < seen.strength
    ):
        suppression = WantedSuppression(_STRENGTHS[seen.strength])
    subscriptions = tuple(
        replace(wanted, state=lowest, confirmed_at=None)
        if rank(wanted.state) > rank(lowest)
        else wanted
        for wanted in row.subscriptions
    )
    if subscriptions == row.subscriptions and suppression == row.suppression:
        return row
    confirmed = {
        wanted.newsletter for wanted in subscriptions if wanted.state is SubscriptionState.CONFIRMED
    }
    return replace(
        row,
        subscriptions=subscriptions,
        suppression=suppression,
        proofs=tuple(proof for proof in row.proofs if proof.newsletter in confirmed),
        withheld=(*row.withheld, "another row of the same address has a lower status"),
    )
