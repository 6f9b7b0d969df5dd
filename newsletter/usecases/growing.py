"""Count once a day what each newsletter won and lost, and report it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Item, corrected
from newsletter.model.issue_report import Engaged
from newsletter.model.newsletter_report import (
    ArticleClicks,
    MonthReport,
    NewsletterReport,
    TopicDemand,
)
from newsletter.model.publication import Inactive, Publication
from newsletter.model.states import IssueState
from newsletter.store.content import edition_links, issues
from newsletter.store.counting import growth as store
from newsletter.store.sending import engagements
from newsletter.usecases.context import Context
from subscribers.audience import growth
from subscribers.model import slug

COUNTED_BACK = timedelta(days=730)
"""How far the first count looks back."""
DAYS_PER_PASS = 60
DAYS_SHOWN = 365
CLICKED_ISSUES = 20
MOST_TOPICS = 30
MOST_ARTICLES = 10
_DAY = timedelta(days=1)


def count_days(context: Context, actor: Actor) -> int:
    """Count the days that are over and not counted, oldest first; return how many were.

    Each day has its own transaction and a unique key: a kill or a second run changes no number.
    """
    actor.require(Role.EDITOR)
    yesterday = store.yesterday(context.now())
    with context.reader.connect() as connection:
        day = _next_day(connection, yesterday)
    counted = 0
    while day <= yesterday and counted < DAYS_PER_PASS:
        with context.reader.connect() as connection:
            numbers = _numbers(connection, day, context.now() if day == yesterday else None)
            if day == yesterday:
                numbers |= dict(_silent(connection, context.publication, context.now()))
        with context.engine.begin() as connection:
            store.store(connection, day, numbers)
        counted += 1
        day += _DAY
    return counted


def newsletter_report(context: Context, key: str) -> NewsletterReport:
    """Return the report of a newsletter; raise NotFound."""
    with context.reader.connect() as connection:
        return report_on(connection, context.publication, key)


def report_on(connection: sa.Connection, publication: Publication, key: str) -> NewsletterReport:
    """Return the report of a newsletter, in a transaction of the caller; raise NotFound."""
    newsletter = publication.require_newsletter(key)
    last = store.last_day(connection)
    sent = issues.recent(
        connection, newsletter=key, states=[IssueState.SUBMITTED], limit=CLICKED_ISSUES
    )
    silent = store.latest(connection, key, store.SILENT)
    clicks = edition_links.clicks_by_article(connection, [issue.id for issue in sent])
    items = [corrected(item) for issue in sent for item in issues.load_items(connection, issue.id)]
    return NewsletterReport(
        newsletter=key,
        title=newsletter.title,
        since=store.first_day(connection),
        until=last,
        months=_months(connection, key, last) if last else (),
        ages=store.latest(connection, key, store.AGE),
        asks=newsletter.inactive is not None,
        silent={int(days): number for days, number in silent.items()},
        issues=len(sent),
        counts_clicks=newsletter.tracking.clicks or bool(clicks),
        topics=_topics(store.latest(connection, key, store.TOPIC), items, clicks),
        articles=_articles(items, clicks),
    )


def _next_day(connection: sa.Connection, yesterday: date) -> date:
    last = store.last_day(connection)
    if last is not None:
        return last + _DAY
    first = growth.first_act(connection)
    return max(yesterday - COUNTED_BACK, min(first.date(), yesterday) if first else yesterday)


def _numbers(
    connection: sa.Connection, day: date, now: datetime | None
) -> dict[tuple[str, str, str], int]:
    """Count one day; with `now`, also the subscriptions as they are, which no past day has."""
    begins = datetime.combine(day, time(), UTC)
    found: dict[tuple[str, str, str], int] = {
        (key, change.value, origin): number
        for (key, change, origin), number in growth.changes(
            connection, begins, begins + _DAY
        ).items()
    }
    if now is not None:
        for (key, age), number in growth.ages(connection, now).items():
            found[key, store.AGE, age.value] = number
        for (key, topic), number in growth.followed(connection).items():
            found[key, store.TOPIC, topic] = number
    return found


def _silent(
    connection: sa.Connection, publication: Publication, now: datetime
) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Yield how many subscribers of each newsletter opened and clicked nothing for a long time.

    Only of newsletters whose opens or clicks have been counted for that long, with their readers.
    """
    for newsletter in publication.newsletters:
        tracking, period = newsletter.tracking, (newsletter.inactive or Inactive()).after
        if tracking.mode != "readers" or not (tracking.opens or tracking.clicks):
            continue
        first = engagements.counted_since(connection, newsletter.key)
        if first is not None and first <= now - period:
            readers = engagements.readers(newsletter.key, now - period)
            number = growth.silent(connection, newsletter.key, now - period, readers)
            yield (newsletter.key, store.SILENT, str(period.days)), number


def _months(connection: sa.Connection, key: str, last: date) -> tuple[MonthReport, ...]:
    """Return the last twelve months or so, newest first, and none in which nothing happened."""
    since = (last - timedelta(days=DAYS_SHOWN)).replace(day=1)
    found = store.months(connection, key, since, growth.undone(connection))
    return tuple(
        MonthReport(
            date.fromisoformat(f"{month}-01"),
            {kind: number for (at, kind), number in found.items() if at == month},
        )
        for month in sorted({month for month, _ in found}, reverse=True)
    )


def _topics(
    followers: Counter[str], items: Sequence[Item], clicks: dict[int, Engaged]
) -> tuple[TopicDemand, ...]:
    """Return the topics with the most followers or human clicks."""
    about: dict[str, set[int]] = {topic: set() for topic in followers}
    for item in items:
        for topic in item.topics:
            about.setdefault(slug(topic), set()).add(item.article_id)
    found = [
        TopicDemand(
            topic,
            followers[topic],
            sum((clicks.get(article, Engaged()) for article in articles), Engaged()),
        )
        for topic, articles in about.items()
    ]
    shown = [each for each in found if each.followers or each.clicks.raw]
    shown.sort(key=lambda each: (-each.followers, -each.clicks.human, each.topic))
    return tuple(shown[:MOST_TOPICS])


def _articles(items: Sequence[Item], clicks: dict[int, Engaged]) -> tuple[ArticleClicks, ...]:
    """Return the articles with the most human clicks, then the most clicks of any kind."""
    titles = {item.article_id: item.title for item in items}
    found = sorted(
        (ArticleClicks(titles.get(article, ""), each) for article, each in clicks.items()),
        key=lambda each: (-each.clicks.human, -each.clicks.raw, each.title),
    )
    return tuple(found[:MOST_ARTICLES])
