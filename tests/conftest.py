"""Shared fixtures: both databases, sample data, a browser; and how the tests run in parallel."""

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, settings

from newsletter.migrations import upgrade
from newsletter.store.database import open_engine
from tests.fakes.postgres import Postgres, PostgresMissing, open_postgres
from tests.fakes.reused import Reused, reused
from tests.fakes.schema import add_database

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("NEWSLETTER_SHARED", ROOT.parent / "shared"))

# Timing on a busy machine says nothing about a property, so examples have no deadline.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",  # one local test site frames another
)
"""Runs Chromium as root, without a screen, and without network requests of its own."""

CLUSTER = pytest.StashKey[ExitStack]()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run a few named tests in this process: starting workers would take longer than the tests."""
    named = bool(config.args) and all(".py" in argument for argument in config.args)
    return 0 if named or config.option.keyword else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start one PostgreSQL server for all workers; each worker reports a missing one itself."""
    if not session.config.getoption("numprocesses", None) or "TEST_PG_URL" in os.environ:
        return
    cluster = ExitStack()
    with suppress(PostgresMissing):
        server = cluster.enter_context(open_postgres(os.environ))
        os.environ["TEST_PG_URL"] = server.url.render_as_string(hide_password=False)
    session.config.stash[CLUSTER] = cluster


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the server that the workers shared."""
    if cluster := session.config.stash.get(CLUSTER, None):
        os.environ.pop("TEST_PG_URL", None)
        cluster.close()


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end: all tests, and the modules they import."""
    gc.collect()
    gc.freeze()
    newest, newer, _ = gc.get_threshold()
    gc.set_threshold(newest, newer, 100)  # search the whole memory ten times less often


@pytest.fixture(autouse=True)
def _keeps_umask() -> Iterator[None]:
    """Undo what a command run in this process does to the permissions of later files."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of sample articles and emails that is not part of this repository."""
    if not SHARED.is_dir():
        pytest.skip(f"no sample data at {SHARED}; set NEWSLETTER_SHARED to its folder")
    return SHARED


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file with the complete schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    add_database(path)
    return path


@pytest.fixture
def sqlite_engine(migrated_file: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    """Yield an engine on a separate SQLite file with the complete schema."""
    path = tmp_path / "newsletter.sqlite3"
    shutil.copyfile(migrated_file, path)
    with opened(f"sqlite:///{path}") as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Yield a real PostgreSQL server. Without one, skip the test, or fail it if REQUIRE_PG=1."""
    opened = open_postgres(os.environ)
    try:
        server = opened.__enter__()
    except PostgresMissing as missing:
        absent(str(missing), "REQUIRE_PG")
    yield server
    opened.__exit__(None, None, None)


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> Iterator[str]:
    """Yield the name of a PostgreSQL database with the complete schema, to copy."""
    with postgres.database() as url:
        with opened(url.render_as_string(hide_password=False)) as engine:
            upgrade(engine)
        yield str(url.database)


@pytest.fixture(scope="session")
def reused_database(postgres: Postgres, migrated_database: str) -> Iterator[Reused]:
    """Yield a PostgreSQL database that is restored after each test."""
    with reused(postgres, migrated_database) as database:
        yield database


@pytest.fixture
def pg_engine(reused_database: Reused) -> Iterator[sa.Engine]:
    """Yield an engine on a PostgreSQL database with the complete schema and no other rows."""
    with (
        reused_database.database() as url,
        opened(url.render_as_string(hide_password=False)) as engine,
    ):
        yield engine


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """Run the test on both databases."""
    name = {"sqlite": "sqlite_engine", "postgres": "pg_engine"}[request.param]
    return request.getfixturevalue(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Yield a headless Chromium. Without one, skip the test, or fail it if REQUIRE_BROWSER=1."""
    program = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if not program:
        absent("no chromium on the PATH; set CHROMIUM to the program", "REQUIRE_BROWSER")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import, rarely needed

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield opened
        opened.close()


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """Yield an engine and close its connections."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def absent(what: str, required_by: str) -> NoReturn:
    """Skip a test for lack of a program; fail it where the environment requires that program."""
    if os.environ.get(required_by) == "1":
        pytest.fail(f"{what} ({required_by}=1)", pytrace=False)
    pytest.skip(what)


@pytest.fixture(autouse=True)
def default_logging() -> Iterator[None]:
    """Undo the log configuration of a command that ran in this process."""
    yield
    structlog.reset_defaults()
