"""A letter to one recipient as a standard message (RFC 5322, 2045, 2369, 8058)."""

import functools
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from newsletter.esp.port import Letter, Recipient
from newsletter.model.personalization import fill
from newsletter.model.publication import Mailbox

LONGEST_WORD = 60
"""Characters of a word in a subject that still fits on a line with its name."""


class AddressError(ValueError):
    """An address that cannot stand in a message; `str(error)` is the reason, without it."""


def message(letter: Letter, recipient: Recipient) -> bytes:
    """Return the complete message, text part first, with lines ended by CRLF.

    The same letter and recipient give the same Message-ID, so that a mail program shows a doubled
    one once. Raise AddressError when the recipient's address cannot stand in a header.
    """
    replacements = recipient.replacements(letter.nonce)
    filled = functools.partial(fill, replacements=replacements)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _mailbox(letter.sender)
    mail["To"] = _mailbox(Mailbox(recipient.name, recipient.address))
    if letter.reply_to:
        mail["Reply-To"] = _mailbox(letter.reply_to)
    mail["Date"] = format_datetime(letter.date)
    mail["Message-ID"] = message_id(recipient.delivery, letter.sender.address)
    text, html = filled(letter.text), filled(letter.html)
    mail.set_content(text, cte=_encoding(text))
    mail.add_alternative(html, subtype="html", cte=_encoding(html))
    boundary = f"=_{recipient.delivery}_{letter.nonce or 'notice'}"
    mail.set_boundary(boundary)
    return _raw(letter, filled) + _subject(filled(letter.subject)) + mail.as_bytes()


def message_id(delivery: str, address: str) -> str:
    """Return the stable Message-ID of a delivery."""
    return f"<{delivery}@{address.rpartition('@')[2]}>"


def one_line(text: str) -> str:
    """Return a text that cannot begin another header."""
    return " ".join(text.split())


def _raw(letter: Letter, filled: functools.partial[str]) -> bytes:
    """Write the headers that must not be folded: the parser would encode a long address in one."""
    lines = (f"{name}: {one_line(filled(value))}\r\n" for name, value in letter.headers)
    return "".join(lines).encode("ascii")


def _subject(text: str) -> bytes:
    """Write the subject; the message's own policy would leave the first line of a long one empty.

    What is not ASCII, cannot be folded, or would read as encoded, is encoded (RFC 2047).
    """
    line = one_line(text)
    plain = line.isascii() and "=?" not in line
    foldable = max(map(len, line.split()), default=0) <= LONGEST_WORD
    charset = "us-ascii" if plain and foldable else "utf-8"
    folded = Header(line, charset, header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {folded}\r\n".encode("ascii")


def _mailbox(mailbox: Mailbox) -> Address:
    local, _, domain = mailbox.address.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
        return Address(display_name=one_line(mailbox.name), addr_spec=address)
    except (ValueError, MessageError, LookupError) as error:
        msg = "the address cannot stand in a message"
        raise AddressError(msg) from error


def _encoding(text: str) -> str:
    """Choose the transfer encoding that keeps the message short and its lines legal."""
    foreign = len(text.encode()) - len(text)
    return "base64" if foreign * 3 > len(text) else "quoted-printable"
