"""Which sets of items the audience of an issue asks for, and how many people ask for each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Contents
from newsletter.model.publication import Newsletter, Publication
from newsletter.store.sending import deliveries
from subscribers import audience
from subscribers.audience import WORD, Question
from subscribers.segment import parse

LOOK_BACK = timedelta(days=40)
"""How far back an issue counts for those who want fewer: more than a month."""


def question(publication: Publication, newsletter: Newsletter, now: datetime) -> Question:
    """Return whom the newsletter is for, as of now; the freeze asks the same again."""
    segment = parse(newsletter.segment, dict(publication.segments))
    recent = deliveries.had_recently(newsletter.key, now - LOOK_BACK)
    return Question(newsletter.key, segment, now, recent)


def wanted(
    connection: sa.Connection, asked: Question, chooser: Chooser
) -> tuple[Counter[Contents], int]:
    """Count the people of each distinct contents, and those for whom there is nothing.

    The database groups them by what they follow; what comes back is one row per distinct
    interest, streamed, so that a million people cost neither a million rows nor their memory.
    """
    people: Counter[Contents] = Counter()
    nothing = 0
    for follows, count in _interests(connection, asked, chooser.tags):
        contents = chooser.choose(follows)
        if contents is None:
            nothing += count
        else:
            people[contents] += count
    return people, nothing


def _interests(
    connection: sa.Connection, asked: Question, tags: Sequence[str]
) -> Iterator[tuple[int | None, int]]:
    reached = audience.reached(connection, asked, tags).subquery()
    words = [reached.c[f"w{place}"] for place in range(-(-len(tags) // WORD))]
    grouped = (
        sa.select(reached.c.topics, *words, sa.func.count())
        .group_by(reached.c.topics, *words)
        .execution_options(stream_results=True, yield_per=5000)
    )
    for topics, *bits, count in connection.execute(grouped):
        follows = sum(int(word) << (WORD * place) for place, word in enumerate(bits))
        yield (follows if topics else None), int(count)
