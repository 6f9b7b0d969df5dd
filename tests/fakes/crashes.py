"""A process that dies at one of its writes to the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import sqlalchemy as sa

WRITES = ("INSERT", "UPDATE", "DELETE")


class Killed(BaseException):
    """The process ends here."""


def crash_at_every_write(
    engine: sa.Engine, act: Callable[[], object], check: Callable[[], object]
) -> int:
    """Run an act until it is complete, killed one write later each time; return the crashes.

    `check` runs after each crash.
    """
    for number in count(1):
        try:
            with _killed_at(engine, number):
                act()
        except Killed:
            check()
        else:
            return number - 1
    raise AssertionError


@contextmanager
def _killed_at(engine: sa.Engine, number: int) -> Iterator[None]:
    """Raise Killed instead of the write with this number, counted from 1."""
    passed = 0

    def on_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal passed
        passed += statement.startswith(WRITES)
        if passed == number:
            raise Killed

    sa.event.listen(engine, "before_cursor_execute", on_statement)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", on_statement)
