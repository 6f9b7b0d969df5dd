"""Reduce a million people with fifty topics to the editions of one issue."""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import people
from bench.figure import Figure
from newsletter.migrations import upgrade
from newsletter.model.edition import Chooser
from newsletter.model.issue import Item
from newsletter.model.plan import plan
from newsletter.model.publication import ItemLimits, Topic
from newsletter.render.reach import wanted
from newsletter.store.database import open_engine, open_reader
from newsletter.store.sending.audience import question
from tests.fakes import manuscripts

ITEMS = 32


def figures(quick: bool) -> Iterator[Figure]:
    """Yield seconds and memory from the database to the plan of at most 200 editions."""
    count = people.QUICK if quick else people.FULL
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'people.db'}"
        engine = open_engine(url)
        upgrade(engine)
        people.fill(engine, count)
        engine.dispose()
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            found = pool.apply(reduce, (url,))
    yield Figure("people", count, "people", f"{people.TAGS} topics, {ITEMS} items")
    yield Figure("to editions", found["seconds"], "s")
    yield Figure("of which counting the sets", found["counted"], "s")
    yield Figure("distinct sets", found["sets"], "sets")
    yield Figure("editions", found["editions"], "editions")
    yield Figure("people without one", found["lost"], "people")
    yield Figure("peak memory", found["memory"], "MB", "separate process")


def reduce(url: str) -> dict[str, float]:
    """Reduce the audience to editions in a separate process, to measure its memory."""
    reader = open_reader(url)
    weekly = manuscripts.newsletter(
        key="weekly", content="followed-first", items=ItemLimits(1, 8), max_editions=200
    )
    chooser = Chooser(_items(), weekly)
    topics = tuple(Topic(f"t{n}") for n in range(1, people.TAGS + 1))
    house = manuscripts.publication(topics=topics)
    start = time.perf_counter()
    with reader.connect() as connection:
        asked = question(connection, weekly, house, people.NOW)
        sets = wanted(connection, asked, chooser).people
        read = time.perf_counter() - start
        made = plan(sets, chooser.everything(), weekly)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "counted": read,
        "sets": len(sets),
        "editions": len(made.contents),
        "lost": made.lost,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def _items() -> tuple[Item, ...]:
    return tuple(
        replace(
            manuscripts.item(place),
            tags=(f"t{place % people.TAGS + 1}", f"t{place * 3 % people.TAGS + 1}"),
        )
        for place in range(1, ITEMS + 1)
    )
