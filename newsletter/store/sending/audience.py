"""Who a newsletter is for: the question that the preview and the freeze both ask."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Taste
from newsletter.model.publication import Newsletter
from newsletter.store.sending import deliveries
from subscribers import audience, segment
from subscribers.audience import WORD, Question

LOOK_BACK = timedelta(days=40)
"""How far back the last issue is looked for: more than a month, for frequency `monthly`."""
CHUNK = 5000
"""Rows fetched at a time, so that memory does not grow with the list."""


def question(newsletter: Newsletter, segments: Mapping[str, str], now: datetime) -> Question:
    """Return the question of who gets the newsletter now; `segments` are the saved ones."""
    return Question(
        newsletter.key,
        segment.parse(newsletter.segment, segments),
        now,
        deliveries.had_recently(newsletter.key, now - LOOK_BACK),
    )


def taste(chooser: Chooser, row: Sequence[Any]) -> Taste:
    """Return the taste in a row of (topics, language, words…).

    The database returns the bits in words of WORD bits, lowest first.
    """
    topics, language, *words = row
    bits = sum(int(word) << (WORD * place) for place, word in enumerate(words))
    return chooser.taste_of(bits, topics=bool(topics), language=language)


def word_columns(rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns that hold the words of bits, lowest first."""
    return [column for column in rows.c if column.name.startswith("w")]


def tastes(
    connection: sa.Connection, asked: Question, chooser: Chooser
) -> Iterator[tuple[Taste, int]]:
    """Yield each distinct taste and how many recipients share it.

    The database groups them, so a million recipients cost one row per distinct set.
    """
    reached = audience.reached(connection, asked, chooser.asked).subquery()
    words = word_columns(reached)
    grouped = (
        sa.select(reached.c.topics, reached.c.language, *words, sa.func.count())
        .group_by(reached.c.topics, reached.c.language, *words)
        .execution_options(stream_results=True, yield_per=CHUNK)
    )
    for *row, count in connection.execute(grouped):
        yield taste(chooser, row), int(count)
