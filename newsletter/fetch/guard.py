"""Connect only to public addresses, within a deadline.

The check is made on the connected address, for every connection. Neither a redirect nor a name
that resolves differently the second time (DNS rebinding) can lead to a private network.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import httpcore2
from typing_extensions import override

from newsletter.errors import FetchFailed
from subscribers.phrase import Phrase

Resolve = Callable[[str, int], Iterable[str]]

# IPv6 addresses that end in an IPv4 address: both kinds of NAT64, IPv4-compatible and IPv4-translated.
_ENDING_IN_IPV4 = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96"))
)
# Written out, so that the answer does not depend on the version of the interpreter.
# https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 counterpart.
_NOT_PUBLIC_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        ),
    )
)  # fmt: skip
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        ipaddress.IPv6Network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
# Never opened, not even for an intranet: link-local addresses, where clouds keep their keys
# (Azure's is 168.63.129.16, Alibaba's 100.100.100.200, Oracle's 192.0.0.192; over IPv6, Amazon's is
# fd00:ec2::254 and Google's fd20:ce::254), multicast and "this host".
_CLOSED_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "224.0.0.0/4",
            "255.255.255.255/32",
        ),
    )
)  # fmt: skip
_CLOSED_6 = tuple(
    map(
        ipaddress.IPv6Network,
        ("fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::/32"),
    )
)


class Trust(Enum):
    """Which addresses a request may connect to.

    OUTSIDE allows public addresses. INSIDE also allows private and loopback addresses, for the
    scheme, host and port of a source with `allow_private`. Link-local addresses (cloud metadata
    services) are never allowed.
    """

    OUTSIDE = "outside"
    INSIDE = "inside"


class PrivateAddress(FetchFailed):
    """The address is in a network that the request may not connect to."""


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, in the order the system prefers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(record[4][0]) for record in found))


def is_public(address: str) -> bool:
    """Return whether an address is public.

    Private, loopback, link-local, carrier-grade NAT, multicast and reserved addresses are not,
    and neither are IPv6 addresses that embed one (mapped, 6to4, Teredo, NAT64).
    """
    parsed = _parsed(address)
    if parsed is None:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _NOT_PUBLIC_4)
    inner = _carried(parsed)
    if inner is not None:
        return is_public(str(inner))
    return parsed in _PUBLIC_6 and not any(parsed in network for network in _NOT_PUBLIC_6)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None


def may_connect(address: str, trust: Trust) -> bool:
    """Return whether a request with this trust may connect to an address."""
    if is_public(address) or trust is Trust.OUTSIDE:
        return is_public(address)
    parsed = _parsed(address)
    if parsed is None:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _CLOSED_4)
    inner = _carried(parsed)
    if inner is not None and not parsed.is_loopback:
        return may_connect(str(inner), trust)
    return not any(parsed in network for network in _CLOSED_6)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _ENDING_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class FetchDeadline(threading.local):
    """The deadline of this thread's request, on the monotonic clock."""

    at: float = float("inf")

    def start(self, seconds: float) -> None:
        """Set the deadline of the request that starts now."""
        self.at = time.monotonic() + seconds

    def left(self, wanted: float | None) -> float:
        """Return how long a step may take. Raises ReadTimeout after the deadline."""
        remaining = self.at - time.monotonic()
        if remaining <= 0:
            raise httpcore2.ReadTimeout("total time")  # noqa: EM101, TRY003 - a marker
        return remaining if wanted is None else min(wanted, remaining)


class Guard(httpcore2.NetworkBackend):
    """Opens connections for the pool, and refuses those that the trust does not allow."""

    def __init__(
        self,
        deadline: FetchDeadline,
        resolve: Resolve,
        trust: Trust,
        inner: httpcore2.NetworkBackend | None = None,
    ) -> None:
        """Set the deadline, the resolver and the trust."""
        self._inner = inner or httpcore2.SyncBackend()
        self._deadline = deadline
        self._resolve = resolve
        self._trust = trust

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = self._inner.connect_tcp(
                    address, port, self._deadline.left(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            try:
                self._check(_peer(stream) or address, host)
            except PrivateAddress:
                stream.close()
                raise
            return TimedStream(stream, self._deadline)
        raise failure or httpcore2.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:  # no name has an empty or a very long label
            msg = Phrase("the name {host} does not resolve", host=host)
            raise FetchFailed(msg) from error
        for address in found:
            self._check(address, host)
        return found

    def _check(self, address: str, host: str) -> None:
        if may_connect(address, self._trust):
            return
        named = address if address == host else f"{host} is {address}"
        msg = f"not fetched: {named}, a private address"
        raise PrivateAddress(msg)


def _peer(stream: httpcore2.NetworkStream) -> str:
    address = stream.get_extra_info("server_addr")
    return str(address[0]) if address else ""


class TimedStream(httpcore2.NetworkStream):
    """A connection whose every step ends at the request's deadline."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: FetchDeadline) -> None:
        """Wrap a connection."""
        self._inner, self._deadline = inner, deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return TimedStream(inner, self._deadline)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
