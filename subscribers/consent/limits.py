"""How many sign-ups may cause an email: per network, per inbox, and in total."""

import ipaddress
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Network
from socket import AF_INET, AF_INET6, inet_pton

PART = timedelta(minutes=5)
PARTS = timedelta(hours=1) // PART


@dataclass(frozen=True, slots=True)
class Emailed:
    """The confirmation emails of the last hour, and of its last part."""

    hour: int
    part: int


@dataclass(frozen=True, slots=True)
class SignUpLimits:
    """How many sign-ups may cause an email.

    `network`, `site` and `provider` count per hour: for an IPv6 /64, /56 and /48, of which one
    customer often has all. An IPv4 address counts as `network`, its /24 as `provider`.
    `all_addresses` counts the emails of an hour, and `wave` those of an hour during a wave; further
    requests wait, at most as many as `queue`. Once half of an hour's emails are used or asked for,
    each /48 or /24 has only its `share`. `day` and `ever` count per receiving address.
    """

    network: int = 20
    site: int = 40
    provider: int = 60
    share: int = 3
    day: int = 1
    ever: int = 3
    all_addresses: int = 1_000
    wave: int = 120
    queue: int = 20_000

    def exhausted(self, today: int, ever: int) -> bool:
        """Return whether an address has been asked often enough without an answer."""
        return today >= self.day or ever >= self.ever

    def admits(self, network: str, recent: Mapping[str, int], asked: int) -> bool:
        """Return whether a network may ask for one more email.

        `recent` counts the sign-ups of the last hour by network, `asked` the emails of the last hour
        and those that wait.
        """
        crowded = asked * 2 >= self.all_addresses
        allowed = (self.network, self.site, self.share if crowded else self.provider)
        counts = _counts(network, recent)
        within = all(count < limit for count, limit in zip(counts, allowed, strict=True))
        return within and asked < self.all_addresses + self.queue

    def allowance(self, emailed: Emailed, *, wave: bool) -> int:
        """Return how many emails may be sent now: an hour's, spread over its parts."""
        most = self.wave if wave else self.all_addresses
        part = max(1, most // PARTS)
        return max(0, min(most - emailed.hour, part - emailed.part))


def provider_of(network: str) -> tuple[bytes, bytes]:
    """Return the largest networks around one: its /32 and /48, or its /16 and /24 in IPv4."""
    family, large, small = (AF_INET6, 4, 6) if ":" in network else (AF_INET, 2, 3)
    try:
        address = inet_pton(family, network.partition("/")[0])
    except OSError:
        return b"", b""
    return address[:large], address[:small]


def _counts(network: str, recent: Mapping[str, int]) -> tuple[int, int, int]:
    """Return the recent sign-ups from a network and from the two networks around it."""
    own = recent.get(network, 0)
    around = _around(network)
    if around is None:
        return own, own, own
    near, far = around
    prefix = prefix_around(network)
    site = provider = 0
    for other, count in recent.items():
        # Comparing texts first keeps this fast when thousands of networks sign up.
        found = _around(other) if other.startswith(prefix) else None
        if found is not None:
            site += count if found[0] == near else 0
            provider += count if found[1] == far else 0
    return own, site, provider


def prefix_around(network: str) -> str:
    """Return how the text of every network in the same /48 or /24 begins."""
    if ":" not in network:
        return network.rpartition(".")[0]
    groups = ipaddress.ip_network(network, strict=False).exploded.split(":")[:3]
    # A zero may be written as "::", together with those beside it.
    written = itertools.takewhile(lambda group: int(group, 16), groups)
    return "".join(f"{int(group, 16):x}:" for group in written)


def _around(network: str) -> tuple[str, str] | None:
    """Return the /56 and the /48 of an IPv6 /64; an IPv4 address and its /24; None for no address."""
    try:
        known = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return None
    if isinstance(known, IPv6Network):
        return str(known.supernet(new_prefix=56)), str(known.supernet(new_prefix=48))
    address = IPv4Address(known.network_address)
    return str(address), str(ipaddress.ip_network((address, 24), strict=False))


@dataclass(frozen=True, slots=True)
class Traffic:
    """The sign-ups of the last hour, and how many of an hour usually stay unconfirmed."""

    unconfirmed: int = 0
    confirmed: int = 0
    usual: float = 0.0


FEWEST = 30
"""Unconfirmed sign-ups in an hour that are not worth a question."""
JUMP = 3
"""How many times more than usual, and than are confirmed, make a wave."""


def is_wave(traffic: Traffic) -> bool:
    """Return whether the share of unconfirmed sign-ups has jumped, as in an attack."""
    many = traffic.unconfirmed >= FEWEST
    unusual = traffic.unconfirmed > JUMP * traffic.usual
    return many and unusual and traffic.unconfirmed > JUMP * traffic.confirmed
