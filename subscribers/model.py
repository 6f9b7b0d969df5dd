"""Subscribers as values: addresses, states, reasons and tags; no I/O."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from typing_extensions import override

from subscribers.errors import InvalidAddress, UnsupportedAddress

TAG_LIMIT = 120
"""Maximum length of a label in characters, wherever it comes from."""

_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.ASCII,
)
_SIGNS = (
    (re.compile(r"(?<=[\w+])\+"), " plus "),  # C++, A+
    (re.compile(r"(?<=\w)#"), " sharp "),  # C#; but "#climate" is "climate"
    (re.compile(r"(?<=\w)&(?=\w)"), " and "),  # R&D; but "Arts & Culture" is "arts-culture"
    (re.compile(r"(?<!\S)\.(?=\w)"), " dot "),  # .NET
)
_SEPARATORS = re.compile(r"[\s_\u2010-\u2015-]+")
AUTHOR, MUTE = "author:", "mute:"
"""Prefixes of the tags by which subscribers follow an author, and mute a topic or an author."""
_PREFIXES = re.compile(r"\s*(mute:)?\s*(author:)?", re.IGNORECASE)
BY_IMPORT = "import:"
"""Prefix of an origin or a reason that names an import."""
BY_SOFT_BOUNCES = "soft bounces"
"""Origin of a suppression after several soft bounces; a delivery that is reported late lifts it."""
ATTESTED = "attested:"
"""Prefix of the origin of a subscription that staff confirmed, with evidence of consent."""
INACTIVE = "inactive"
"""Reason of a pause: the subscriber was asked whether they still want the newsletter, and did not answer."""
WITHOUT_END = datetime(9000, 1, 1, tzinfo=UTC)
"""The end of a pause that lasts until the subscriber ends it."""
READER = "reader"
"""The actor recorded for what subscribers do themselves."""
ASKED = "asked by staff"
"""Source of the request that asks an imported subscriber to confirm."""
WAY_BACK = "way back"
"""Source of the request that an unsubscribe creates; sign-up limits do not count it."""
# Special-use names (RFC 6761, RFC 7686): no public mail server answers for them.
_UNREACHABLE_DOMAINS = ("arpa", "invalid", "local", "localhost", "onion", "test")
_LOCAL_LIMIT = 64  # RFC 5321, 4.5.3.1.1
_ADDRESS_LIMIT = 254  # RFC 3696, erratum 1690


class SubscriptionState(StrEnum):
    """The status of a subscription to one newsletter."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class Frequency(StrEnum):
    """How often a subscriber wants a newsletter, independent of its cadence."""

    EACH = "each"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class TagKind(StrEnum):
    """A topic (or an author) is followed, a mute hides one; a label is set by staff only."""

    TOPIC = "topic"
    LABEL = "label"
    MUTE = "mute"


class SuppressionReason(StrEnum):
    """Why an address is never emailed. Each reason is stronger than those above it."""

    BOUNCE = "bounce"
    MANUAL = "manual"
    COMPLAINT = "complaint"
    ERASED = "erased"


class ExclusionReason(StrEnum):
    """Why a subscriber does not get an issue. The values are stored with the issue."""

    ERASED = "erased"
    NOT_SUBSCRIBED = "not subscribed"
    SUPPRESSED_BOUNCE = "suppressed:bounce"
    SUPPRESSED_MANUAL = "suppressed:manual"
    SUPPRESSED_COMPLAINT = "suppressed:complaint"
    SUPPRESSED_ERASED = "suppressed:erased"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    PAUSED = "paused"
    OUTSIDE_SEGMENT = "not in the segment"
    WEEKLY = "frequency: weekly"
    MONTHLY = "frequency: monthly"
    DAILY_LIMIT = "daily limit"

    @classmethod
    def suppressed(cls, reason: SuppressionReason) -> "ExclusionReason":
        """Return the reason for an address that is suppressed."""
        return cls(f"suppressed:{reason.value}")

    @classmethod
    def by_digest(cls, frequency: Frequency) -> "ExclusionReason":
        """Return the reason for a subscriber who gets a digest instead."""
        return cls(f"frequency: {frequency.value}")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address as email is sent to it, in ASCII, and its key.

    Spellings of the same mailbox share `key`: lower case, with the domain in ASCII.
    """

    text: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "EmailAddress":
        """Parse an address; raise InvalidAddress with the reason.

        The domain may use any script. The part before the @ must be ASCII: few servers support
        RFC 6531, and SendGrid refuses such addresses.
        """
        text = text.strip()
        if text.isascii() and _plain(key := text.lower()):
            return cls(text, key)
        # Few addresses need it, and most commands parse none.
        from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

        try:
            found = validate_email(text, check_deliverability=False, strict=True)
        except EmailNotValidError as error:
            raise InvalidAddress(str(error)) from error
        if found.ascii_local_part is None:
            raise UnsupportedAddress
        domain = found.ascii_domain.lower()
        return cls(f"{found.local_part}@{domain}", f"{found.local_part.lower()}@{domain}")


def _plain(text: str) -> bool:
    """Return whether a text in lower case is an ordinary address.

    Parsing such an address with email-validator takes 20 times as long, which matters for imports.
    """
    if len(text) > _ADDRESS_LIMIT or "xn--" in text or not _PLAIN.fullmatch(text):
        return False
    local, _, domain = text.rpartition("@")
    return len(local) <= _LOCAL_LIMIT and domain.rpartition(".")[2] not in _UNREACHABLE_DOMAINS


def slug(text: str) -> str:
    """Return the form in which tags and topics are compared; letters of every script are kept.

    A sign that is part of a word becomes a word: C++, C# and C are three tags. The prefixes
    `author:` and `mute:` stay in front: "Author: Ada Quell" is `author:ada-quell`.
    """
    prefix, name = _prefixed(text)
    found = _bare_slug(name)
    return prefix + found if found else ""


def _prefixed(text: str) -> tuple[str, str]:
    """Split the prefixes off a tag, in lower case."""
    found = _PREFIXES.match(text)
    if found is None or not found.group().strip():
        return "", text
    return "".join(found.groups("")).lower(), text[found.end() :].strip()


def _bare_slug(text: str) -> str:
    folded = _folded(text)
    for sign, word in _SIGNS:
        folded = sign.sub(word, folded)
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in folded)
    return "-".join("".join(kept).split())


def spelling(text: str) -> str:
    """Return a name as it is told from others with the same slug: with its signs."""
    return "-".join(_SEPARATORS.split(_folded(text).lstrip("# ").rstrip()))


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.replace("\u266f", "#")  # the sharp of music


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription to one newsletter: its state, since when, and where it came from."""

    newsletter: str
    state: SubscriptionState
    frequency: Frequency
    paused_until: datetime | None
    since: datetime
    confirmed_at: datetime | None
    reason: str = ""
    origin: str = ""

    @property
    def on_record(self) -> bool:
        """Return whether it rests on a record of consent, rather than on an answer to our email."""
        return self.origin.startswith((BY_IMPORT, ATTESTED))

    @property
    def paused_as_inactive(self) -> bool:
        """Return whether it is paused because the subscriber did not answer."""
        return self.reason == INACTIVE and self.paused_until == WITHOUT_END

    @property
    def ended_by_import(self) -> bool:
        """Return whether an import ended it, rather than the subscriber."""
        return self.state is SubscriptionState.UNSUBSCRIBED and self.reason.startswith(BY_IMPORT)


@dataclass(frozen=True, slots=True)
class Tag:
    """A topic or label of a subscriber."""

    slug: str
    name: str
    kind: TagKind


def inbox_of(address_key: str) -> str:
    """Return the key of an address without its tag: ann+a@ arrives in the inbox of ann@."""
    local, _, domain = address_key.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


@dataclass(frozen=True, slots=True, order=True)
class ImportChunk:
    """A chunk of an import, named by its last row."""

    import_id: int
    last_row: int

    @classmethod
    def parse(cls, text: str) -> "ImportChunk":
        """Return the chunk that `str(chunk)` names."""
        import_id, _, last_row = text.partition("/")
        return cls(int(import_id), int(last_row))

    @override
    def __str__(self) -> str:
        """Return the name of a chunk, such as 7/5000."""
        return f"{self.import_id}/{self.last_row}"


def free_tag(name: str) -> Tag:
    """Return the tag of a name that is not a topic of the configuration: its prefix says what it is."""
    own, shown = slug(name), "".join(_prefixed(name))
    if own.startswith(MUTE):
        return Tag(own, shown, TagKind.MUTE)
    return Tag(own, shown, TagKind.TOPIC if own.startswith(AUTHOR) else TagKind.LABEL)


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that is never emailed, with the reason and its origin."""

    address_key: str
    reason: SuppressionReason
    origin: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber with everything that an audience depends on.

    `answers` are what they wrote into the configured fields of the sign-up form, by key. `timezone`
    is the name of their zone, such as Asia/Seoul; empty if it is not known.
    """

    id: int
    address: str
    address_key: str
    name: str
    language: str
    origin: str
    created_at: datetime
    acted_at: datetime | None = None
    subscriptions: tuple[Subscription, ...] = ()
    tags: tuple[Tag, ...] = ()
    suppressed: Suppression | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    timezone: str = ""

    def subscription(self, newsletter: str) -> Subscription | None:
        """Return the subscription to a newsletter, or None."""
        return next((found for found in self.subscriptions if found.newsletter == newsletter), None)

    @property
    def slugs(self) -> frozenset[str]:
        """Return the slugs of all topics and labels."""
        return frozenset(tag.slug for tag in self.tags)

    @property
    def topics(self) -> frozenset[str]:
        """Return the slugs of the topics that this subscriber follows."""
        return frozenset(tag.slug for tag in self.tags if tag.kind is TagKind.TOPIC)


@dataclass(frozen=True, slots=True)
class SignUpRequest:
    """A request to subscribe; it is applied when it is confirmed."""

    id: int
    subscriber_id: int
    at: datetime
    newsletters: tuple[str, ...]
    topics: tuple[str, ...]
    language: str
    source: str
    wording: str
    network: str
    confirmed_at: datetime | None
    name: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def leads_back(self) -> bool:
        """Return whether an unsubscribe created it, so that one link can reverse it."""
        return self.source == WAY_BACK


class NoticeKind(StrEnum):
    """The kinds of notices: single automatic emails. Each has a folder of templates."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    STILL_WANTED = "still-wanted"
    MANAGE = "manage"
    ADDRESS_CHANGE = "address-change"
    ALERT = "alert"
    REPORT = "report"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class NoticeIntent:
    """A notice to queue: its kind, a key that makes it unique, and its values.

    It contains no link: links are signed when the notice is rendered. `address` is set only if the
    notice goes to an address other than the one on file.
    """

    kind: NoticeKind
    key: str
    subscriber_id: int
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A line of the journal beside the database; it contains no address.

    The subscriber ID is 0 if the address belongs to no subscriber. `origin` names the import that
    suppressed the address.
    """

    act: str
    at: datetime
    subscriber_id: int
    hash: str
    newsletter: str = ""
    reason: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Erased:
    """A subscriber to erase from everywhere else: tables, files, queued notices."""

    subscriber_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a use case did, and what its caller writes in the same transaction."""

    outcome: str
    notices: tuple[NoticeIntent, ...] = ()
    entries: tuple[JournalEntry, ...] = ()
    erased: Erased | None = None
