"""A migrated SQLite database, made once per process and copied for each test."""

import tempfile
from functools import cache
from pathlib import Path

from newsletter.migrations import upgrade
from newsletter.store.database import open_engine


@cache
def migrated() -> bytes:
    """Return the content of an SQLite file with the complete schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.sqlite3"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        engine.dispose()  # closing the last connection moves the write-ahead log into the file
        return path.read_bytes()


def add_database(path: Path) -> None:
    """Create a migrated database, unless the file exists: migrating takes 0.15 s, copying 1 ms."""
    if not path.exists():
        path.write_bytes(migrated())
