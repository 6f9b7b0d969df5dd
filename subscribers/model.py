"""Who people are: addresses, states, tags; no I/O."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from subscribers.errors import AddressRefused, LettersRefused

TAG_LIMIT = 120
"""How many characters a label may have, wherever it comes from."""

_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.ASCII | re.IGNORECASE,
)
BY_IMPORT = "import:"
"""How an origin or a reason begins that names an import."""
WAY_BACK = "way back"
"""The source of a request that leaving makes; no limit counts it."""
_NOWHERE = ("arpa", "invalid", "local", "localhost", "onion", "test")
_LOCAL_LIMIT = 64
_ADDRESS_LIMIT = 254


class State(StrEnum):
    """A person's standing with one newsletter."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    LEFT = "left"


class Frequency(StrEnum):
    """How often somebody wants a newsletter, whatever its cadence."""

    EACH = "each"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class TagKind(StrEnum):
    """A topic is chosen by the subscriber; a label is set by staff only."""

    TOPIC = "topic"
    LABEL = "label"


class Reason(StrEnum):
    """Why an address is never mailed; a later one is stronger."""

    BOUNCE = "bounce"
    MANUAL = "manual"
    COMPLAINT = "complaint"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address as it is mailed, in ASCII, and its key.

    Two spellings of one mailbox share `key`: the whole in lower case, the domain in ASCII.
    """

    text: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "EmailAddress":
        """Read an address; raise AddressRefused with the reason.

        A domain may be written in any script. What is before the @ may not: few servers carry such
        an address (RFC 6531), SendGrid refuses it.
        """
        text = text.strip()
        if _plain(text):
            return cls(text, text.lower())
        try:
            found = validate_email(text, check_deliverability=False, strict=True)
        except EmailNotValidError as error:
            raise AddressRefused(str(error)) from error
        if found.ascii_local_part is None:
            raise LettersRefused
        domain = found.ascii_domain.lower()
        return cls(f"{found.local_part}@{domain}", f"{found.local_part.lower()}@{domain}")


def _plain(text: str) -> bool:
    """Tell whether this is an ordinary ASCII address, for which no library is needed."""
    if len(text) > _ADDRESS_LIMIT or "xn--" in text.lower() or not _PLAIN.fullmatch(text):
        return False
    local, _, domain = text.rpartition("@")
    return len(local) <= _LOCAL_LIMIT and domain.rpartition(".")[2].lower() not in _NOWHERE


def slug(text: str) -> str:
    """Return the form in which tags and topics are compared; letters of every script count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in folded)
    return "-".join("".join(kept).split())


@dataclass(frozen=True, slots=True)
class Subscription:
    """A person's standing with one newsletter, since when and by which way."""

    newsletter: str
    state: State
    frequency: Frequency
    paused_until: datetime | None
    since: datetime
    confirmed_at: datetime | None
    reason: str = ""
    origin: str = ""

    @property
    def lowered(self) -> bool:
        """Tell whether it ended because a list said so, not by an act of their own."""
        return self.state is State.LEFT and self.reason.startswith(BY_IMPORT)


@dataclass(frozen=True, slots=True)
class Tag:
    """What marks a subscriber."""

    slug: str
    name: str
    kind: TagKind


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that we never mail, why, and where we know it from."""

    address_key: str
    reason: Reason
    origin: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with everything that an audience depends on."""

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

    def subscription(self, newsletter: str) -> Subscription | None:
        """Return the standing with one newsletter, or None."""
        return next((one for one in self.subscriptions if one.newsletter == newsletter), None)

    @property
    def slugs(self) -> frozenset[str]:
        """Return the slugs of all tags, topics and labels alike."""
        return frozenset(tag.slug for tag in self.tags)

    @property
    def topics(self) -> frozenset[str]:
        """Return the slugs of the topics that this person follows."""
        return frozenset(tag.slug for tag in self.tags if tag.kind is TagKind.TOPIC)


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for; applied when it is confirmed."""

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

    @property
    def leads_back(self) -> bool:
        """Tell whether leaving made it, so that one link leads back."""
        return self.source == WAY_BACK


@dataclass(frozen=True, slots=True)
class Mail:
    """A notice to queue: its kind, a key that makes it unique, and what it speaks of.

    It holds no link: links are signed when the mail is written. `address` is set only where the
    mail goes to another address than the one on file.
    """

    kind: str
    key: str
    subscriber_id: int
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the off-database journal: who left, is suppressed or erased; no address.

    The number is 0 where the address is nobody's. `origin` names the import that suppressed it.
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
    """Whom to erase from everywhere else: tables, files, mail that waits."""

    subscriber_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a use case did, in a word, and what its caller writes in the same transaction."""

    word: str
    mails: tuple[Mail, ...] = ()
    entries: tuple[Entry, ...] = ()
    erased: Erased | None = None
