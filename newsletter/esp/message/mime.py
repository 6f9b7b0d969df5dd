"""A letter to one recipient as a standard message (RFC 5322, 2045, 2369, 8058).

The standard library's header objects are not used. They decode text that looks like an encoded word
and write its content unchanged, line breaks included.
"""

import functools
import re
from collections.abc import Iterator
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote

from newsletter.esp.message.checks import LetterError, ascii_address
from newsletter.esp.port import Letter, Recipient
from newsletter.esp.text import one_line
from newsletter.model.personalization import fill
from newsletter.model.publication import Mailbox

LONGEST_WORD = 60
"""The longest word that fits on one line with the name of its header."""
LONGEST_LINE = 76
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+", re.ASCII)
_WRITTEN = re.compile(r"[\t -~]*(?:\r\n [\t -~]+)*", re.ASCII)
"""A header's value: printable ASCII; a space follows every line break."""


def message(letter: Letter, recipient: Recipient) -> bytes:
    """Return the complete message, text part first, with CRLF line endings.

    The same letter and recipient give the same Message-ID, so that email programs show a duplicate
    only once. Raise AddressError if the recipient's address cannot be used in a header. The caller
    has checked the letter with `checks.require`.
    """
    replacements = recipient.replacements(letter.nonce)
    filled = functools.partial(fill, replacements=replacements)
    mail = EmailMessage(policy=SMTP)
    text, html = filled(letter.text), filled(letter.html)
    mail.set_content(text, cte=_encoding(text))
    mail.add_alternative(html, subtype="html", cte=_encoding(html))
    mail.set_boundary(f"=_{recipient.delivery}_{letter.nonce or 'notice'}")
    head = (_field(name, value) for name, value in _headers(letter, recipient, filled))
    return b"".join(head) + mail.as_bytes()


def message_id(delivery: str, address: str) -> str:
    """Return the stable Message-ID of a delivery."""
    return f"<{delivery}@{address.rpartition('@')[2]}>"


def _headers(
    letter: Letter, recipient: Recipient, filled: functools.partial[str]
) -> Iterator[tuple[str, str]]:
    """Return the headers. The letter's own are never folded: some parsers of links require that."""
    yield from ((name, one_line(filled(value))) for name, value in letter.headers)
    yield "Subject", _words("Subject", one_line(filled(letter.subject)))
    yield "From", _mailbox("From", letter.sender)
    yield "To", _mailbox("To", Mailbox(recipient.name, recipient.address))
    if letter.reply_to:
        yield "Reply-To", _mailbox("Reply-To", letter.reply_to)
    yield "Date", format_datetime(letter.date)
    yield "Message-ID", message_id(recipient.delivery, ascii_address(letter.sender.address))


def _field(name: str, value: str) -> bytes:
    """Write one header; the last guard against a value that would start another header."""
    if not _WRITTEN.fullmatch(value):
        msg = f"the header {name} contains a line break or a control character"
        raise LetterError(msg)
    return f"{name}: {value}\r\n".encode("ascii")


def _words(name: str, text: str) -> str:
    """Write text; encode it unless it is ASCII, foldable and does not look encoded."""
    foldable = max(map(len, text.split()), default=0) <= LONGEST_WORD
    charset = "us-ascii" if _plain(text) and foldable else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")


def _mailbox(name: str, mailbox: Mailbox) -> str:
    address, display = ascii_address(mailbox.address), one_line(mailbox.name)
    if not display:
        return address
    if _plain(display) and len(display) <= LONGEST_WORD:
        phrase = display if _ATOMS.fullmatch(display) else f'"{quote(display)}"'
    else:
        phrase = Header(display, "utf-8", header_name=name).encode(linesep="\r\n")
    line = len(f"{name}: {phrase} <{address}>")
    return f"{phrase} <{address}>" if line <= LONGEST_LINE else f"{phrase}\r\n <{address}>"


def _plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


def _encoding(text: str) -> str:
    """Choose the transfer encoding that keeps the message short and its lines within the limit."""
    foreign = len(text.encode()) - len(text)
    return "base64" if foreign * 3 > len(text) else "quoted-printable"
