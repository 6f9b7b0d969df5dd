"""Who a newsletter is for: the question that the preview and the freeze both ask."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

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


def bits(topics: object, words: Sequence[int]) -> int | None:
    """Return which tags a row follows as one integer, None for a subscriber without topics.

    The database returns the bits in words of WORD bits, lowest first.
    """
    if not topics:
        return None
    return sum(int(word) << (WORD * place) for place, word in enumerate(words))


def word_columns(rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns that hold the words of bits, lowest first."""
    return [column for column in rows.c if column.name.startswith("w")]


def interests(
    connection: sa.Connection, asked: Question, tags: Sequence[str]
) -> Iterator[tuple[int | None, str, int]]:
    """Yield each distinct set of followed tags (see `bits`), the language chosen, and how many.

    The database groups them, so a million recipients cost one row per distinct set.
    """
    reached = audience.reached(connection, asked, tags).subquery()
    words = word_columns(reached)
    grouped = (
        sa.select(reached.c.topics, reached.c.language, *words, sa.func.count())
        .group_by(reached.c.topics, reached.c.language, *words)
        .execution_options(stream_results=True, yield_per=CHUNK)
    )
    for topics, language, *row, count in connection.execute(grouped):
        yield bits(topics, row), language, int(count)
