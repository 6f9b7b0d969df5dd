"""Read the rows of our own exports: subscriptions, consents and suppressions as JSON; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from subscribers.model import EmailAddress, SubscriptionState, SuppressionReason
from subscribers.phrase import Phrase
from subscribers.roster.cells import (
    CellError,
    clean,
    frequency,
    language_tag,
    moment,
    objects,
    zone,
)
from subscribers.roster.row import (
    ConsentProof,
    ImportRow,
    Terms,
    WantedSubscription,
    WantedSuppression,
)

KEY_LIMIT = 200
NAME_LIMIT = 200
_CONSENT = frozenset({"confirmed", "attested"})
# What version 0.1 wrote; its exports are still imported.
_STATES_BEFORE = {"left": SubscriptionState.UNSUBSCRIBED.value}


def read_own(
    number: int, address: EmailAddress, cells: Mapping[str, str], terms: Terms
) -> ImportRow:
    """Return what a row of our own export asks for, without its tags; raise CellError."""
    proofs = tuple(_proof(record) for record in _records(cells, "consents"))
    wanted = tuple(_subscription(record) for record in _records(cells, "subscriptions"))
    if len({subscription.newsletter for subscription in wanted}) < len(wanted):
        msg = Phrase("two subscriptions to the same newsletter")
        raise CellError(msg)
    agreed = {proof.newsletter for proof in proofs if proof.act in _CONSENT}
    attested = _attested(wanted, agreed, terms)
    agreed |= {proof.newsletter for proof in attested}
    granted = tuple(_granted(subscription, agreed) for subscription in wanted)
    created_at = moment(cells.get("created_at", ""))
    timezone, unknown = zone(cells)
    return ImportRow(
        number,
        address,
        name=clean(cells.get("name", ""))[:NAME_LIMIT].rstrip(),
        language=language_tag(cells),
        subscriptions=granted,
        proofs=proofs + attested,
        suppression=own_suppression(cells.get("suppressed", "")),
        created_at=created_at,
        acted_at=moment(cells.get("acted_at", "")),
        unattested=granted != wanted,
        person=bool(created_at or wanted),
        answers=_answers(cells.get("answers", "")),
        timezone=timezone,
        withheld=unknown,
    )


def own_suppression(cell: str) -> WantedSuppression | None:
    """Read a suppression as our export writes it; raise CellError."""
    if not cell:
        return None
    (record,) = objects(f"[{cell}]", "suppressed")
    word = _text(record, "reason")
    # An import never marks an address as erased: only its owner can ask for that.
    known = word in set(SuppressionReason) - {SuppressionReason.ERASED}
    return WantedSuppression(
        SuppressionReason(word) if known else SuppressionReason.MANUAL,
        _text(record, "origin"),
        _text(record, "detail"),
        moment(_text(record, "at")),
    )


def _answers(cell: str) -> dict[str, str]:
    """Read what a subscriber answered; raise CellError."""
    if not cell:
        return {}
    (record,) = objects(f"[{cell}]", "answers")
    return {clean(key)[:KEY_LIMIT]: clean(_text(record, key))[:NAME_LIMIT] for key in record}


def _records(cells: Mapping[str, str], column: str) -> Iterable[dict[str, Any]]:
    cell = cells.get(column, "")
    return objects(cell, column) if cell else ()


def _text(record: Mapping[str, Any], key: str) -> str:
    """Return a text without NUL, the one character that PostgreSQL does not store."""
    return str(record.get(key) or "").replace("\0", "")


def _subscription(record: Mapping[str, Any]) -> WantedSubscription:
    key, state = _text(record, "newsletter"), _text(record, "state")
    state = _STATES_BEFORE.get(state, state)
    if not key or len(key) > KEY_LIMIT or state not in set(SubscriptionState):
        msg = Phrase(
            "newsletter “{key}” in state “{state}” is not from one of our exports",
            key=key[:40],
            state=state[:40],
        )
        raise CellError(msg)
    return WantedSubscription(
        key,
        SubscriptionState(state),
        frequency(_text(record, "frequency"))[0],
        moment(_text(record, "paused_until")),
        moment(_text(record, "since")),
        moment(_text(record, "confirmed_at")),
        _text(record, "reason"),
        _text(record, "origin"),
    )


def _proof(record: Mapping[str, Any]) -> ConsentProof:
    return ConsentProof(
        _text(record, "newsletter"),
        _text(record, "act"),
        moment(_text(record, "at")),
        _text(record, "source"),
        _text(record, "wording"),
        _text(record, "network"),
    )


def _attested(
    wanted: Iterable[WantedSubscription], agreed: set[str], terms: Terms
) -> tuple[ConsentProof, ...]:
    """Return the proofs that the importer's attestation adds to those in the file."""
    if not terms.attest:
        return ()
    return tuple(
        ConsentProof(subscription.newsletter, "attested", None, terms.attest, attested=True)
        for subscription in wanted
        if subscription.state is SubscriptionState.CONFIRMED
        and subscription.newsletter not in agreed
    )


def _granted(wanted: WantedSubscription, agreed: set[str]) -> WantedSubscription:
    """Return the subscription as pending if no record of consent supports it."""
    if wanted.state is not SubscriptionState.CONFIRMED or wanted.newsletter in agreed:
        return wanted
    return replace(
        WantedSubscription(wanted.newsletter, SubscriptionState.PENDING),
        frequency=wanted.frequency,
        paused_until=wanted.paused_until,
    )
