"""From the cells of a row to what the row asks for; pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from subscribers.errors import InvalidAddress
from subscribers.model import (
    TAG_LIMIT,
    EmailAddress,
    Frequency,
    SubscriptionState,
    SuppressionReason,
    Tag,
    TagKind,
    slug,
)
from subscribers.roster.cells import (
    CellError,
    attribute_tags,
    clean,
    frequency,
    full_name,
    language_tag,
    moment,
    objects,
    split,
)
from subscribers.roster.reading import RawRow

TAGS_LIMIT = 200
KEY_LIMIT = 200
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


@dataclass(frozen=True, slots=True)
class Terms:
    """What the words of a file mean here, and what the importer vouches for.

    `topics` maps the slug of every name and alias of a topic to its tag, `newsletters` the slug of
    every key and title to a key. `attest` says where and when everybody in the file agreed.
    """

    file: str
    topics: Mapping[str, Tag] = field(default_factory=dict)
    newsletters: Mapping[str, str] = field(default_factory=dict)
    into: tuple[str, ...] = ()
    attest: str = ""


@dataclass(frozen=True, slots=True)
class ConsentProof:
    """A record of consent as a file brings it; `vouched` means: on the importer's word."""

    newsletter: str
    act: str
    at: datetime | None
    source: str
    wording: str = ""
    network: str = ""
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class WantedSubscription:
    """The standing that a row asks for; CONFIRMED only where consent is attested."""

    newsletter: str
    state: SubscriptionState
    frequency: Frequency = Frequency.EACH
    paused_until: datetime | None = None
    since: datetime | None = None
    confirmed_at: datetime | None = None
    reason: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A suppression that a row brings along."""

    reason: SuppressionReason
    origin: str = ""
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What one row asks for. `person` is False for an address that is only suppressed."""

    number: int
    address: EmailAddress
    name: str = ""
    language: str = ""
    tags: tuple[Tag, ...] = ()
    subscriptions: tuple[WantedSubscription, ...] = ()
    proofs: tuple[ConsentProof, ...] = ()
    blocked: Blocked | None = None
    created_at: datetime | None = None
    acted_at: datetime | None = None
    origin: str = ""
    unattested: bool = False
    person: bool = True


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not taken, and why."""

    number: int
    address: str
    reason: str


class RowReader:
    """Read rows under given terms; remembers the tag cells it has seen, as they repeat."""

    def __init__(self, terms: Terms) -> None:
        """Take the terms of one import."""
        self._terms = terms
        self._configured = frozenset(terms.topics.values())
        self._seen: dict[tuple[str, str], tuple[Tag, ...]] = {}

    def read(self, raw: RawRow) -> ImportRow | RefusedRow:
        """Return what the row asks for, or why it is refused."""
        cells = raw.cells
        text = cells.get("address", "")
        if raw.problem or not text:
            return RefusedRow(raw.number, text, raw.problem or "no address")
        try:
            address = EmailAddress.parse(text)
            if "subscriptions" in cells:
                return self._own(raw.number, address, cells)
            return self._foreign(raw.number, address, cells)
        except InvalidAddress as error:
            return RefusedRow(raw.number, text, str(error))
        except CellError as error:
            return RefusedRow(raw.number, text, str(error))

    def _foreign(self, number: int, address: EmailAddress, cells: Mapping[str, str]) -> ImportRow:
        attested = self._attested(cells)
        state, blocked = _status(cells)
        confirmed = state is SubscriptionState.CONFIRMED and bool(attested)
        granted = (
            state
            if state is not SubscriptionState.CONFIRMED or confirmed
            else SubscriptionState.PENDING
        )
        agreed_at = moment(cells.get("consent", "")) if confirmed else None
        left_at = (
            moment(cells.get("left_at", "")) if state is SubscriptionState.UNSUBSCRIBED else None
        )
        often = frequency(cells.get("frequency", ""))
        keys = self._newsletters(cells)
        if not keys and blocked is None:
            msg = "the row names no newsletter; --newsletter names one for all rows"
            raise CellError(msg)
        proofs = (ConsentProof(key, "attested", agreed_at, attested, vouched=True) for key in keys)
        return ImportRow(
            number,
            address,
            name=full_name(cells),
            language=language_tag(cells),
            tags=self._tags(cells),
            subscriptions=tuple(
                WantedSubscription(key, granted, often, since=left_at, confirmed_at=agreed_at)
                for key in keys
            ),
            proofs=tuple(proofs) if confirmed else (),
            blocked=blocked,
            created_at=moment(cells.get("created_at", "")),
            unattested=state is SubscriptionState.CONFIRMED and not confirmed,
        )

    def _own(self, number: int, address: EmailAddress, cells: Mapping[str, str]) -> ImportRow:
        proofs = tuple(_proof(one) for one in _records(cells, "consents"))
        agreed = {proof.newsletter for proof in proofs if proof.act in {"confirmed", "attested"}}
        wanted = tuple(_wanted(one) for one in _records(cells, "subscriptions"))
        if len({one.newsletter for one in wanted}) < len(wanted):
            msg = "two subscriptions of one newsletter"
            raise CellError(msg)
        added = tuple(
            ConsentProof(one.newsletter, "attested", None, self._terms.attest, vouched=True)
            for one in wanted
            if self._terms.attest
            and one.state is SubscriptionState.CONFIRMED
            and one.newsletter not in agreed
        )
        agreed |= {proof.newsletter for proof in added}
        granted = tuple(_granted(one, agreed) for one in wanted)
        created_at = moment(cells.get("created_at", ""))
        return ImportRow(
            number,
            address,
            name=full_name(cells),
            language=language_tag(cells),
            tags=self._tags(cells),
            subscriptions=granted,
            proofs=proofs + added,
            blocked=_blocked(cells.get("suppressed", "")),
            created_at=created_at,
            acted_at=moment(cells.get("acted_at", "")),
            unattested=granted != wanted,
            person=bool(created_at or wanted),
        )

    def _attested(self, cells: Mapping[str, str]) -> str:
        """Return who vouches that this person agreed; "" where the row says no, or nothing clear."""
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

    def _tags(self, cells: Mapping[str, str]) -> tuple[Tag, ...]:
        found: dict[str, Tag] = {}
        for column, make in (
            ("topics", self._topic),
            ("tags", self._any_tag),
            ("labels", _label),
            ("attributes", self._any_tag),
        ):
            if cell := cells.get(column, ""):
                for tag in self._once(column, cell, make):
                    found.setdefault(tag.slug, tag)
        if len(found) > TAGS_LIMIT:
            msg = f"{len(found)} tags; at most {TAGS_LIMIT} are taken"
            raise CellError(msg)
        return tuple(found.values())

    def _once(self, column: str, cell: str, make: Callable[[str], Tag]) -> tuple[Tag, ...]:
        key = (column, cell)
        if key not in self._seen:
            names = attribute_tags(cell) if column == "attributes" else split(cell)
            made = tuple(make(name) for name in names if slug(name))
            if any(len(tag.name) > TAG_LIMIT for tag in made if tag not in self._configured):
                msg = f"a tag is longer than {TAG_LIMIT} characters"
                raise CellError(msg)
            if len(self._seen) > 10_000:  # noqa: PLR2004 - enough for what repeats, flat in memory
                self._seen.clear()
            self._seen[key] = made
        return self._seen[key]

    def _topic(self, name: str) -> Tag:
        return self._terms.topics.get(slug(name)) or Tag(slug(name), name, TagKind.TOPIC)

    def _any_tag(self, name: str) -> Tag:
        return self._terms.topics.get(slug(name)) or _label(name)


def _label(name: str) -> Tag:
    return Tag(slug(name), name, TagKind.LABEL)


def _status(cells: Mapping[str, str]) -> tuple[SubscriptionState, Blocked | None]:
    """Read the standing that a foreign file states; CONFIRMED here still needs consent."""
    if cells.get("cleaned_at"):
        return SubscriptionState.CONFIRMED, Blocked(
            SuppressionReason.BOUNCE, at=moment(cells["cleaned_at"])
        )
    if cells.get("left_at"):
        return SubscriptionState.UNSUBSCRIBED, None
    blocked = _blocked(cells.get("suppressed", ""))
    word = cells.get("status", "").casefold()
    if not word:
        return SubscriptionState.CONFIRMED, blocked
    meaning = _STATES.get(word)
    if meaning is None:
        msg = (
            f"the status “{word}” is not known; expected subscribed, pending, unsubscribed, bounced"
        )
        raise CellError(msg)
    if isinstance(meaning, SuppressionReason):
        return SubscriptionState.CONFIRMED, Blocked(meaning)
    return meaning, blocked


def _blocked(cell: str) -> Blocked | None:
    if cell.casefold() in _NO:
        return None
    if cell.startswith("{"):
        (one,) = objects(f"[{cell}]", "suppressed")
        return Blocked(
            _reason(_said(one, "reason")),
            _said(one, "origin"),
            _said(one, "detail"),
            moment(_said(one, "at")),
        )
    meaning = _STATES.get(cell.casefold())
    return Blocked(
        meaning if isinstance(meaning, SuppressionReason) else SuppressionReason.MANUAL,
        detail=clean(cell),
    )


def _reason(word: str) -> SuppressionReason:
    return (
        SuppressionReason(word)
        if word in set(SuppressionReason) - {SuppressionReason.ERASED}
        else SuppressionReason.MANUAL
    )


def _records(cells: Mapping[str, str], column: str) -> Iterable[dict[str, Any]]:
    cell = cells.get(column, "")
    return objects(cell, column) if cell else ()


def _said(one: Mapping[str, Any], key: str) -> str:
    """Return a text of an export without the one character that PostgreSQL does not take."""
    return str(one.get(key) or "").replace("\0", "")


def _wanted(one: Mapping[str, Any]) -> WantedSubscription:
    key, state = _said(one, "newsletter"), _said(one, "state")
    if not key or len(key) > KEY_LIMIT or state not in set(SubscriptionState):
        msg = f"newsletter “{key[:40]}” in state “{state[:40]}”: no export of ours wrote this"
        raise CellError(msg)
    return WantedSubscription(
        key,
        SubscriptionState(state),
        frequency(_said(one, "frequency")),
        moment(_said(one, "paused_until")),
        moment(_said(one, "since")),
        moment(_said(one, "confirmed_at")),
        _said(one, "reason"),
        _said(one, "origin"),
    )


def _dated(cell: str) -> bool:
    return len(cell) <= LONGEST_DATE and bool(_DATED.fullmatch(_MONTH.sub("", cell).strip()))


def _granted(wanted: WantedSubscription, agreed: set[str]) -> WantedSubscription:
    """Take back what no record of consent bears out."""
    if wanted.state is not SubscriptionState.CONFIRMED or wanted.newsletter in agreed:
        return wanted
    return WantedSubscription(
        wanted.newsletter, SubscriptionState.PENDING, wanted.frequency, wanted.paused_until
    )


def _proof(one: Mapping[str, Any]) -> ConsentProof:
    return ConsentProof(
        _said(one, "newsletter"),
        _said(one, "act"),
        moment(_said(one, "at")),
        _said(one, "source"),
        _said(one, "wording"),
        _said(one, "network"),
    )
