"""How long a host rests between two requests."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from newsletter.fetch.hosts import INTERNAL_SHARE, Hosts

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Asked:
    """Notes the rest that each turn asks for."""

    def __init__(self) -> None:
        """Begin without a turn."""
        self.rests: list[float] = []

    @contextmanager
    def turn(self, _host: str, rest: float, _patience: float) -> Iterator[bool]:
        self.rests.append(rest)
        yield True


def test_the_rest_is_irregular_and_never_shorter_than_the_host_asks_for() -> None:
    asked = Asked()
    hosts = Hosts(lambda: NOW, random.Random(1), 0.01, asked.turn)
    hosts.slow_down("Slow.example", 0.02)
    for _ in range(20):
        for host, internal in (("example.org", False), ("intranet", True)):
            with hosts.turn(host, rested=False, internal=internal):
                pass
    usual, inside = asked.rests[::2], asked.rests[1::2]
    assert 0.005 <= min(usual) < max(usual) <= 0.015
    assert max(inside) <= 0.015 * INTERNAL_SHARE
    for _ in range(3):
        with hosts.turn("slow.example", rested=False):
            pass
    assert asked.rests[-3:] == [0.02] * 3
