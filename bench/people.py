"""What people cost: counting a segment, freezing an audience, importing a list, answering."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import sqlalchemy as sa
import structlog
from starlette.testclient import TestClient

from bench.figure import Figure
from bench.memory import peak
from newsletter.migrations import upgrade
from newsletter.model.edition import Chooser
from newsletter.model.plan import plan
from newsletter.model.publication import Topic
from newsletter.render.reach import wanted
from newsletter.send.audience import Frozen, freeze
from newsletter.store.database import open_engine
from newsletter.store.sending import partitions
from newsletter.store.sending.audience import question
from newsletter.web.main import public_site
from subscribers import directory
from subscribers.audience import Question, count
from subscribers.roster import export as exporting
from subscribers.roster import run
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.undoing import undo
from subscribers.searching import search
from subscribers.segment import parse
from tests.fakes import manuscripts
from tests.fakes.house import house
from tests.fakes.issues import sample_edition
from tests.fakes.postgres import PostgresMissing, open_postgres
from tests.fakes.readers import HOST

FULL, QUICK = 1_000_000, 20_000
TAGS = 50
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BROAD = "(t1 or t2 or t3) and not t45"
SEARCHES = (("reader77", "everyone"), ("Reader 9", BROAD), ("@example", "t50"), ("", "t1 and t2"))
T = TypeVar("T")

ITEMS = 32
"""Articles in the issue that is frozen."""


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; `quick` with 20,000 people instead of a million. A list has a tenth of them."""
    people = QUICK if quick else FULL
    for database in (_sqlite, _postgres):
        try:
            with database() as url:
                yield from _audience(url, people)
            with database() as url:
                yield from _lists(url, people // 10)
        except PostgresMissing as missing:
            yield Figure("PostgreSQL", 0, "", str(missing))
    yield from _answers(40 if quick else 200)


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'people.db'}"


@contextmanager
def _postgres() -> Iterator[str]:
    with open_postgres(os.environ) as server, server.database() as url:
        yield url.render_as_string(hide_password=False)


def _audience(url: str, people: int) -> Iterator[Figure]:
    """Count and freeze segments of a filled database."""
    engine = open_engine(url)
    name = engine.dialect.name
    upgrade(engine)
    fill(engine, people)
    for text in ("everyone", BROAD, "t1 and t2", "not (t1 or t2)"):
        asked = Question("weekly", parse(text), NOW, None)
        with engine.begin() as connection:
            seconds, found = _timed(partial(count, connection, asked))
        note = f"{found:,} of {people:,}; target: ≤ 0.8"
        yield Figure(f"{name}: count {text}", seconds, "s", note)
    address = f"reader{people // 2}@example.org"
    with engine.begin() as connection:
        seconds, _ = _timed(partial(directory.require, connection, address))
    yield Figure(f"{name}: look a person up", 1000 * seconds, "ms", "the first time; target: ≤ 50")
    for text, segment in SEARCHES:
        with engine.begin() as connection:
            look = partial(search, connection, text, parse(segment))
            found = look()
            seconds = median(_timed(look)[0] for _ in range(5))
        note = f"{len(found.people)} of the first page"
        yield Figure(f"{name}: find “{text}” in {segment}", seconds * 1000, "ms", note)
    for segment in ("everyone", BROAD):
        with engine.begin() as connection:
            frozen = issue(connection, segment)
            partitions.add(connection, frozen.issue.id)
        with engine.connect() as connection, connection.begin() as transaction:
            seconds, audience = _timed(partial(freeze, connection, frozen, NOW))
            transaction.rollback()
        note = f"{audience.planned:,} deliveries of {len(frozen.editions)} editions; target: ≤ 15"
        yield Figure(f"{name}: freeze {segment}", seconds, "s", note)
    engine.dispose()


def issue(connection: sa.Connection, segment: str = "everyone") -> Frozen:
    """Return an issue of 32 articles for a segment, with the editions that its people ask for."""
    weekly = manuscripts.newsletter(segment=segment, max_editions=200)
    tags = [(f"t{n % TAGS + 1}", f"t{n * 3 % TAGS + 1}") for n in range(1, ITEMS + 1)]
    items = [replace(manuscripts.item(n), tags=both) for n, both in enumerate(tags, 1)]
    topics = tuple(Topic(f"t{n}") for n in range(1, TAGS + 1))
    chooser = Chooser(items, weekly)
    house = manuscripts.publication(topics=topics)
    asked = question(connection, weekly, house, NOW)
    sets = wanted(connection, asked, chooser).people
    made = plan(sets, chooser.everything(), weekly).contents
    editions = [
        replace(sample_edition(), id=n, seq=n, items=one.items, headlines=one.headlines)
        for n, (one, _people) in enumerate(made, 1)
    ]
    return Frozen(manuscripts.issue(), weekly, items, editions, house)


def _lists(url: str, people: int) -> Iterator[Figure]:
    """Import, export and undo a list in a process of its own, for its memory."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        told = pool.apply(bring, (url, people))
    name = url.partition(":")[0].partition("+")[0]
    targets = {"import": "; target: ≤ 8"}
    for what in ("review", "import", "export", "undo"):
        note = f"{people:,} rows{targets.get(what, '')}"
        yield Figure(f"{name}: {what}", told[what], "s", note)
    yield Figure(f"{name}: import, CPU", told["cpu"], "s", "of this program, without the server")
    yield Figure(f"{name}: peak memory", told["memory"], "MB", "of all of these")


def bring(url: str, people: int) -> dict[str, float]:
    """Review, apply, export and undo a list of so many rows; return seconds and megabytes."""
    engine = open_engine(url)
    upgrade(engine)
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w", encoding="utf-8") as stream:
            stream.write("Email;Name;Tags;Consent\n")
            for n in range(people):
                stream.write(
                    f"r{n}@example.org;Reader {n};t{n % 50}, t{n % 7};2024-05-{n % 28 + 1:02d}\n"
                )
        terms = Terms("list.csv", NOW, into=("weekly",))
        order = run.ImportJob(open_listing(path), terms, b"p" * 32)
        told["review"], _ = _timed(lambda: run.review(engine, order))
        cpu = time.process_time()
        told["import"], done = _timed(
            lambda: run.apply(engine, order, actor="bench", clock=lambda: NOW)
        )
        told["cpu"] = time.process_time() - cpu
        with (Path(folder) / "out.csv").open("w", encoding="utf-8", newline="") as stream:
            told["export"], _ = _timed(lambda: exporting.export(engine, stream))
        told["undo"], _ = _timed(lambda: undo(engine, done.id, actor="bench", now=NOW))
    engine.dispose()
    told["memory"] = peak()
    return told


def _answers(rounds: int) -> Iterator[Figure]:
    """Compare what the sign-up form takes for addresses that are known and that are not."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        built = stack.enter_context(house(Path(folder)))
        stack.enter_context(structlog.testing.capture_logs())
        client = TestClient(public_site(built.app), base_url=HOST, follow_redirects=False)
        known: list[float] = []
        unknown: list[float] = []
        for number in range(rounds):
            # Each from a network of its own: the limit must not answer instead.
            with built.app.engine.begin() as connection:
                connection.execute(sa.text("UPDATE requests SET network = ''"))
            for times, address in ((known, "ann@example.org"), (unknown, f"n{number}@example.org")):
                form = {"address": address, "newsletter": "weekly", "agree": "yes"}
                seconds, _ = _timed(lambda form=form: client.post("/sign-up", data=form))
                times.append(seconds * 1000)
        yield Figure("sign-up, known address", median(known), "ms", "median")
        yield Figure("sign-up, unknown address", median(unknown), "ms", "median")
        yield Figure("unknown to known", median(unknown) / median(known), "×", "")


def _timed(do: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = do()
    return time.perf_counter() - began, done


def fill(engine: sa.Engine, people: int) -> None:
    """Put `people` subscribers of one newsletter with 50 tags of falling weight into a database."""
    series = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})"
        if engine.dialect.name == "sqlite"
        else "WITH n(i) AS (SELECT generate_series(1, {0}))"
    )
    now = "'2026-01-01 00:00:00.000000'"
    if engine.dialect.name == "postgresql":
        now = f"CAST({now} AS timestamptz)"
    with engine.begin() as connection:

        def run(statement: str) -> None:
            connection.execute(sa.text(statement))

        run(
            "INSERT INTO subscribers (id, address, address_key, name, created_at) "
            + series.format(people)
            + f" SELECT i, 'reader' || i || '@example.org', 'reader' || i || '@example.org', 'Reader ' || i, {now} FROM n"
        )
        run(
            "INSERT INTO subscriptions (newsletter, subscriber_id, state, since) "
            + series.format(people)
            + f" SELECT 'weekly', i, CASE WHEN i % 20 = 0 THEN 'unsubscribed' WHEN i % 33 = 0 THEN 'pending' ELSE 'confirmed' END, {now} FROM n"
        )
        for tag in range(1, TAGS + 1):
            kind = "topic" if tag <= 40 else "label"
            run(f"INSERT INTO tags (slug, name, kind) VALUES ('t{tag}', 't{tag}', '{kind}')")
            weight = max(2, 380 // tag)
            run(
                "INSERT INTO subscriber_tags (tag_id, subscriber_id) "
                + series.format(people)
                + f" SELECT {tag}, i FROM n WHERE (CAST(i AS BIGINT) * 7919 + i / 1009 * {tag * 31 + 7} + {tag * 104729}) % 1009 < {weight}"
            )
        for reason, step in (("bounce", 211), ("complaint", 997)):
            run(
                "INSERT INTO suppressions (address_key, reason, origin, at) "
                + series.format(people)
                + f" SELECT 'reader' || i || '@example.org', '{reason}', 'bench', {now} FROM n WHERE i % {step} = 0 AND i % 210367 <> 0"
            )
        connection.exec_driver_sql("ANALYZE")
