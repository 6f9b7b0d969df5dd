"""The headers of a message (RFC 5322, 2047, 2369, 8058), written as text.

The standard library's header objects are not used. They decode text that looks like an encoded word
and write its content unchanged, line breaks included.
"""

import re
from email.header import Header
from email.utils import quote

from newsletter.esp.message.checks import LetterError, ascii_address, international_address
from newsletter.esp.text import one_line
from newsletter.model.publication import Mailbox

LONGEST_WORD = 60
"""The longest word that fits on one line with the name of its header."""
LONGEST_LINE = 76
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+", re.ASCII)
_WRITTEN = re.compile(r"[\t -~]*(?:\r\n [\t -~]+)*", re.ASCII)
"""A header's value: printable ASCII; a space follows every line break."""


def field(name: str, value: str) -> bytes:
    """Write one header; the last guard against a value that would start another header."""
    if not _WRITTEN.fullmatch(value):
        msg = f"the header {name} contains a line break or a control character"
        raise LetterError(msg)
    return f"{name}: {value}\r\n".encode("ascii")


def to_field(name: str, address: str, *, international: bool) -> bytes:
    """Write To. `international` allows an address in UTF-8, as SMTPUTF8 does (RFC 6532)."""
    if not international or address.isascii():
        return field("To", mailbox("To", Mailbox(name, address)))
    address = international_address(address)
    stand_in = "@" * len(address)  # of the same length, and ASCII, so that the rest is checked
    guarded = field("To", _with_name("To", name, stand_in))
    return guarded.replace(stand_in.encode(), address.encode())


def unstructured(name: str, text: str) -> str:
    """Write text; encode it unless it is ASCII, foldable and does not look encoded."""
    foldable = max(map(len, text.split()), default=0) <= LONGEST_WORD
    charset = "us-ascii" if _plain(text) and foldable else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")


def mailbox(name: str, box: Mailbox) -> str:
    """Write a display name and an address; raise AddressError if the address is invalid."""
    return _with_name(name, box.name, ascii_address(box.address))


def _with_name(name: str, display: str, address: str) -> str:
    display = one_line(display)
    if not display:
        return address
    if _plain(display) and len(display) <= LONGEST_WORD:
        phrase = display if _ATOMS.fullmatch(display) else f'"{quote(display)}"'
    else:
        phrase = Header(display, "utf-8", header_name=name).encode(linesep="\r\n")
    line = len(f"{name}: {phrase} <{address}>")
    return f"{phrase} <{address}>" if line <= LONGEST_LINE else f"{phrase}\r\n <{address}>"


def message_id(delivery: str, mark: str, address: str) -> str:
    """Return the stable Message-ID of a delivery; `mark` is that of its edition."""
    return f"<{delivery}{mark}@{address.rpartition('@')[2]}>"


def _plain(text: str) -> bool:
    return text.isascii() and "=?" not in text
