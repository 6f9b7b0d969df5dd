"""The report of an issue agrees with what happened to it, and reads counters only."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.model.event import EventKind
from newsletter.model.issue_report import Engaged, Gap, Measure, MeasureComparison
from newsletter.model.states import DeliveryState
from newsletter.render.catalog import open_catalogs
from newsletter.render.report_view import ReportSection, sections
from newsletter.store.engagement_tables import edition_links, engagement_totals
from newsletter.store.tables import editions, items
from newsletter.usecases import reporting
from tests.fakes.issues import NOW, add_issue
from tests.integration.events.conftest import Desk, desk

__all__ = ["desk"]

CATALOGS = open_catalogs(None)
DATABASES = pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
COUNTED_ONLY = ("deliveries", "exclusions", "engagements", "events", "subscribers")
"""Tables that grow with the number of recipients."""


def shown(found: Desk, language: str = "en") -> dict[str, ReportSection]:
    """Return the sections of the report by name."""
    report = reporting.issue_report(found.context, 1)
    catalog = CATALOGS.of(language)
    return {
        part.name: part for part in sections(report, catalog, found.office.publication.timezone)
    }


@DATABASES
def test_a_report_says_where_every_recipient_is(desk: Desk) -> None:
    desk.drain(
        desk.event("delivered", 1),
        desk.event("delivered", 2),
        desk.event("spamreport", 2, NOW + timedelta(hours=2)),
        desk.event("bounce", 3, type="bounce", status="5.1.1", email="ann@elsewhere.example"),
        desk.event("deferred", 4),
        desk.event("unsubscribe", 5, NOW + timedelta(hours=1)),
    )
    report = reporting.issue_report(desk.context, 1)
    assert (report.reach.planned, report.reach.submitted, report.reach.arrived) == (12, 12, 2)
    assert report.positions == {
        "submitted": 8,
        "delivered": 1,
        "deferred": 1,
        "bounced": 1,
        "complained": 1,
    }
    assert report.gaps == {}
    assert report.unsubscribed == 1
    assert [period.submitted for period in report.periods] == [12, 0]
    assert report.periods[0].events[EventKind.UNSUBSCRIBED] == 1
    assert report.periods[1].events == {EventKind.COMPLAINED: 1}
    domains = {each.domain: (each.planned, each.events) for each in report.domains}
    assert domains["example.net"][0] == 12
    assert domains[""] == (0, {EventKind.BOUNCED: 1})
    measured = {each.measure: each for each in report.comparisons}
    assert measured[Measure.DELIVERED] == MeasureComparison(Measure.DELIVERED, 2 / 12, None, 0)


def test_before_any_event_nothing_is_known(desk: Desk) -> None:
    report = reporting.issue_report(desk.context, 1)
    assert report.gaps[DeliveryState.DELIVERED] is Gap.NOTHING_YET
    rows = shown(desk)["positions"].rows
    assert ("submitted", "12", "100.0%") in rows
    assert ("delivered", "not known: no report has arrived yet", "–") in rows
    assert not any(row[1] == "0" for row in rows)
    assert "Opens are not tracked for this newsletter." in shown(desk)["engagement"].notes
    assert shown(desk)["domains"].notes


def test_the_sections_are_the_same_in_korean(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 1))
    english, korean = shown(desk), shown(desk, "ko")
    assert english.keys() == korean.keys()
    for name, part in english.items():
        assert len(part.rows) == len(korean[name].rows)
        assert part.title != korean[name].title


@DATABASES
def test_a_report_reads_counters_and_no_table_of_recipients(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 1))
    statements = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(desk.office.reader, "before_cursor_execute", note)
    reporting.issue_report(desk.context, 1)
    assert len(statements) > 10
    for statement in statements:
        tables = statement.replace("(", " ").replace(",", " ").split()
        assert not set(COUNTED_ONLY) & set(tables), statement


def test_clicks_are_reported_by_link_edition_and_topic(desk: Desk) -> None:
    url = "https://www.example.org/a?x=1"
    with desk.office.engine.begin() as connection:
        edition = connection.scalar(sa.select(editions.c.id))
        article = connection.scalar(sa.select(items.c.article_id))
        link = {"edition_id": edition, "number": 1, "url": url, "article_id": article}
        connection.execute(edition_links.insert().values(link))
        for number, human in ((0, 4), (1, 3)):
            total = {"issue_id": 1, "edition_id": edition, "kind": "clicked", "link": number}
            counted = {"raw": 9, "human": human, "raw_emails": 5, "human_emails": 2}
            connection.execute(engagement_totals.insert().values(total | counted))
    report = reporting.issue_report(desk.context, 1)
    on_link = Engaged(9, 3, 5, 2)
    assert report.clicks == Engaged(9, 4, 5, 2)
    assert [(link.url, link.clicks) for link in report.links] == [(url, on_link)]
    assert report.editions[0].clicks == report.clicks
    assert all(topic.clicks == on_link for topic in report.topics)
    assert {each.measure: each for each in report.comparisons}[Measure.CLICKED].share == 2 / 12
    assert shown(desk)["links"].rows[0][1:] == ("9", "3")
    with desk.office.reader.connect() as connection:
        assert reporting.clicks_on(connection, 1, 1) == {url: on_link}
        assert reporting.clicks_on(connection, 1, 7) == {}


def test_an_unknown_issue_has_no_report(desk: Desk) -> None:
    with pytest.raises(NotFound):
        reporting.issue_report(desk.context, 99)


@DATABASES
def test_a_report_compares_with_earlier_issues(desk: Desk) -> None:
    for _ in range(3):
        with desk.office.engine.begin() as connection:
            desk.office.issue_id = add_issue(connection)
        desk.office.freeze()
        desk.office.submit()
    desk.drain(*(desk.event("delivered", number) for number in range(1, 10)))
    report = reporting.issue_report(desk.context, 4)
    found = {each.measure: each for each in report.comparisons}
    assert found[Measure.UNSUBSCRIBED] == MeasureComparison(Measure.UNSUBSCRIBED, 0.0, 0.0, 3)
    assert found[Measure.DELIVERED] == MeasureComparison(Measure.DELIVERED, None, None, 1)


def test_the_values_of_a_report_become_json_and_csv(desk: Desk) -> None:
    from newsletter.cli.reporting import flat, plain  # noqa: PLC0415 - only this test needs it

    desk.drain(desk.event("delivered", 1))
    values = plain(reporting.issue_report(desk.context, 1))
    assert json.loads(json.dumps(values, default=str))["positions"]["delivered"] == 1
    assert ("domains.1.events.delivered", 1) in [
        (".".join(path), v) for path, v in flat(values, ())
    ]
