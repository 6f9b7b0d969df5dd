"""Who a newsletter is for: the question that the preview and the freeze both ask."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Taste
from newsletter.model.issue import Issue, IssueKind
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import DeliveryState
from newsletter.model.vocabulary import topics_by_name
from newsletter.store.sending import had, outcomes
from newsletter.store.sending.deliveries import recipients_of
from newsletter.store.sending.had import Printed
from newsletter.store.tables import deliveries, issues
from subscribers import audience, segment
from subscribers.audience import WORD, Question

CHUNK = 5000
"""Rows fetched at a time, so that memory does not grow with the list."""


def question(
    connection: sa.Connection,
    newsletter: Newsletter,
    publication: Publication,
    now: datetime,
    issue: Issue | None = None,
) -> Question:
    """Return the question of who gets an issue now."""
    digest = issue.digest if issue else None
    alert = issue is not None and issue.kind is IssueKind.ALERT
    return Question(
        newsletter.key,
        segment.parse(newsletter.segment, dict(publication.segments)),
        now,
        frozenset() if digest else frozenset(newsletter.digest_cadences),
        digest,
        alerted(connection, newsletter, now) if alert else None,
        frozenset(topics_by_name(publication)),
    )


def alerted(connection: sa.Connection, newsletter: Newsletter, now: datetime) -> sa.Select[int]:
    """Select subscriber_id of those with as many alerts as a day in the newsletter's zone allows.

    An alert that was withdrawn or refused does not count; one that waits does.
    """
    midnight = now.astimezone(newsletter.timezone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    today = sa.select(issues.c.id).where(
        issues.c.newsletter == newsletter.key,
        issues.c.kind == IssueKind.ALERT.value,
        issues.c.frozen_at >= midnight.astimezone(UTC),
    )
    return (
        sa.select(deliveries.c.subscriber_id)
        .where(
            deliveries.c.issue_id.in_(list(connection.scalars(today))),
            outcomes.state().not_in([DeliveryState.WITHDRAWN, DeliveryState.REFUSED]),
        )
        .group_by(deliveries.c.subscriber_id)
        .having(sa.func.count() >= newsletter.alerts.per_day)
    )


def of_correction(
    connection: sa.Connection, newsletter: Newsletter, wrong_id: int, now: datetime
) -> dict[str, int]:
    """Return how many recipients of an issue would get its correction now, by chosen language."""
    received = recipients_of(wrong_id)
    known = audience.reachable(newsletter.key, received, now).subquery()
    counted = sa.select(known.c.language, sa.func.count()).where(known.c.reason == "")
    return {row[0]: row[1] for row in connection.execute(counted.group_by(known.c.language))}


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
