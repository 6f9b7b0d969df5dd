"""A newsletter that is sent on publishing: after a delay, within limits, and not twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import FetchFailed
from newsletter.model.issue import IssueKind
from newsletter.store.tables import articles, batches, deliveries, exclusions
from newsletter.usecases import drafting
from tests.fakes.house import STAFF, article
from tests.fakes.readers import Reader, reader

ANN, BOB = "ann@example.org", "bob@example.org"
NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ALERTS = """
content = "same"
approval = "automatic"
[newsletters.alerts]
title = "Tide Alerts"
cadence = "on-publish"
approval = "automatic"
alerts = { delay = "10m", per_day = 2 }
"""


def opened(root: Path, more: str = ALERTS, *, database: str = "") -> Iterator[Reader]:
    with reader(root, more, database=database) as found:
        with found.house.app.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO subscriptions (newsletter, subscriber_id, state, since)"
                    " SELECT 'alerts', id, 'confirmed', created_at FROM subscribers"
                    " WHERE address_key IN ('ann@example.org', 'bob@example.org')"
                )
            )
        found.house.pass_at(NOON - timedelta(hours=1))
        yield found


@pytest.fixture
def tide(tmp_path: Path) -> Iterator[Reader]:
    """Ann follows ships and Bob fish; both want alerts."""
    yield from opened(tmp_path)


def publish(found: Reader, name: str, topic: str, at: datetime) -> None:
    """Publish an article, collect it at a time, and pass again when its delay is over."""
    article(found.house.root, name, topic)
    found.house.pass_at(at)
    found.house.pass_at(at + timedelta(minutes=10))


def alerts(found: Reader, address: str) -> list[EmailMessage]:
    return [letter for letter in found.letters(address) if "alerts" in str(letter["List-ID"])]


def test_an_article_is_sent_after_the_delay_to_those_who_follow_it_and_once(tide: Reader) -> None:
    assert not alerts(tide, ANN)
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON)
    assert not alerts(tide, ANN)
    tide.house.pass_at(NOON + timedelta(minutes=10))
    (letter,) = alerts(tide, ANN)
    assert letter["Subject"] == "About ships and tug"
    assert not alerts(tide, BOB)
    for minutes in (11, 12, 60):
        tide.house.pass_at(NOON + timedelta(minutes=minutes))
    assert len(alerts(tide, ANN)) == 1


def test_an_article_that_no_pass_saw_for_a_day_is_no_longer_sent(tide: Reader) -> None:
    for name, day, hours in (("tug", 0, 24), ("barge", 2, 25)):
        seen = NOON + timedelta(days=day)
        article(tide.house.root, name, "ships")
        tide.house.pass_at(seen)
        tide.house.pass_at(seen + timedelta(hours=hours))
    assert [letter["Subject"] for letter in alerts(tide, ANN)] == ["About ships and tug"]


def test_a_reader_gets_only_so_many_alerts_a_day(tide: Reader) -> None:
    for number in range(3):
        publish(tide, f"ship{number}", "ships", NOON + timedelta(minutes=40 * number))
    assert len(alerts(tide, ANN)) == 2
    with tide.house.app.reader.connect() as connection:
        query = sa.select(exclusions.c.reason).where(
            exclusions.c.subscriber_id == tide.subscriber(ANN), exclusions.c.reason == "daily limit"
        )
        assert len(connection.execute(query).all()) == 1
    publish(tide, "tomorrow", "ships", NOON + timedelta(days=1))
    assert len(alerts(tide, ANN)) == 3


def test_a_cancelled_alert_does_not_count_for_the_day(tide: Reader) -> None:
    publish(tide, "ship0", "ships", NOON)
    publish(tide, "ship1", "ships", NOON + timedelta(minutes=40))
    with tide.house.app.engine.begin() as connection:
        last = sa.select(sa.func.max(deliveries.c.issue_id)).scalar_subquery()
        cancelled = batches.update().where(batches.c.issue_id == last)
        connection.execute(cancelled.values(state="cancelled", reason="cancelled"))
    for number in (2, 3):
        publish(tide, f"ship{number}", "ships", NOON + timedelta(minutes=40 * number))
    assert len(alerts(tide, ANN)) == 3


@pytest.mark.parametrize("repeat", [False, True])
def test_the_next_issue_repeats_an_alert_only_if_configured(
    tmp_path: Path, *, repeat: bool
) -> None:
    more = ALERTS.replace("per_day = 2", f"per_day = 2, repeat = {str(repeat).lower()}")
    for tide in opened(tmp_path, more):
        publish(tide, "tug", "ships", NOON)
        monday = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)
        for hours in (-2, 0):
            tide.house.pass_at(monday + timedelta(hours=hours))
        bodies = {}
        for address in (ANN, BOB):
            body = tide.letters(address)[-1].get_body(("plain",))
            assert body is not None
            bodies[address] = body.get_content().lower()
        assert ("ships and tug" in bodies[ANN]) is repeat
        assert "ships and tug" in bodies[BOB]


def _published_at(tide: Reader, word: str, page: str) -> int:
    """Give the article whose title has a word a page elsewhere; return its number."""
    with tide.house.app.engine.begin() as connection:
        rows = connection.execute(sa.select(articles.c.id, articles.c.content, articles.c.title))
        found = next(row for row in rows if word in row.title)
        changed = {**found.content, "url": page}
        connection.execute(
            articles.update().where(articles.c.id == found.id).values(content=changed, url=page)
        )
    return int(found.id)


def test_a_page_that_is_taken_down_during_the_delay_cancels_the_alert(tide: Reader) -> None:
    page = "https://press.harbour.net/tug"
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON)
    tug = _published_at(tide, "tug", page)
    tide.house.at = NOON + timedelta(minutes=10)
    context = tide.house.app.context
    newsletter = context.publication.require_newsletter("alerts")
    asked: list[str] = []

    def taken_down(addresses: object) -> dict[str, FetchFailed]:
        asked.extend(addresses)  # type: ignore[call-overload] - an iterable of addresses
        return {page: FetchFailed("the server answers 404", status=404)}

    watching = replace(context, broken_links=taken_down)
    made, gone = drafting.draft_alert(watching, STAFF, newsletter)
    assert (made, gone, asked) == (None, {tug: "the server answers 404"}, [page])
    tide.house.pass_at(NOON + timedelta(minutes=20))
    assert not alerts(tide, ANN)


def test_a_page_that_did_not_answer_is_not_taken_down(tide: Reader) -> None:
    page = "https://x404.harbour.net/410"
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON)
    _published_at(tide, "tug", page)
    tide.house.at = NOON + timedelta(minutes=10)
    context = tide.house.app.context
    silent = {page: FetchFailed("the name x404.harbour.net does not resolve")}
    watching = replace(context, broken_links=lambda _addresses: silent)
    made, gone = drafting.draft_alert(
        watching, STAFF, context.publication.require_newsletter("alerts")
    )
    assert made is not None
    assert gone == {}


def test_a_file_that_is_removed_during_the_delay_cancels_the_alert(tide: Reader) -> None:
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON)
    (tide.house.root / "articles" / "tug.txt").unlink()
    lines = tide.house.pass_at(NOON + timedelta(minutes=10))
    withdrawn = [line.message for line in lines if "withdrawn" in line.message]
    assert len(withdrawn) == 1
    assert withdrawn[0].endswith("before its alert: the source “desk” no longer lists it")
    later = tide.house.pass_at(NOON + timedelta(minutes=40))
    assert not [line for line in later if "withdrawn" in line.message]
    assert not alerts(tide, ANN)


def test_an_article_that_is_listed_again_gets_its_alert(tide: Reader) -> None:
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON)
    (tide.house.root / "articles" / "tug.txt").unlink()
    tide.house.pass_at(NOON + timedelta(minutes=10))
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON + timedelta(minutes=50))
    assert len(alerts(tide, ANN)) == 1


FEED = """
[sources.wire]
path = "wire.xml"
topics = ["ships"]
every = "1m"
"""


def write_feed(root: Path, *names: str) -> None:
    """Write a feed of these articles, the newest first."""
    text = "The ship sails at noon with coal and corn, and the crew waits for the tide. " * 20
    items = "".join(
        f"<item><title>News of {name}</title><guid isPermaLink='false'>{name}</guid>"
        f"<description>&lt;p&gt;{name}: {text}&lt;/p&gt;</description></item>"
        for name in names
    )
    feed = f"<rss version='2.0'><channel><title>Wire</title>{items}</channel></rss>"
    (root / "wire.xml").write_text(feed, encoding="utf-8")


@pytest.mark.parametrize(
    ("later", "sent"),
    [
        (("c", "b", "a"), False),  # removed
        (("e", "c", "b", "a"), False),  # removed, and another one came
        (("h", "g", "f", "e"), True),  # pushed out by newer ones
        (("h", "g", "f", "a"), True),  # the same; an old one always stays
        ((), True),  # empty
        (None, True),  # fails
    ],
)
def test_only_an_entry_that_was_removed_from_a_feed_cancels_the_alert(
    tmp_path: Path, later: tuple[str, ...] | None, sent: bool
) -> None:
    (tmp_path / "wire.xml").parent.mkdir(exist_ok=True)
    write_feed(tmp_path, "c", "b", "a")
    for tide in opened(tmp_path, ALERTS + FEED):
        write_feed(tmp_path, "dory", "c", "b", "a")
        tide.house.pass_at(NOON)
        if later is None:
            (tmp_path / "wire.xml").write_text("<html>maintenance</html>", encoding="utf-8")
        else:
            write_feed(tmp_path, *later)
        tide.house.pass_at(NOON + timedelta(minutes=5))
        lines = tide.house.pass_at(NOON + timedelta(minutes=10))
        withdrawn = [line for line in lines if "no longer lists it" in line.message]
        found = [str(letter["Subject"]) for letter in alerts(tide, ANN)]
        assert any("dory" in subject for subject in found) is sent
        assert bool(withdrawn) is not sent


def test_two_passes_at_once_draft_an_article_once(tide: Reader) -> None:
    article(tide.house.root, "tug", "ships")
    tide.house.pass_at(NOON)
    tide.house.at = NOON + timedelta(minutes=10)
    context = tide.house.app.context
    newsletter = context.publication.require_newsletter("alerts")
    first, _ = drafting.draft_alert(context, STAFF, newsletter)
    second, _ = drafting.draft_alert(context, STAFF, newsletter)
    assert first is not None
    assert second is None
    assert [issue.kind for issue in tide.house.issues()].count(IssueKind.ALERT) == 1


def test_quiet_hours_hold_an_alert_back_until_the_morning(tmp_path: Path) -> None:
    more = ALERTS + 'quiet = "22:00-07:00"\n'
    for tide in opened(tmp_path, more):
        night = NOON.replace(hour=23)
        publish(tide, "tug", "ships", night)
        assert not alerts(tide, ANN)
        tide.house.pass_at(NOON.replace(day=2, hour=7, minute=1))
        assert len(alerts(tide, ANN)) == 1
