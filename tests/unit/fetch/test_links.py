"""Links are requested through the guard, and only those that are broken are named."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from newsletter.errors import FetchFailed
from newsletter.fetch.client import Fetched, FetchRequest, open_fetcher
from newsletter.fetch.links import MOST, broken


@dataclass
class Answers:
    """A fetcher that answers each address with a status."""

    statuses: dict[str, int] = field(default_factory=dict)
    asked: list[FetchRequest] = field(default_factory=list)

    def fetch(self, request: FetchRequest) -> Fetched:
        self.asked.append(request)
        status = self.statuses.get(request.url, 200)
        if status != 200:
            reason = f"answers {status}"
            raise FetchFailed(reason, status=status)
        return Fetched(request.url, 200, b"")

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, ""),
        (404, "answers 404"),
        (410, "answers 410"),
        (500, "answers 500"),
        (0, "answers 0"),
        (401, ""),
        (403, ""),
        (429, ""),
        (503, ""),
    ],
)
def test_a_link_is_broken_only_if_a_browser_would_see_no_page(status: int, reason: str) -> None:
    url = "https://press.harbour.org/a"
    found = broken(Answers({url: status}), [url])
    assert {url: str(problem) for url, problem in found.items()} == (
        {url: reason} if reason else {}
    )


def test_each_address_is_requested_once_without_its_body() -> None:
    site = Answers()
    assert broken(site, ["https://a.org/1", "https://a.org/1", "https://b.org/2"]) == {}
    assert sorted(request.url for request in site.asked) == ["https://a.org/1", "https://b.org/2"]
    assert all(request.head_only for request in site.asked)


def test_reserved_names_and_what_exceeds_the_limit_are_not_requested() -> None:
    site = Answers()
    many = [f"https://a.org/{number}" for number in range(MOST + 5)]
    broken(site, ["https://www.example.org/", "http://x.test/", *many])
    assert len(site.asked) == MOST
    assert not [request for request in site.asked if "example" in request.url]


def test_a_link_into_a_private_network_is_named_and_not_requested() -> None:
    fetcher = open_fetcher(lambda: datetime(2026, 11, 27, tzinfo=UTC), random.Random(1))
    found = broken(fetcher, ["http://127.0.0.1:9/admin"])
    fetcher.close()
    assert list(found) == ["http://127.0.0.1:9/admin"]
    assert "private" in str(found["http://127.0.0.1:9/admin"])


@pytest.mark.parametrize(
    "address",
    [
        "http://[x",
        "http://a..b/",
        f"http://{'a' * 100}.org/",
        "http://\u2100.org/",
        "http://127.0.0.1:99999/",
        "http://a.org/\ud800",
        "http://us\udcffer@a.org/",
        "http:",
    ],
)
def test_an_address_that_is_not_valid_is_broken(address: str) -> None:
    fetcher = open_fetcher(lambda: datetime(2026, 11, 27, tzinfo=UTC), random.Random(1))
    found = broken(fetcher, [address])
    fetcher.close()
    assert list(found) == [address]
    assert str(found[address]).encode(), "it can be stored and printed"
