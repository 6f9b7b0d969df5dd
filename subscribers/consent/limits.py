"""How many sign-ups may cause an email: per network, per inbox, and in total."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network


@dataclass(frozen=True, slots=True)
class SignUpLimits:
    """How many sign-ups may cause an email.

    `network`, `site` and `provider` count per hour: for an IPv6 /64, /56 and /48, of which one
    customer often has all. An IPv4 address counts as `network`, its /24 as `provider`.
    `all_addresses` counts the emails of an hour. Once half of them are used, each /48 or /24 has
    only its `share`, so that a few networks cannot use up the rest. `day` and `ever` count per
    receiving address.
    """

    network: int = 20
    site: int = 40
    provider: int = 60
    share: int = 3
    day: int = 1
    ever: int = 3
    all_addresses: int = 1_000

    def exhausted(self, today: int, ever: int) -> bool:
        """Return whether an address has been asked often enough without an answer."""
        return today >= self.day or ever >= self.ever

    def admits(self, network: str, recent: Mapping[str, int], emailed: int) -> bool:
        """Return whether a network may cause one more email.

        `recent` counts the sign-ups of the last hour by network, `emailed` the emails they caused.
        """
        crowded = emailed * 2 >= self.all_addresses
        allowed = (self.network, self.site, self.share if crowded else self.provider)
        counts = _counts(network, recent)
        within = all(count < limit for count, limit in zip(counts, allowed, strict=True))
        return within and emailed < self.all_addresses


def _counts(network: str, recent: Mapping[str, int]) -> tuple[int, int, int]:
    """Return the recent sign-ups from a network and from the two networks around it."""
    own = recent.get(network, 0)
    around = _around(network)
    if around is None:
        return own, own, own
    near, far = around
    site = provider = 0
    for other, count in recent.items():
        found = _around(other)
        if found is not None:
            site += count if found[0] == near else 0
            provider += count if found[1] == far else 0
    return own, site, provider


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
