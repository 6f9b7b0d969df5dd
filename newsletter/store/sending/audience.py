"""Who a newsletter is for: the question that the preview and the freeze both ask."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Taste
from newsletter.model.publication import Newsletter
from newsletter.store.sending import had
from newsletter.store.sending.had import Printed
from subscribers import audience, segment
from subscribers.audience import WORD, Question
from subscribers.model import Frequency

CHUNK = 5000
"""Rows fetched at a time, so that memory does not grow with the list."""


def question(
    newsletter: Newsletter,
    segments: Mapping[str, str],
    now: datetime,
    digest: Frequency | None = None,
) -> Question:
    """Return the question of who gets an issue now; `segments` are the saved ones."""
    return Question(
        newsletter.key,
        segment.parse(newsletter.segment, segments),
        now,
        frozenset() if digest else frozenset(newsletter.digest_cadences),
        digest,
    )


def taste(chooser: Chooser, row: Sequence[Any]) -> Taste:
    """Return the taste in a row of (topics, language, words…); see `word_columns`."""
    topics, language, *words = row
    size = -(-len(chooser.asked) // WORD)
    tags, received = _bits(words[:size]), _bits(words[size:])
    return chooser.taste_of(tags, topics=bool(topics), language=language, had=received)


def _bits(words: Sequence[int]) -> int:
    """Return words of WORD bits, lowest first, as one integer."""
    return sum(int(word) << (WORD * place) for place, word in enumerate(words))


def word_columns(rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns that hold words of bits: first the tags, then the articles received before."""
    return [column for column in rows.c if column.name.startswith(("w", "h"))]


def tastes(
    connection: sa.Connection, asked: Question, chooser: Chooser, before: Printed
) -> Iterator[tuple[Taste, int]]:
    """Yield each distinct taste and how many recipients share it.

    The database groups them, so a million recipients cost one row per distinct set.
    """
    reached = had.added(audience.reached(connection, asked, chooser.asked), before).subquery()
    words = word_columns(reached)
    grouped = (
        sa.select(reached.c.topics, reached.c.language, *words, sa.func.count())
        .group_by(reached.c.topics, reached.c.language, *words)
        .execution_options(stream_results=True, yield_per=CHUNK)
    )
    for *row, count in connection.execute(grouped):
        yield taste(chooser, row), int(count)
