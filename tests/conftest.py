"""What every test may ask for: databases, the shared samples, a browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, settings

from newsletter.migrations import upgrade
from newsletter.store.database import open_engine
from tests.fakes.postgres import Postgres, PostgresMissing, open_postgres

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("NEWSLETTER_SHARED", ROOT.parent / "shared"))

# A law holds on a busy machine too; how long one example takes there says nothing.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",  # one site of ours frames another
)
"""Run as root, without a screen, and without a word to anybody outside."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample articles and mails that is not part of this repository."""
    if not SHARED.is_dir():
        pytest.skip(f"no sample data at {SHARED}; NEWSLETTER_SHARED names another place")
    return SHARED


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the whole schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    with opened(f"sqlite:///{path}") as engine:
        upgrade(engine)
    return path


@pytest.fixture
def sqlite_engine(migrated_file: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on an SQLite file of the test's own, with the whole schema."""
    path = tmp_path / "newsletter.sqlite3"
    shutil.copyfile(migrated_file, path)
    with opened(f"sqlite:///{path}") as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server; without one the test is skipped, or fails if REQUIRE_PG=1."""
    opened = open_postgres(os.environ)
    try:
        server = opened.__enter__()
    except PostgresMissing as missing:
        _absent(str(missing), "REQUIRE_PG")
    yield server
    opened.__exit__(None, None, None)


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> Iterator[str]:
    """The name of a PostgreSQL database with the whole schema, to be copied."""
    with postgres.database() as url:
        with opened(url.render_as_string(hide_password=False)) as engine:
            upgrade(engine)
        yield str(url.database)


@pytest.fixture
def pg_engine(postgres: Postgres, migrated_database: str) -> Iterator[sa.Engine]:
    """An engine on a PostgreSQL database of the test's own, with the whole schema."""
    with (
        postgres.database(template=migrated_database) as url,
        opened(url.render_as_string(hide_password=False)) as engine,
    ):
        yield engine


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """The same test on both databases."""
    name = {"sqlite": "sqlite_engine", "postgres": "pg_engine"}[request.param]
    return request.getfixturevalue(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless Chromium; without one the test is skipped, or fails if REQUIRE_BROWSER=1."""
    program = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if not program:
        _absent("no chromium on the PATH; CHROMIUM names another place", "REQUIRE_BROWSER")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and rarely needed

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield opened
        opened.close()


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """Yield an engine, and close its connections whatever happens."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _absent(what: str, required_by: str) -> None:
    if os.environ.get(required_by) == "1":
        pytest.fail(f"{what} ({required_by}=1)", pytrace=False)
    pytest.skip(what)


@pytest.fixture(autouse=True)
def log_as_nobody_configured_it() -> Iterator[None]:
    """Take back how a command that ran in this process set the log up."""
    yield
    structlog.reset_defaults()
