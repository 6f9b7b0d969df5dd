"""How long to wait before something that ended is started again."""

FIRST = 1.0
HEALTHY = 60.0
"""What ran for this many seconds had started well."""


class Pauses:
    """Pauses that double each time, from FIRST up to `longest`, until a run is healthy."""

    def __init__(self, longest: float) -> None:
        """Begin with the shortest pause."""
        self._longest = longest
        self._next = FIRST

    def after(self, seconds: float) -> float:
        """Return the pause after a run that took so many seconds."""
        pause = FIRST if seconds > HEALTHY else self._next
        self._next = min(pause * 2, self._longest)
        return pause
