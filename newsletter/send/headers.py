"""The letter that an edition becomes, with the headers that bulk email must have."""

import re
from datetime import datetime
from email.header import Header

from newsletter.errors import NotAllowed
from newsletter.esp.port import Letter
from newsletter.model import links
from newsletter.model.edition import Edition
from newsletter.model.personalization import placeholder
from newsletter.model.publication import Newsletter, Publication
from subscribers.phrase import Phrase

SENDER_ID = (5, 15)
"""The length that Gmail requires of a Feedback-ID's last part."""


def letter(
    publication: Publication,
    newsletter: Newsletter,
    edition: Edition,
    *,
    kind: str,
    date: datetime,
    origin: str = "",
) -> Letter:
    """Return the letter of an edition; List-Unsubscribe is filled per recipient (RFC 8058).

    `origin` marks it, so that the provider's events about it are recognized as ours.
    """
    own = publication.for_newsletter(newsletter)
    return Letter(
        sender=own.sender,
        reply_to=own.reply_to,
        subject=edition.subject,
        html=edition.html,
        text=edition.text,
        nonce=edition.nonce,
        date=date,
        headers=(
            *unsubscribe_headers(publication, placeholder(edition.nonce, "token", plain=True)),
            ("List-ID", list_id(publication, newsletter)),
            ("Feedback-ID", feedback_id(publication, newsletter, edition.issue_id, kind)),
        ),
        categories=tuple(filter(None, (ascii_only(newsletter.key), origin))),
    )


def unsubscribe_headers(publication: Publication, token: str) -> tuple[tuple[str, str], ...]:
    """Return the one-click pair. It includes the mailto address only if one is configured."""
    ways = [f"<{links.unsubscribe(publication.url, token)}>"]
    if publication.leave_mailto:
        ways.append(f"<mailto:{publication.leave_mailto}?subject={token}>")
    return (
        ("List-Unsubscribe", ", ".join(ways)),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def list_id(publication: Publication, newsletter: Newsletter) -> str:
    """Return the List-ID (RFC 2919): the title for readers, a stable domain for filters."""
    host = publication.sender.address.rpartition("@")[2]
    title = re.sub(r'[\\"\x00-\x1f]', "", newsletter.title)
    phrase = f'"{title}"' if title.isascii() else encoded(title)
    return f"{phrase} <{ascii_only(newsletter.key)}.{host}>"


def encoded(text: str) -> str:
    """Return a text as RFC 2047 encoded words on one line."""
    return Header(text, "utf-8", maxlinelen=10_000).encode(linesep="")


def feedback_id(publication: Publication, newsletter: Newsletter, issue_id: int, kind: str) -> str:
    """Return the Feedback-ID: issue, kind, newsletter, sender; nothing about the recipient."""
    shortest, longest = SENDER_ID
    host = publication.sender.address.rpartition("@")[2]
    sender = re.sub(r"[^a-z0-9]", "", host.lower())[:longest].ljust(shortest, "0")
    return f"{issue_id}:{ascii_only(kind)}:{ascii_only(newsletter.key)}:{sender}"


def ascii_only(text: str) -> str:
    """Return a key as letters, digits and dashes, for headers that allow nothing else."""
    plain = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return plain or f"n{sum(text.encode()) % 10_000}"


def require_address(publication: Publication) -> None:
    """Raise NotAllowed unless a postal address is configured, as the law requires."""
    if not publication.postal_address.strip():
        msg = Phrase(
            "email must include a postal address: set postal_address in [publication] of newsletter.toml"
        )
        raise NotAllowed(msg)
