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

Resolve = Callable[[str, int], Iterable[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")


class Trust(Enum):
    """Which addresses a request may connect to.

    OUTSIDE allows public addresses. INSIDE also allows private and loopback addresses, for a
    source with `allow_private`. REDIRECTED applies after a redirect from such a source to another
    host: private networks, but not this machine. Link-local addresses (cloud metadata services)
    are never allowed.
    """

    OUTSIDE = "outside"
    REDIRECTED = "redirected"
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
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = _carried(parsed)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def may_connect(address: str, trust: Trust) -> bool:
    """Return whether a request with this trust may connect to an address."""
    if is_public(address) or trust is Trust.OUTSIDE:
        return is_public(address)
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _carried(parsed) if isinstance(parsed, ipaddress.IPv6Address) else None
    if inner is not None and parsed not in _IPV4_COMPATIBLE:
        return may_connect(str(inner), trust)
    closed = parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified
    return not closed and (trust is Trust.INSIDE or not parsed.is_loopback)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
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
        except OSError as error:
            msg = f"the name {host} does not resolve"
            raise FetchFailed(msg) from error
        for address in found:
            self._check(address, host)
        return found

    def _check(self, address: str, host: str) -> None:
        if may_connect(address, self._trust):
            return
        named = address if address == host else f"{host} is {address}"
        hint = (
            " (allow_private = true opens it for a source)" if self._trust is Trust.OUTSIDE else ""
        )
        msg = f"not fetched: {named}, a private address{hint}"
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
