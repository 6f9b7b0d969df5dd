"""What must be true of a letter and of an address, whoever carries them."""

import re
from collections import Counter
from collections.abc import Iterator
from email.errors import MessageError
from email.headerregistry import Address

from newsletter.esp.port import Letter

_ADDRESS = re.compile(r"[!-~]+@[!-~]+", re.ASCII)
_NAME = re.compile(r"[!-9;-~]+", re.ASCII)
_VALUE = re.compile(r"[ -~]*", re.ASCII)
OURS = frozenset({"from", "to", "reply-to", "subject", "date", "message-id", "mime-version"})
"""Headers that a provider writes itself, with all that begin with Content-."""


class AddressError(ValueError):
    """An address that cannot stand in a message; `str(error)` is the reason, without it."""


class LetterError(ValueError):
    """A letter that nobody can be sent; `str(error)` is the reason."""


def ascii_address(address: str) -> str:
    """Return an address as every server takes it: its domain in ASCII; raise AddressError.

    The standard library decodes an encoded word in an address, line breaks and all; none is let in.
    """
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local}@{domain.encode('idna').decode()}"
        if not _ADDRESS.fullmatch(written) or "=?" in written:
            raise ValueError  # noqa: TRY301 - one refusal for all reasons
        return Address(addr_spec=written).addr_spec
    except (ValueError, MessageError, LookupError) as error:
        msg = "the address cannot stand in a message"
        raise AddressError(msg) from error


def problems(letter: Letter) -> list[str]:
    """Return what keeps a letter from being sent to anybody."""
    return [*_header_problems(letter), *_address_problems(letter)]


def require(letter: Letter) -> None:
    """Raise LetterError unless the letter can be sent."""
    if found := problems(letter):
        raise LetterError("; ".join(found))


def _header_problems(letter: Letter) -> Iterator[str]:
    counted = Counter(name.lower() for name, _value in letter.headers)
    yield from (f"the header {name} stands twice" for name, times in counted.items() if times > 1)
    for name, value in letter.headers:
        if not _NAME.fullmatch(name):
            yield f"{name!r} is no name of a header"
        elif name.lower() in OURS or name.lower().startswith("content-"):
            yield f"the header {name} is reserved"
        elif not _VALUE.fullmatch(value):
            yield f"the header {name} must be one line of ASCII"


def _address_problems(letter: Letter) -> Iterator[str]:
    given = {"sender": letter.sender, "reply_to": letter.reply_to}
    for what, mailbox in given.items():
        try:
            if mailbox:
                ascii_address(mailbox.address)
        except AddressError:
            yield f"the address of {what} cannot stand in a message"
