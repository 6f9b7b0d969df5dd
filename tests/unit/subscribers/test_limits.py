"""The limits of sign-ups: networks of every size, a fair share, and the signs of a wave."""

import pytest

from subscribers.consent.limits import FEWEST, SignUpLimits, Traffic, is_wave

LIMITS = SignUpLimits()
HOME = "2001:db8:1:200::/64"


def near(count: int, each: int) -> dict[str, int]:
    """Sign-ups from `count` networks in one /56."""
    return {f"2001:db8:1:2{n:02x}::/64": each for n in range(count)}


@pytest.mark.parametrize(
    ("recent", "network", "admitted"),
    [
        ({}, HOME, True),
        ({HOME: 19}, HOME, True),
        ({HOME: 20}, HOME, False),
        (near(4, 10), HOME, False),
        (near(3, 10), HOME, True),
        ({f"2001:db8:1:{n:x}00::/64": 12 for n in range(5)}, HOME, False),
        ({f"2001:db8:{n:x}::/64": 20 for n in range(2, 30)}, HOME, True),
        ({"203.0.113.9": 20}, "203.0.113.9", False),
        ({f"203.0.113.{n}": 10 for n in range(6)}, "203.0.113.99", False),
        ({f"203.0.{n}.1": 10 for n in range(6)}, "203.0.113.99", True),
        ({"": 20}, "", False),
        ({"": 3}, "", True),
    ],
    ids=[
        "no one",
        "one below",
        "a full /64",
        "a full /56",
        "a busy /56",
        "a full /48",
        "other customers",
        "a full address",
        "a full /24",
        "other /24s",
        "unknown, full",
        "unknown",
    ],
)
def test_a_customer_with_many_networks_has_one_limit(
    recent: dict[str, int], network: str, *, admitted: bool
) -> None:
    assert LIMITS.admits(network, recent, asked=0) is admitted


def test_fifty_one_networks_do_not_close_the_form_for_the_others() -> None:
    """Each /48 gets its limit while it is quiet and only a small share once it is crowded."""
    recent: dict[str, int] = {}
    emailed = 0
    for n in range(51):
        for _ in range(200):
            network = f"2001:db8:{n:x}::/64"
            if LIMITS.admits(network, recent, emailed):
                recent[network] = recent.get(network, 0) + 1
                emailed += 1
    assert emailed < LIMITS.all_addresses * 0.7
    assert LIMITS.admits("2001:db8:ffff::/64", recent, emailed)
    assert LIMITS.admits("198.51.100.7", recent, emailed)


@pytest.mark.parametrize(
    ("traffic", "wave"),
    [
        (Traffic(FEWEST - 1, 0, 0.0), False),
        (Traffic(FEWEST, 0, 0.0), True),
        (Traffic(80, 120, 2.0), False),
        (Traffic(80, 20, 2.0), True),
        (Traffic(80, 2, 40.0), False),
        (Traffic(500, 2, 40.0), True),
    ],
    ids=["few", "many", "a good day", "a wave", "as usual", "far above usual"],
)
def test_a_jump_of_unconfirmed_sign_ups_is_a_wave(traffic: Traffic, *, wave: bool) -> None:
    assert is_wave(traffic) is wave


def test_what_waits_is_bounded() -> None:
    limits = SignUpLimits(all_addresses=100, queue=50)
    assert limits.admits("198.51.100.7", {}, 149)
    assert not limits.admits("198.51.100.7", {}, 150)
