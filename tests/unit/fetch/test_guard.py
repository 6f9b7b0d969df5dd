"""No request reaches a private network, however the address is written."""

import httpcore2
import pytest

from newsletter.errors import FetchFailed
from newsletter.fetch.guard import FetchDeadline, Guard, Trust, is_public, may_connect


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "192.0.0.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
        "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "not an address", "",
        "fec0::1", "192.0.0.9", "168.63.129.16", "5f00::1", "3fff::1", "100::1", "fd00:ec2::254", "::ffff:168.63.129.16", "4000::1",
        "64:ff9b:1::a9fe:a9fe", "::ffff:0:a9fe:a9fe", "2001:0:4136:e378:8000:63bf:5601:5601", "100.100.100.200",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_in_every_form(address: str) -> None:
    assert not is_public(address)
    assert not may_connect(address, Trust.OUTSIDE)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("trust", list(Trust))
@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::",
        "224.0.0.1",
        "168.63.129.16",
        "fec0::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "192.0.0.192",
        "0.0.0.0",  # noqa: S104
        # The same by way of IPv6: compatible, translated, NAT64, 6to4 and Teredo.
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
    ],
)
def test_link_local_addresses_are_never_allowed(address: str, trust: Trust) -> None:
    assert not may_connect(address, trust)


def test_only_an_intranet_source_may_use_private_addresses() -> None:
    for address in ("10.0.0.7", "127.0.0.1", "fc00::1", "::1"):
        assert may_connect(address, Trust.INSIDE)
        assert not may_connect(address, Trust.OUTSIDE)


class _Recorder(httpcore2.NetworkBackend):
    """Connects nowhere and remembers where it was asked to."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.asked: list[str] = []

    def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002 - as the pool calls it
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: object = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        self.asked.append(host)
        return _Peer(self.peer or host)


class _Peer(httpcore2.NetworkStream):
    def __init__(self, address: str) -> None:
        self.address, self.closed = address, False

    def get_extra_info(self, info: str) -> object:
        return (self.address, 80) if info == "server_addr" else None

    def close(self) -> None:
        self.closed = True


def _guard(answers: list[list[str]], peer: str = "") -> tuple[Guard, _Recorder]:
    turns = iter(answers)
    recorder = _Recorder(peer)
    guard = Guard(FetchDeadline(), lambda _host, _port: next(turns), Trust.OUTSIDE, recorder)
    return guard, recorder


def test_the_checked_address_is_the_connected_address() -> None:
    """A name that resolves to a public address once, and inside the next time, gains nothing."""
    guard, recorder = _guard([["93.184.216.34"], ["127.0.0.1"]])
    guard.connect_tcp("rebind.example", 80)
    assert recorder.asked == ["93.184.216.34"]
    with pytest.raises(FetchFailed, match=r"rebind.example is 127.0.0.1, a private address"):
        guard.connect_tcp("rebind.example", 80)
    assert recorder.asked == ["93.184.216.34"]


def test_a_name_with_a_private_address_among_others_is_refused() -> None:
    guard, recorder = _guard([["93.184.216.34", "10.0.0.1"]])
    with pytest.raises(FetchFailed):
        guard.connect_tcp("mixed.example", 80)
    assert recorder.asked == []


def test_the_connected_peer_is_checked_as_well() -> None:
    guard, _ = _guard([["93.184.216.34"]], peer="127.0.0.1")
    with pytest.raises(FetchFailed, match="a private address"):
        guard.connect_tcp("odd.example", 80)


def test_after_the_deadline_a_request_takes_no_further_step() -> None:
    deadline = FetchDeadline()
    deadline.start(-1)
    with pytest.raises(httpcore2.ReadTimeout):
        deadline.left(10)
