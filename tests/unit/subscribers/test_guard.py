"""Where a request comes from."""

import ipaddress

import pytest
from starlette.requests import Request

from newsletter.web.origin import network

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("fd00::1", "2001:db8:1:2:9::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("", "198.51.100.1", ""),
        ("10.0.0.1", "198.51.100.1:51234", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8:1:2:9::9]:443", "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2:9::9]", "2001:db8:1:2::/64"),
        ("10.0.0.1", '"[2001:db8:1:2:9::9]:443"', "2001:db8:1:2::/64"),
        ("10.0.0.1", "198.51.100.1:51234, 10.0.0.2:80", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:port", "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, expected: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    client = (peer, 1) if peer else None
    request = Request({"type": "http", "headers": headers, "client": client})
    assert network(request, PROXIES) == expected


def test_several_header_lines_are_one_list_so_that_the_nearest_proxy_is_heard() -> None:
    lines = (b"1.1.1.1", b"198.51.100.1", b"10.0.0.2")
    headers = [(b"x-forwarded-for", line) for line in lines]
    request = Request({"type": "http", "headers": headers, "client": ("10.0.0.1", 1)})
    assert network(request, PROXIES) == "198.51.100.1"
