"""The SMTP servers that SMTP_URL names, and how the connections to them are protected."""

import re
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.errors import ConfigurationError
from newsletter.esp.wire.loopback import is_loopback

SUBMISSION = 587
SUBMISSIONS = 465
LIMITS = ("weight", "connections", "per_connection", "rate")
"""The options of an address that are numbers."""
_POSITIVE = re.compile(r"[1-9][0-9]{0,6}")
_BETWEEN = re.compile(r"\s*,\s*(?=smtps?://)|\s+")
"""What separates two addresses; a comma may also be part of one."""


class Security(StrEnum):
    """How a connection is protected."""

    IMPLICIT = "TLS from the first byte"
    STARTTLS = "STARTTLS required"
    OFFERED = "STARTTLS if offered"
    OFF = "no TLS"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to submit, with which login and which security; `ca` is a file of trusted keys.

    `weight` is the server's share of the batches. `connections`, `per_connection` and `rate` limit
    its use; 0 is what [smtp] says.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: Security = Security.STARTTLS
    ca: str = ""
    weight: int = 1
    connections: int = 0
    per_connection: int = 0
    rate: int = 0

    @classmethod
    def parse_all(cls, text: str) -> "tuple[SmtpServer, ...]":
        """Read addresses that are separated by spaces or commas; raise ConfigurationError."""
        servers = tuple(map(cls.parse, _BETWEEN.split(text.strip())))
        names = [server.name for server in servers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            msg = f"{_WHERE}{twice[0]} is there twice"
            raise ConfigurationError(msg)
        return servers

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read an address such as smtp://USER:PASSWORD@HOST:PORT?ca=FILE, or smtps://.

        Raise ConfigurationError, which explains what is wrong without repeating the password.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        host = parts.hostname or ""
        known = parts.scheme in {"smtp", "smtps"}
        # An unescaped / # or ? ends the host too early, and the rest of the password follows.
        if not known or not host or port == 0 or parts.path not in {"", "/"} or parts.fragment:
            raise ConfigurationError(EXPECTED)
        options = _options(parts.query)
        security = _security(parts.scheme, host, options)
        return cls(
            host,
            port or (SUBMISSIONS if security is Security.IMPLICIT else SUBMISSION),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            security,
            options.get("ca", ""),
            **{name: int(options[name]) for name in LIMITS if name in options},
        )

    @property
    def name(self) -> str:
        """Return how the server is called in the database and in reports."""
        return f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Return whether it is this machine."""
        return is_loopback(self.host)

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings; raise ConfigurationError if the CA file cannot be used.

        On this machine, a certificate is for the server's public name, so the name is not checked.
        Without a password and without `ca`, the certificate is not checked either: the traffic does
        not leave the machine, and mail servers are installed with a self-signed certificate.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            why = getattr(error, "strerror", None) or "not a certificate in PEM format"
            msg = f"{_WHERE}the file {self.ca} of ?ca= cannot be used: {why}"
            raise ConfigurationError(msg) from error
        if self.is_local and (self.ca or (self.security is Security.OFFERED and not self.password)):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_REQUIRED if self.ca else ssl.CERT_NONE
        return context


def smtp_problem(url: str) -> str:
    """Return what is wrong with the value of SMTP_URL, or an empty string."""
    try:
        SmtpServer.parse_all(url)
    except ConfigurationError as error:
        return str(error).removeprefix(_WHERE)
    return ""


def _options(query: str) -> dict[str, str]:
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as error:
        raise ConfigurationError(EXPECTED) from error
    if unknown := sorted(options.keys() - {"tls", "ca", *LIMITS}):
        known = ", ".join(f"?{name}=" for name in ("tls", "ca", *LIMITS))
        msg = f"{_WHERE}unknown option ?{unknown[0]}=; expected one of {known}"
        raise ConfigurationError(msg)
    for name in LIMITS:
        if not _POSITIVE.fullmatch(options.get(name, "1")):
            msg = f"{_WHERE}?{name}= must be a whole number from 1 on"
            raise ConfigurationError(msg)
    if options.get("tls", "off") != "off":
        msg = f"{_WHERE}expected ?tls=off; without it, TLS is used"
        raise ConfigurationError(msg)
    if "ca" in options and not (
        Path(options["ca"]).is_absolute() and Path(options["ca"]).is_file()
    ):
        msg = f"{_WHERE}?ca= must name a file by its absolute path; found {options['ca']}"
        raise ConfigurationError(msg)
    return options


def _security(scheme: str, host: str, options: dict[str, str]) -> Security:
    off = "tls" in options
    if off and (scheme == "smtps" or "ca" in options):
        msg = f"{_WHERE}?tls=off contradicts smtps:// and ?ca=; remove one of them"
        raise ConfigurationError(msg)
    if scheme == "smtps":
        return Security.IMPLICIT
    if off:
        return Security.OFF
    if is_loopback(host) and "ca" not in options:
        return Security.OFFERED
    return Security.STARTTLS


_WHERE = "SMTP_URL in .env: "
EXPECTED = (
    f"{_WHERE}expected smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465; write special"
    " characters in the user name and the password as percent codes: @ as %40, : as %3A, / as %2F,"
    " # as %23, ? as %3F, % as %25"
)
