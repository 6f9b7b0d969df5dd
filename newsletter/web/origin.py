"""Where a request comes from: the address that a trusted proxy vouches for."""

import ipaddress
import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from starlette.requests import Request

from newsletter.settings.values import Network

Address = IPv4Address | IPv6Address

_WITH_PORT = re.compile(r"\[(?P<v6>[0-9a-fA-F:.%]+)\](?::\d{1,5})?|(?P<v4>[0-9.]+):\d{1,5}")
"""How proxies write an address with its port: [2001:db8::1]:443 and 203.0.113.9:443."""


def network(request: Request, trusted: Sequence[Network]) -> str:
    """Return the network that a request comes from: an IPv4 address, or an IPv6 /64.

    X-Forwarded-For is read from the right, and only as far as trusted proxies wrote it.
    """
    peer = parse_address(request.client.host) if request.client else None
    lines = request.headers.getlist("x-forwarded-for")  # several lines are one list (RFC 9110, 5.3)
    hops = [hop for hop in ",".join(lines).split(",") if hop.strip()]
    known = peer
    for hop in reversed(hops):
        if known is None or not any(known in proxies for proxies in trusted):
            break
        address = parse_address(hop)
        if address is None:
            break
        known = address
    return _network(known)


def seen(request: Request, trusted: Sequence[Network]) -> dict[str, str | bool]:
    """Return what this program knows of the client, for its own checkup through the proxy.

    `passed` is the header as it arrived; `believed` is whether the peer is a trusted proxy.
    """
    peer = parse_address(request.client.host) if request.client else None
    return {
        "address": network(request, trusted),
        "passed": ", ".join(request.headers.getlist("x-forwarded-for")),
        "believed": peer is not None and any(peer in proxies for proxies in trusted),
    }


def parse_address(text: str) -> Address | None:
    """Return an address that may carry a port, or None. An IPv4 address inside IPv6 is IPv4."""
    text = text.strip().strip('"')
    if found := _WITH_PORT.fullmatch(text):
        text = found["v6"] or found["v4"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _network(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ipaddress.ip_network((address.packed, 64), strict=False))
    return str(address or "")
