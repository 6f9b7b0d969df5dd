"""How inboxes show an email before it is opened: sender, subject and preview, each cut to fit."""

from dataclasses import dataclass

from newsletter.render.plain import width

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class InboxClient:
    """An email client and the columns that it has for each part of a row.

    If `shared`, the preview gets what the subject leaves of both. The figures are those of a
    window or phone of usual size; no client publishes them.
    """

    name: str
    sender: int
    subject: int
    preview: int
    shared: bool = False


CLIENTS = (
    InboxClient("Gmail in a browser", 20, 70, 50, shared=True),
    InboxClient("Outlook for Windows", 30, 52, 52),
    InboxClient("Apple Mail on a Mac", 30, 58, 110),
    InboxClient("Mail on an iPhone", 26, 38, 80),
    InboxClient("Gmail on Android", 26, 38, 42),
)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A row as one client shows it."""

    client: str
    sender: str
    subject: str
    preview: str


def rows(sender: str, subject: str, preheader: str) -> list[InboxRow]:
    """Return the row of an email in each client."""
    return [_row(client, sender, subject, preheader) for client in CLIENTS]


def _row(client: InboxClient, sender: str, subject: str, preheader: str) -> InboxRow:
    shown = cut(subject, client.subject)
    left = client.subject - width(shown) if client.shared else 0
    return InboxRow(
        client.name, cut(sender, client.sender), shown, cut(preheader, client.preview + left)
    )


def cut(text: str, columns: int) -> str:
    """Return as much of a text as fits, ending with an ellipsis if it was cut."""
    if width(text) <= columns:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > columns - 1:
            break
        kept += char
    return kept.rstrip() + ELLIPSIS
