"""Values that are built at their first use."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from typing_extensions import override

T = TypeVar("T")


class Once(Generic[T]):
    """Builds a value at its first use, and returns the same one from then on.

    `built` holds the value, once there is one.
    """

    def __init__(self, build: Callable[[], T]) -> None:
        """Take the function that builds the value."""
        self._build = build
        self._lock = threading.Lock()
        self.built: list[T] = []

    def __call__(self) -> T:
        """Return the value."""
        with self._lock:
            if not self.built:
                self.built.append(self._build())
            return self.built[0]


class Recent(Generic[T]):
    """Returns a value that is built again once it is older than `lasts`."""

    def __init__(
        self, build: Callable[[], T], now: Callable[[], datetime], lasts: timedelta
    ) -> None:
        """Take the function that builds the value, and a clock."""
        self._build, self._now, self._lasts = build, now, lasts
        self._lock = threading.Lock()
        self._kept: tuple[datetime, T] | None = None

    def __call__(self) -> T:
        """Return the value; while one thread builds it, others wait for it."""
        with self._lock:
            now = self._now()
            if self._kept is None or now - self._kept[0] >= self._lasts:
                self._kept = now, self._build()
            return self._kept[1]


class OnceEach(Mapping[str, T]):
    """A mapping whose values are built one by one, each at its first use."""

    def __init__(self, builders: Mapping[str, Callable[[], T]]) -> None:
        """Take the function that builds each value."""
        self._values = {name: Once(build) for name, build in builders.items()}

    @override
    def __getitem__(self, name: str) -> T:
        return self._values[name]()

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)
