"""Values that are built at their first use."""

import threading
from collections.abc import Callable, Iterator, Mapping
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
