"""A message built by the standard library for one recipient: slow, and the reference for ours.

The body comes from `EmailMessage`, whole, after every placeholder was filled. Only the headers are
written as the program writes them.
"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from newsletter.esp.message.checks import ascii_address
from newsletter.esp.message.headers import field, mailbox, message_id, unstructured
from newsletter.esp.message.mime import boundary
from newsletter.esp.port import Letter, Recipient
from newsletter.esp.text import one_line
from newsletter.model.delivery import edition_mark
from newsletter.model.personalization import fill
from newsletter.model.publication import Mailbox

POLICY = SMTP.clone(max_line_length=76)


def slow_message(letter: Letter, recipient: Recipient) -> bytes:
    """Fill, encode and write a message from the beginning."""
    replacements = recipient.replacements(letter.nonce)
    email = EmailMessage(policy=POLICY)
    text, html = fill(letter.text, replacements), fill(letter.html, replacements)
    email.set_content(text, cte=_encoding(text))
    email.add_alternative(html, subtype="html", cte=_encoding(html))
    email.set_boundary(boundary(letter))
    return b"".join(_headers(letter, recipient, replacements)) + email.as_bytes()


def _headers(letter: Letter, recipient: Recipient, replacements: dict[str, str]) -> list[bytes]:
    subject = one_line(fill(letter.subject, replacements))
    reply_to = letter.reply_to
    host = ascii_address(letter.sender.address)
    return [
        *(field(name, one_line(fill(value, replacements))) for name, value in letter.headers),
        field("Subject", unstructured("Subject", subject)),
        field("From", mailbox("From", letter.sender)),
        field("To", mailbox("To", Mailbox(recipient.name, recipient.address))),
        *([field("Reply-To", mailbox("Reply-To", reply_to))] if reply_to else []),
        field("Date", format_datetime(letter.date)),
        field("Message-ID", message_id(recipient.delivery, edition_mark(letter.nonce), host)),
    ]


def _encoding(text: str) -> str:
    extra = len(text.encode()) - len(text)
    return "base64" if extra * 3 > len(text) else "quoted-printable"
