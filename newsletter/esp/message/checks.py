"""What must hold for a letter and for an address, with any provider."""

import re
from collections import Counter
from collections.abc import Iterator
from email.errors import MessageError
from email.headerregistry import Address

from newsletter.esp.port import Letter

_ADDRESS = re.compile(r"[!-~]+@[!-~]+", re.ASCII)
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9_-]{1,63}"
_ORDINARY = re.compile(rf"(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
"""An address that the parser would return unchanged: it takes 50 µs, and sending is per message."""
_INTERNATIONAL = re.compile(
    r"[^\x00-\x20\x7f()<>\[\]:;@\\,\"\s.]+(?:\.[^\x00-\x20\x7f()<>\[\]:;@\\,\"\s.]+)*"
)
_UNUSABLE = "the address cannot be used in an email"
_NAME = re.compile(r"[!-9;-~]+", re.ASCII)
_VALUE = re.compile(r"[ -~]*", re.ASCII)
PROVIDER_HEADERS = frozenset(
    {"from", "to", "reply-to", "subject", "date", "message-id", "mime-version"}
)
"""Headers that a provider writes itself, as well as all that begin with Content-."""


class AddressError(ValueError):
    """An address that cannot be used in a message. `str(error)` is the reason, without it."""


class LetterError(ValueError):
    """A letter that cannot be sent to any recipient. `str(error)` is the reason."""


def ascii_address(address: str) -> str:
    """Return an address with its domain in ASCII, as every server takes it; raise AddressError.

    The standard library decodes an encoded word in an address, line breaks included, so an address
    with `=?` is refused.
    """
    if _ORDINARY.fullmatch(address):
        return address
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local}@{domain.encode('idna').decode()}"
        if not _ADDRESS.fullmatch(written) or "=?" in written:
            raise ValueError  # noqa: TRY301 - one refusal for all reasons
        return Address(addr_spec=written).addr_spec
    except (ValueError, MessageError, LookupError) as error:
        raise AddressError(_UNUSABLE) from error


def international_address(address: str) -> str:
    """Return an address whose local part may be in any script (RFC 6531), its domain in ASCII.

    Raise AddressError. Only servers with SMTPUTF8 take the result if it is not ASCII.
    """
    local, _, domain = address.rpartition("@")
    if local.isascii():
        return ascii_address(address)
    if not _INTERNATIONAL.fullmatch(local) or not local.isprintable():
        raise AddressError(_UNUSABLE)
    return f"{local}@{ascii_address(f'x@{domain}').removeprefix('x@')}"


def problems(letter: Letter) -> list[str]:
    """Return what prevents a letter from being sent to any recipient."""
    return [*_header_problems(letter), *_address_problems(letter)]


def require(letter: Letter) -> None:
    """Raise LetterError unless the letter can be sent."""
    if found := problems(letter):
        raise LetterError("; ".join(found))


def _header_problems(letter: Letter) -> Iterator[str]:
    counted = Counter(name.lower() for name, _value in letter.headers)
    yield from (f"the header {name} is there twice" for name, times in counted.items() if times > 1)
    for name, value in letter.headers:
        if not _NAME.fullmatch(name):
            yield f"{name!r} is not a valid header name"
        elif name.lower() in PROVIDER_HEADERS or name.lower().startswith("content-"):
            yield f"the header {name} is reserved"
        elif not _VALUE.fullmatch(value):
            yield f"the header {name} must be one line of ASCII"


def _address_problems(letter: Letter) -> Iterator[str]:
    mailboxes = {"sender": letter.sender, "reply_to": letter.reply_to}
    for key, mailbox in mailboxes.items():
        try:
            if mailbox:
                ascii_address(mailbox.address)
        except AddressError:
            yield f"the address of {key} cannot be used in an email"
