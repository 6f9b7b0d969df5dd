"""What somebody gets who asks for all that is held about them is all."""

import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from newsletter.store.people import personal
from newsletter.store.tables import deliveries, exclusions, issues, notices
from newsletter.store.tables import metadata as ours
from subscribers.store.tables import metadata as theirs
from tests.fakes.readers import Reader, reader

EVE = "eve@example.org"

ISSUE = {
    "newsletter": "weekly",
    "kind": "regular",
    "state": "submitted",
    "nominal": "",
    "due_at": datetime(2026, 11, 23, 8, tzinfo=UTC),
    "subject": "Ships again",
    "blocks": [],
    "drafted_at": datetime(2026, 11, 23, 8, tzinfo=UTC),
    "created_by": "x",
}
PLACES = {
    "import_changes": "history",
    "subscriber_tags": "topics",
    "subscriptions": "subscriptions",
    "consents": "consents",
    "audit": "history",
    "requests": "requests",
    "single_use_links": "links",
    "deliveries": "deliveries",
    "exclusions": "left_out",
    "notices": "notices",
    "engagements": "opens_and_clicks",
    "events": "events",
    "still_wanted": "still_wanted",
    "welcomes": "welcomes",
}
"""By table that names a subscriber: where its rows stand in what they get."""


def exported(found: Reader, address: str) -> dict[str, list[dict[str, str]]]:
    """Ask for everything, by the link in the mail."""
    found.client.post(f"/preferences/{found.token(address)}/data")
    answer = found.client.post(found.link(address, "manage"), data={"act": "export"})
    told: dict[str, list[dict[str, str]]] = json.loads(answer.text)
    return told


def test_every_table_that_names_a_person_is_in_what_they_get(tmp_path: Path) -> None:
    naming = {
        table.name
        for metadata in (ours, theirs)
        for table in metadata.sorted_tables
        if "subscriber_id" in table.c
    }
    assert naming == set(PLACES)
    with reader(tmp_path) as found:
        found.sign_up(EVE)
        assert set(exported(found, EVE)) >= set(PLACES.values())


def test_sign_ups_links_mails_issues_and_exclusions_are_told(tmp_path: Path) -> None:
    with reader(tmp_path) as found:
        found.sign_up(EVE, topic=["ships"])
        found.client.post(found.link(EVE, "confirm"))
        number = found.subscriber(EVE)
        with found.house.app.engine.begin() as connection:
            for issue in (91, 92):
                connection.execute(issues.insert().values(id=issue, number=issue, **ISSUE))
            got = {"issue_id": 91, "seq": 1, "subscriber_id": number, "edition_id": 1}
            connection.execute(deliveries.insert().values(state="delivered", **got))
            missed = {"issue_id": 92, "subscriber_id": number, "reason": "paused"}
            connection.execute(exclusions.insert().values(missed))
        told = exported(found, EVE)
    issue = {
        "newsletter": "weekly",
        "subject": "Ships again",
        "due_at": "2026-11-23T08:00:00+00:00",
    }
    assert told["deliveries"] == [issue | {"number": 91, "state": "delivered"}]
    assert told["left_out"] == [issue | {"number": 92, "reason": "paused"}]
    assert [one["kind"] for one in told["notices"]] == ["confirm", "welcome", "manage"]
    assert told["requests"][0]["topics"] == ["ships"]
    assert told["requests"][0]["confirmed_at"]
    assert [one["purpose"] for one in told["links"]] == ["manage"]


def test_staff_see_the_latest_of_many_emails(engine: sa.Engine) -> None:
    at = ISSUE["due_at"]
    with engine.begin() as connection:
        for number in range(5):
            queued = {"kind": "welcome", "key": f"{number}", "values": {}, "state": "queued"}
            queued |= {"subscriber_id": 1, "address": f"{number}@example.org", "queued_at": at}
            connection.execute(notices.insert().values(**queued))
        latest = personal.written_and_done(connection, 1, most=2)["notices"]
        assert [row["address"] for row in latest] == ["3@example.org", "4@example.org"]
        assert personal.of(connection, 1)["notices"][-2:] == latest
