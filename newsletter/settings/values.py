"""Parse single values of the configuration; a ValueError says what was expected."""

import ipaddress
import re
from email.utils import getaddresses
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from newsletter.model.publication import Mailbox
from newsletter.settings.reading import nearest
from subscribers.errors import InvalidAddress, UnsupportedAddress
from subscribers.model import EmailAddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
# Keys become part of addresses, List-Id headers and file names: 60 characters fit a DNS label.
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
# Font families are printed into a style attribute, so nothing that could end it is allowed.
_FONTS = re.compile(r"[^<>{};\"\\]+")
_LISTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^\s:]+):(?P<port>\d{1,5})")
_PORTS = range(1, 65536)


def _refusal(text: str, expected: str) -> ValueError:
    return ValueError(f'found "{text}"; expected {expected}')


def timezone(text: str) -> ZoneInfo:
    """Parse the name of a zone in the time zone database."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = nearest(text, available_timezones())
        expected = f'a time zone such as "Asia/Seoul"{hint and f"; {hint}"}'
        raise _refusal(text, expected) from error


def language(text: str) -> str:
    """Parse a language tag."""
    if not _LANGUAGE.fullmatch(text):
        raise _refusal(text, 'a language tag such as "en" or "ko"')
    return text


def mailbox(text: str) -> Mailbox:
    """Parse an address with or without a name; convert its domain to ASCII, as SMTP needs it."""
    expected = 'one address such as "Our Name <brief@example.org>"'
    found = getaddresses([text])
    if len(found) != 1:
        raise _refusal(text, expected)
    name, address = found[0]
    try:
        known = EmailAddress.parse(address)
    except UnsupportedAddress as error:
        ascii_only = "only ASCII letters, digits and signs before the @ (RFC 5321)"
        raise _refusal(text, ascii_only) from error
    except InvalidAddress as error:
        raise _refusal(text, expected) from error
    return Mailbox(name, known.text)


def page(text: str) -> str:
    """Parse the address of a page or a site."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise _refusal(text, 'an address such as "https://www.example.org/feed.xml"')
    return text


def image(text: str) -> str:
    """Parse the address of an image in emails; clients do not show insecure ones."""
    if urlsplit(page(text)).scheme != "https":
        raise _refusal(text, "an address that begins with https://")
    return text


def site(text: str) -> str:
    """Parse the address of the public pages; return it without the trailing slash."""
    parts = urlsplit(page(text))
    if parts.query or parts.fragment:
        raise _refusal(text, 'an address without ? and #, such as "https://news.example.org"')
    return text.rstrip("/")


def secure_origin(text: str) -> str:
    """Parse the address of the desk behind a proxy: a host name of its own, over https."""
    parts = urlsplit(site(text))
    if parts.scheme != "https" or parts.path or parts.username is not None:
        raise _refusal(text, 'https and a host name, such as "https://desk.example.org"')
    return text.rstrip("/").lower()


def color(text: str) -> str:
    """Parse a color in the notation that every email client understands."""
    if not _COLOR.fullmatch(text):
        raise _refusal(text, 'a color such as "#8c1d2f"')
    return text


def fonts(text: str) -> str:
    """Parse a list of font families."""
    if not _FONTS.fullmatch(text):
        raise _refusal(text, "font families such as \"Georgia, 'Times New Roman', serif\"")
    return text


def pattern(text: str) -> str:
    """Check a regular expression and return it."""
    try:
        re.compile(text)
    except re.error as error:
        raise _refusal(text, f"a regular expression ({error})") from error
    return text


def network(text: str) -> Network:
    """Parse the address or network of a proxy."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _refusal(text, 'an address or network such as "10.0.0.0/8"') from error


def listener(text: str) -> str:
    """Check a host and port to listen on and return them."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) not in _PORTS:
        raise _refusal(text, 'a host and port such as "127.0.0.1:8025"')
    return text


def loopback(text: str) -> str:
    """Check a host and port that only this machine can reach and return them."""
    host = listener(text).rpartition(":")[0].strip("[]")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        expected = 'an address of this machine only, such as "127.0.0.1:8026"; see desk_url'
        raise _refusal(text, expected)
    return text


def layout(text: str) -> str:
    """Check the name of a template folder and return it."""
    if not is_key(text):
        raise _refusal(text, "a name of lowercase letters, digits and hyphens")
    return text


def is_key(name: str) -> bool:
    """Return whether a newsletter or source may have this key."""
    return _KEY.fullmatch(name) is not None
