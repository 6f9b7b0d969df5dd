"""Fetch from outside: politely, bounded in time and size, and never from inside our own network."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """What to fetch. `etag` and `last_modified` are sent back as the server gave them.

    `is_page` asks robots.txt first. `allow_private` opens the guard for intranets and tests.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    accept: str = ""
    is_page: bool = False
    allow_private: bool = False
    max_bytes: int = 15_000_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer, decoded. `url` is where it came from after all redirects.

    `moved_to` is the address that only permanent redirects led to, else empty. `fresh_seconds` is
    how long the server asks not to be asked again.
    """

    url: str
    status: int
    body: bytes
    content_type: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    moved_to: str = ""
    fresh_seconds: int = 0


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server says that nothing changed since the values that were sent back."""

    url: str
    moved_to: str = ""
    fresh_seconds: int = 0


class Fetcher(Protocol):
    """Whoever fetches; raises FetchFailed with a reason a person understands."""

    def fetch(self, request: Request) -> Fetched | NotModified: ...

    def close(self) -> None: ...
