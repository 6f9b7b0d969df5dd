"""Who else has the page "Edit" of an issue open."""

import threading
from datetime import datetime, timedelta

LASTS = timedelta(seconds=30)
"""How long someone counts as present; an open page asks every ten seconds."""


class Presence:
    """Remembers who has looked at which issue lately; nothing of it is stored.

    Staff who are served by different processes do not see each other here. What they save is
    compared in any case.
    """

    def __init__(self) -> None:
        """Know of no one."""
        self._seen: dict[tuple[int, str], datetime] = {}
        self._lock = threading.Lock()

    def note(self, issue_id: int, name: str, now: datetime) -> tuple[str, ...]:
        """Note that someone is here, and return the names of the others."""
        with self._lock:
            self._seen[issue_id, name] = now
            self._seen = {who: at for who, at in self._seen.items() if now - at < LASTS}
            return tuple(
                sorted(other for issue, other in self._seen if issue == issue_id and other != name)
            )
