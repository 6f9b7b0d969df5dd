"""The outbox as a mailbox: what the outbox provider wrote, read from its .eml files."""

import heapq
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

PAGE = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """One .eml file as a mail program shows it; `name` is the file's name without its ending."""

    name: str
    to: str
    sender: str
    subject: str
    date: str
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class MailPage:
    """A page of the folder in the order of file names; `following` names the next page's start."""

    mails: tuple[Mail, ...]
    following: str


def page(folder: Path, after: str = "") -> MailPage:
    """Read the headers of at most 100 mails whose names come after `after`."""
    names = (path.stem for path in folder.glob("*.eml")) if folder.is_dir() else iter(())
    chosen = heapq.nsmallest(PAGE + 1, (name for name in names if name > after))
    mails = tuple(mail for name in chosen[:PAGE] if (mail := read(folder, name, whole=False)))
    return MailPage(mails, chosen[PAGE - 1] if len(chosen) > PAGE else "")


def read(folder: Path, name: str, *, whole: bool = True) -> Mail | None:
    """Read one mail, or None when there is no such file in the folder."""
    path = folder / f"{name}.eml"
    if path.parent != folder or not path.is_file():
        return None
    with path.open("rb") as opened:
        parsed = BytesParser(_class=EmailMessage, policy=policy.default).parse(
            opened, headersonly=not whole
        )
    head = Mail(
        name=name,
        to=str(parsed["To"] or ""),
        sender=str(parsed["From"] or ""),
        subject=str(parsed["Subject"] or ""),
        date=str(parsed["Date"] or ""),
    )
    if not whole:
        return head
    return Mail(
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
