"""The URL of the mailbox that emails come back to: a Maildir on this machine, or IMAP.

    maildir:/var/mail/bounces?then=delete
    imaps://user:password@imap.example.org/INBOX?then=move:Bounces

`then` is what happens to an email once it is taken in: `keep` marks it as read (the default).
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from newsletter.errors import ConfigurationError

PORTS = {"imaps": 993, "imap": 143}
_HERE = {"localhost", "127.0.0.1", "::1"}
_EXPECTED = "expected maildir:/path or imaps://user:password@host/FOLDER"


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """Where a mailbox is; `path` is the folder of a Maildir, or the name of an IMAP folder.

    `then` is keep, delete or move; `target` is the folder to move to.
    """

    scheme: str
    path: str
    then: str
    target: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> "MailboxAddress":
        """Parse a URL; raise ConfigurationError, which does not repeat it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigurationError(_EXPECTED) from error
        given = parse_qs(parts.query).get("then", ["keep"])[-1]
        then, _, target = given.partition(":")
        if then not in {"keep", "delete", "move"} or (then == "move") != bool(target):
            msg = "expected then=keep, then=delete or then=move:FOLDER"
            raise ConfigurationError(msg)
        if parts.scheme == "maildir":
            return _maildir(parts, then)
        if parts.scheme not in PORTS or not parts.hostname or not parts.username:
            raise ConfigurationError(_EXPECTED)
        if parts.scheme == "imap" and parts.hostname not in _HERE:
            msg = "imap:// is for this machine only; use imaps://, which encrypts the password"
            raise ConfigurationError(msg)
        return cls(
            parts.scheme,
            unquote(parts.path.strip("/")) or "INBOX",
            then,
            target,
            parts.hostname,
            port or PORTS[parts.scheme],
            unquote(parts.username),
            unquote(parts.password or ""),
        )


def mailbox_problem(url: str) -> str:
    """Return what is wrong with the URL of a mailbox; empty if nothing is."""
    try:
        MailboxAddress.parse(url)
    except ConfigurationError as error:
        return str(error)
    return ""


def _maildir(parts: SplitResult, then: str) -> MailboxAddress:
    if then == "move":
        msg = "a Maildir knows then=keep and then=delete"
        raise ConfigurationError(msg)
    if not parts.path.startswith("/"):
        raise ConfigurationError(_EXPECTED)
    return MailboxAddress(parts.scheme, unquote(parts.path), then, "")
