"""Warn about what is stored under keys that the configuration no longer has: a key was renamed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.maintenance.readings import Health, Reading
from newsletter.model.publication import Publication
from newsletter.model.vocabulary import topics_by_name
from newsletter.store.content import articles
from subscribers import directory
from subscribers.audience import subscribed_elsewhere

RECENT = timedelta(days=30)
"""Older articles are not printed any more."""


def examine(
    connection: sa.Connection, publication: Publication, now: datetime
) -> Iterator[Reading]:
    """Warn about subscribers, topics and new articles under keys that are not configured."""
    newsletters = [newsletter.key for newsletter in publication.newsletters]
    for key, people in subscribed_elsewhere(connection, newsletters).items():
        message = f"{people:,} confirmed subscribers, but it is not in newsletter.toml"
        advice = "give the newsletter its old key again: subscribers belong to the key"
        yield Reading(Health.WARN, f"newsletter {key}", message, advice)
    topics = topics_by_name(publication).keys()
    for topic, followers in directory.followers_of_others(connection, topics).items():
        message = f"{followers:,} subscribers follow it, but it is not in newsletter.toml"
        advice = "if it was renamed, add its old name to the `aliases` of the topic"
        yield Reading(Health.WARN, f"topic {topic}", message, advice)
    if not any(newsletter.sources for newsletter in publication.newsletters):
        return
    sources = [source.key for source in publication.sources]
    for key, number in articles.without_source(connection, sources, now - RECENT).items():
        message = f"{number:,} new articles, but it is not in newsletter.toml"
        advice = "newsletters with `sources` do not print them until a configured source shows them"
        yield Reading(Health.WARN, f"source {key}", message, advice)
