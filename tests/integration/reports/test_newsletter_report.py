"""The report of a newsletter agrees with what happened to its subscribers."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from newsletter.cli.main import program
from newsletter.errors import NotFound
from newsletter.model.actor import MACHINE, Actor
from newsletter.model.engagement import Tracking
from newsletter.model.issue_report import Engaged
from newsletter.model.newsletter_report import NewsletterReport
from newsletter.model.publication import Topic
from newsletter.render.catalog import open_catalogs
from newsletter.render.growth_view import AGES, LOST, WON, sections
from newsletter.store.content import issues
from newsletter.store.engagement_tables import edition_links, engagement_totals, engagements
from newsletter.store.tables import editions
from newsletter.usecases import growing, people
from subscribers.audience.growth import AgeGroup, SubscriptionChange
from subscribers.model import Suppression, SuppressionReason
from subscribers.suppression import suppress_subscriber
from tests.fakes.house import MONDAY, SECRETS, leave_all
from tests.fakes.postgres import Postgres
from tests.fakes.readers import Reader, reader

DAY = timedelta(days=1)
STAFF = Actor.person("mina")
CATALOGS = open_catalogs(None)
GROWING = ("subscribers", "subscriptions", "audit", "consents", "subscriber_tags", "engagements")
"""Tables that grow with the list."""


@pytest.fixture(params=["sqlite", "postgres"])
def eve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reader]:
    """Open a publication with three confirmed subscribers, all imported on the first day."""
    with _database(request) as database, reader(tmp_path, "", database=database) as found:
        yield found


@contextmanager
def _database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(template=request.getfixturevalue("migrated_database")) as url:
        yield url.render_as_string(hide_password=False)


def come(eve: Reader, address: str) -> None:
    """Sign up and confirm."""
    eve.sign_up(address)
    eve.client.post(eve.link(address, "confirm"))


def counted(eve: Reader) -> NewsletterReport:
    """Let the day end, count, and return the report."""
    eve.house.at += DAY
    growing.count_days(eve.house.app.context, MACHINE)
    return growing.newsletter_report(eve.house.app.context, "weekly")


def changes(report: NewsletterReport) -> Counter[str]:
    """Return the changes of all months together."""
    found: Counter[str] = Counter()
    for month in report.months:
        found.update(month.changes)
    return found


def bounce(eve: Reader, address: str, reason: SuppressionReason) -> None:
    """Suppress an address as a report of the provider does."""
    cause = Suppression("", reason, "provider:test", "", eve.house.at)
    with eve.house.app.engine.begin() as connection:
        suppress_subscriber(connection, eve.subscriber(address), cause, pepper=b"p" * 40)


def test_each_gain_and_each_loss_is_counted_once_by_cause(eve: Reader) -> None:
    assert changes(counted(eve)) == {SubscriptionChange.IMPORTED: 3}
    for name in ("fay", "gil", "hal", "ina"):
        come(eve, f"{name}@example.org")
    leave_all(eve.house, "fay@example.org")
    come(eve, "fay@example.org")
    leave_all(eve.house, "gil@example.org")
    bounce(eve, "ann@example.org", SuppressionReason.BOUNCE)
    bounce(eve, "ann@example.org", SuppressionReason.COMPLAINT)
    people.suppress(eve.house.app.context, STAFF, "hal@example.org")
    people.erase(eve.house.app.context, STAFF, "cyd@example.org")
    report = counted(eve)
    assert changes(report) == {
        SubscriptionChange.IMPORTED: 3,
        SubscriptionChange.CONFIRMED: 4,
        SubscriptionChange.RETURNED: 1,
        SubscriptionChange.UNSUBSCRIBED: 2,
        SubscriptionChange.BOUNCED: 1,
        SubscriptionChange.SUPPRESSED: 1,
        SubscriptionChange.ERASED: 1,
    }
    assert report.ages == {AgeGroup.MONTH: 2, AgeGroup.YEAR: 1}
    people.lift(eve.house.app.context, STAFF, "hal@example.org", reason="asked by phone")
    bounce(eve, "bob@example.org", SuppressionReason.COMPLAINT)
    again = counted(eve)
    assert changes(again)[SubscriptionChange.RETURNED] == 2
    assert changes(again)[SubscriptionChange.COMPLAINED] == 1
    assert changes(again)[SubscriptionChange.BOUNCED] == 1


def test_a_second_run_and_runs_at_the_same_time_change_no_number(eve: Reader) -> None:
    report = counted(eve)
    context = eve.house.app.context
    assert growing.count_days(context, MACHINE) == 0
    eve.house.at += DAY
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(growing.count_days, context, MACHINE) for _ in range(4)]:
            done.result()
    again = growing.newsletter_report(context, "weekly")
    assert again.months == report.months
    assert again.until == report.until + DAY if report.until else False


def test_an_undone_import_no_longer_counts(eve: Reader) -> None:
    assert changes(counted(eve))[SubscriptionChange.IMPORTED] == 3
    people.undo_import(eve.house.app.context, STAFF, 1, lambda _people: None)
    assert changes(counted(eve)) == {}


def test_a_pause_counts_and_a_longer_past_is_counted_in_several_passes(eve: Reader) -> None:
    choices = {"form": "preferences", "newsletter": "weekly", "pause.weekly": "4"}
    token = eve.token("ann@example.org")
    assert eve.client.post(f"/preferences/{token}", data=choices).status_code < 400
    eve.house.at += (growing.DAYS_PER_PASS + 4) * DAY
    context = eve.house.app.context
    assert growing.count_days(context, MACHINE) == growing.DAYS_PER_PASS
    assert growing.count_days(context, MACHINE) == 5 - 1
    report = growing.newsletter_report(context, "weekly")
    assert changes(report)[SubscriptionChange.PAUSED] == 1


def test_the_report_reads_no_table_that_grows_with_the_list(eve: Reader) -> None:
    counted(eve)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(eve.house.app.reader, "before_cursor_execute", note)
    growing.newsletter_report(eve.house.app.context, "weekly")
    assert len(statements) > 5
    for statement in statements:
        tables = statement.replace("(", " ").replace(",", " ").split()
        assert not set(GROWING) & set(tables), statement


def test_topics_and_articles_are_reported_by_their_clicks(eve: Reader) -> None:
    eve.house.pass_at(MONDAY - DAY)
    eve.house.approve()
    eve.house.pass_at(MONDAY)
    with eve.house.app.engine.begin() as connection:
        edition = connection.scalar(sa.select(editions.c.id).limit(1))
        item = issues.load_items(connection, 1)[0]
        link = {"edition_id": edition, "number": 900, "url": "x", "article_id": item.article_id}
        connection.execute(edition_links.insert().values(link))
        total = {"issue_id": 1, "edition_id": edition, "kind": "clicked", "link": 900}
        connection.execute(engagement_totals.insert().values(raw=9, human=4, **total))
    report = counted(eve)
    assert [(each.title, each.clicks) for each in report.articles] == [(item.title, Engaged(9, 4))]
    topics = {each.topic: (each.followers, each.clicks.human) for each in report.topics}
    assert sorted(topics) == ["fish", "ships"]
    assert sum(human for _, human in topics.values()) == 4
    assert topics["fish"][0] == 1
    english = sections(report, CATALOGS.of("en"))
    named = (Topic("ships", (("en", "Ships at sea"),)),)
    assert "Ships at sea" in str(sections(report, CATALOGS.of("en"), named)[2].rows)
    korean = sections(report, CATALOGS.of("ko"))
    assert [part.name for part in english] == ["growth", "ages", "topics", "articles"]
    assert [part.name for part in korean] == [part.name for part in english]
    assert all(a.title != b.title for a, b in zip(english, korean, strict=True))
    assert "not known" in english[1].notes[0]


def read(eve: Reader, person: int, at: datetime, rule: str = "human") -> None:
    """Record that a subscriber clicked in issue 1, or that a machine did."""
    row = {"kind": "clicked", "source": "own", "issue_id": 1, "edition_id": 1, "seq": person}
    with eve.house.app.engine.begin() as connection:
        connection.execute(
            engagements.insert().values(
                id=f"{person} {at} {rule}", at=at, subscriber_id=person, rule=rule, **row
            )
        )


def test_the_share_of_the_silent_is_known_once_clicks_were_counted_for_long(eve: Reader) -> None:
    eve.house.pass_at(MONDAY - DAY)
    eve.house.approve()
    eve.house.pass_at(MONDAY)
    come(eve, "new@example.org")
    newest = eve.house.app.publication.newsletters[0]
    tracked = replace(newest, tracking=Tracking(clicks=True))
    own = replace(eve.house.app.publication, newsletters=(tracked,))
    eve.house.app = replace(eve.house.app, publication=own)
    read(eve, 1, eve.house.at - 100 * DAY)
    assert counted(eve).silent == {}
    read(eve, 2, eve.house.at - 200 * DAY)
    read(eve, 3, eve.house.at - DAY, "sweep")
    report = counted(eve)
    assert report.silent == {180: 2}
    assert (
        "Opened and clicked nothing for 180 days: 50"
        in sections(report, CATALOGS.of("en"))[1].notes[0]
    )
    read(eve, 2, eve.house.at - DAY)
    read(eve, 3, eve.house.at - DAY)
    assert counted(eve).silent == {180: 0}


def test_the_command_prints_the_report_of_a_newsletter(
    eve: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(eve)
    database = eve.house.app.settings.database_url
    monkeypatch.chdir(eve.house.root)
    for name, value in {**SECRETS, "NEWSLETTER_DATABASE_URL": database, "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(program, ["report", "weekly"])
    assert shown.exit_code == 0, shown.output
    assert "imported" in shown.output
    values = json.loads(CliRunner().invoke(program, ["report", "weekly", "--json"]).stdout)
    assert values["ages"] == {"1 year": 3}
    table = CliRunner().invoke(program, ["report", "weekly", "--csv"]).stdout
    assert "imported" in table
    assert CliRunner().invoke(program, ["report", "monthly"]).exit_code == 2


def test_before_the_first_count_the_report_has_no_numbers(eve: Reader) -> None:
    report = growing.newsletter_report(eve.house.app.context, "weekly")
    assert report.since is None
    assert sections(report, CATALOGS.of("en")) == ()
    with pytest.raises(NotFound):
        growing.newsletter_report(eve.house.app.context, "none")


def test_each_change_and_each_age_has_a_name() -> None:
    assert {*WON, *LOST} == set(SubscriptionChange)
    assert set(AGES) == set(AgeGroup)
