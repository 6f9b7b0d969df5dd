"""DKIM signatures (RFC 6376) on what is submitted over SMTP. The only importer of dkimpy."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import dkim

from newsletter.errors import ConfigurationError
from newsletter.model.publication import Dkim

SIGNED = (
    *(b"from", b"from"),  # once more than it is there, so that no other From can be added
    *(b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"),
    *(b"list-unsubscribe", b"list-unsubscribe-post", b"list-id", b"feedback-id"),
)
"""Receivers take a one-click unsubscribe only if both of its headers are signed (RFC 8058)."""
_OTHERS = 0o077
_SAMPLE = b"From: checkup@example.org\r\nTo: checkup@example.org\r\n\r\nCheckup.\r\n"

Signer = Callable[[bytes], bytes]


def open_signer(use: Dkim) -> Signer:
    """Return the function that puts a signature before a message.

    Raise ConfigurationError, which names the file, if the key cannot be used. Line ends may be
    changed on the way, so both parts are signed in their relaxed form.
    """
    sign = partial(
        dkim.sign,
        selector=use.selector.encode("ascii"),
        domain=use.domain.encode("idna"),
        privkey=_key(use.key),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(SIGNED),
    )

    def signed(message: bytes) -> bytes:
        header: bytes = sign(message)
        return header + message

    try:
        signed(_SAMPLE)
    except dkim.DKIMException as error:
        msg = f"{use.key} is not a private RSA key in PEM form"
        raise ConfigurationError(msg) from error
    return signed


def published_problem(use: Dkim, txt_of: Callable[..., bytes | None] = dkim.get_txt) -> str:
    """Return why receivers cannot verify our signatures; empty if they can.

    `txt_of` returns the TXT record of a name in DNS.
    """
    try:
        message = open_signer(use)(_SAMPLE)
    except ConfigurationError as error:
        return str(error)
    if dkim.verify(message, dnsfunc=txt_of):
        return ""
    name = f"{use.selector}._domainkey.{use.domain}"
    return f"the TXT record of {name} is missing, or does not belong to the key in {use.key}"


def _key(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        msg = f"the DKIM key {path} cannot be read: {error.strerror or error}"
        raise ConfigurationError(msg) from error
    if mode & _OTHERS:
        msg = f"the DKIM key {path} can be read by other users; run chmod 600 {path}"
        raise ConfigurationError(msg)
    return content
