"""The outbox as an inbox: what the outbox provider wrote, read from its .eml files."""

import heapq
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

PAGE = 100
LONGEST_NAME = 200
"""Above 255 bytes, most file systems raise an error instead of finding nothing."""


@dataclass(frozen=True, slots=True)
class StoredEmail:
    """One .eml file as an email program shows it; `name` is the file name without its extension."""

    name: str
    to: str
    sender: str
    subject: str
    date: str
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class OutboxView:
    """A page of the folder in the order of file names; `following` is where the next page starts."""

    emails: tuple[StoredEmail, ...]
    following: str


def page(folder: Path, after: str = "") -> OutboxView:
    """Read the headers of at most 100 emails whose names come after `after`."""
    names = (path.stem for path in folder.glob("*.eml")) if folder.is_dir() else iter(())
    chosen = heapq.nsmallest(PAGE + 1, (name for name in names if name > after))
    emails = tuple(email for name in chosen[:PAGE] if (email := read(folder, name, whole=False)))
    return OutboxView(emails, chosen[PAGE - 1] if len(chosen) > PAGE else "")


def read(folder: Path, name: str, *, whole: bool = True) -> StoredEmail | None:
    """Read one email; return None if the folder has no such file."""
    path = folder / f"{name}.eml"
    if len(name) > LONGEST_NAME or path.parent != folder:
        return None
    try:
        with path.open("rb") as opened:
            parsed = BytesParser(_class=EmailMessage, policy=policy.default).parse(
                opened, headersonly=not whole
            )
    except (FileNotFoundError, IsADirectoryError, ValueError):  # ValueError: a name with a NUL
        return None
    head = StoredEmail(
        name=name,
        to=str(parsed["To"] or ""),
        sender=str(parsed["From"] or ""),
        subject=str(parsed["Subject"] or ""),
        date=str(parsed["Date"] or ""),
    )
    if not whole:
        return head
    return StoredEmail(
        name=head.name,
        to=head.to,
        sender=head.sender,
        subject=head.subject,
        date=head.date,
        headers=tuple((key, str(value)) for key, value in parsed.items()),
        text=_part(parsed, "plain"),
        html=_part(parsed, "html"),
    )


def _part(parsed: EmailMessage, kind: str) -> str:
    body = parsed.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
