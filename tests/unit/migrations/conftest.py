"""An empty database of each kind, to upgrade."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.store.database import open_engine


@pytest.fixture
def empty_engine(
    engine: sa.Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[sa.Engine]:
    """An empty database of the same kind as `engine`'s."""
    if engine.dialect.name == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path}/empty.sqlite3")
        yield opened
        opened.dispose()
        return
    with request.getfixturevalue("postgres").database() as url:
        opened = open_engine(url.render_as_string(hide_password=False))
        yield opened
        opened.dispose()
