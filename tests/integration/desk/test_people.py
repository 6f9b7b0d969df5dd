"""Subscribers at the desk: search, one person, and every act on them."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient

from newsletter.model.act import ActKind
from newsletter.model.actor import Role
from newsletter.store import acts
from newsletter.store.acts import ActFilter
from newsletter.usecases import people
from subscribers import directory
from subscribers.model import Subscriber, SubscriptionState
from tests.fakes.desk import OWNER, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, House, house

ANN = "ann@example.org"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, '[segments]\nsailors = "ships"\n') as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def admin(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.ADMIN)


def person(opened: House, address: str = ANN) -> Subscriber:
    with opened.app.reader.connect() as connection:
        return directory.require(connection, address)


def recorded(opened: House) -> list[ActKind]:
    with opened.app.reader.connect() as connection:
        return [found.act.kind for found in acts.listed(connection, ActFilter())]


def act(
    desk: StaffedDesk, admin: TestClient, path: str, fields: dict[str, str] | None = None
) -> str:
    """Send a form, follow the redirect, and return the page."""
    answer = desk.post(admin, path, fields)
    assert answer.status_code == 303, answer.text
    return admin.get(answer.headers["location"]).text


def test_a_search_leads_to_a_person(admin: TestClient, opened: House) -> None:
    assert "Enter how an address or a name begins" in admin.get("/people").text
    page = admin.get("/people", params={"text": "ANN", "segment": "sailors"}).text
    href = f"/people/{person(opened).id}"
    assert re.findall(r'href="(/people/\d+)"', page) == [href]
    assert admin.get("/people", params={"text": "bob", "segment": "sailors"}).text.count(
        "No subscriber matches"
    )
    shown = admin.get(href, params={"segment": "ships and fish"}).text
    for part in (ANN, "The Tide", "subscribed", "ships", "lacks", "form", "Audience"):
        assert (part in shown) is (part != "Audience"), part
    assert "segment, column" in admin.get("/people", params={"segment": "(("}).text
    assert "segment, column" in admin.get(href, params={"segment": "(("}).text


def test_hostile_texts_are_only_texts(admin: TestClient, opened: House) -> None:
    people.tag(opened.app.context, OWNER, ANN, add=[HOSTILE], remove=())
    for params in (
        {"text": HOSTILE},
        {"segment": HOSTILE},
        {"text": "\x00", "after": HOSTILE},
        {"text": "a" * 5_000, "segment": "not " * 900},
    ):
        answer = admin.get("/people", params=params)
        assert answer.status_code == 200
        assert HOSTILE not in answer.text
    assert HOSTILE not in admin.get(f"/people/{person(opened).id}").text
    assert admin.get("/people/999999999999999999999").status_code == 404
    assert admin.get("/people/99").status_code in {404, 409}


def test_each_issue_is_there_with_its_outcome(desk: StaffedDesk, opened: House) -> None:
    people.suppress(opened.app.context, OWNER, "cyd@example.org", reason="asked by phone")
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()
    opened.pass_at(MONDAY + timedelta(minutes=5))
    admin = desk.browser(Role.ADMIN)
    got = admin.get(f"/people/{person(opened).id}").text
    assert re.search(r'href="/issues/1">The Tide[^<]*</a>', got)
    assert "submitted" in got
    left_out = admin.get(f"/people/{person(opened, 'cyd@example.org').id}").text
    assert "Email to this address is blocked." in left_out
    assert "asked by phone" in left_out


def test_staff_act_on_request_and_the_audit_knows(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    one = f"/people/{person(opened).id}"
    with structlog.testing.capture_logs() as logged:
        assert "saved" in act(desk, admin, f"{one}/tags", {"add": "VIP", "remove": "ships"})
        assert person(opened).slugs == {"vip"}
        assert "pause has been saved" in act(desk, admin, f"{one}/pause", {"weeks": "2"})
        assert person(opened).subscriptions[0].paused_until == opened.at + timedelta(weeks=2)
        assert "Nothing had" in act(desk, admin, f"{one}/pause", {"weeks": "2"})
        act(desk, admin, f"{one}/pause", {"weeks": "0"})
        assert person(opened).subscriptions[0].paused_until is None
        assert "next pass" in act(desk, admin, f"{one}/link")
        asked = {"newsletter": "weekly", "reason": "by phone"}
        assert "is unsubscribed" in act(desk, admin, f"{one}/unsubscribe", asked)
        assert person(opened).subscriptions[0].state is SubscriptionState.UNSUBSCRIBED
        assert "is suppressed" in act(desk, admin, f"{one}/suppress", {"reason": "by letter"})
        assert desk.post(admin, f"{one}/lift", {"reason": ""}).status_code == 409
        assert person(opened).suppressed is not None
        act(desk, admin, f"{one}/lift", {"reason": "asked again"})
        assert person(opened).suppressed is None
    assert ANN not in str(logged)
    shown = admin.get(one).text
    assert "person:admin@harbour.example" in shown
    assert "staff" in shown
    assert recorded(opened)[:7] == [
        ActKind.SUPPRESSION_LIFTED,
        ActKind.ADDRESS_SUPPRESSED,
        ActKind.SUBSCRIBER_UNSUBSCRIBED,
        ActKind.MANAGE_LINK_EMAILED,
        ActKind.SUBSCRIBER_PAUSED,
        ActKind.SUBSCRIBER_PAUSED,
        ActKind.SUBSCRIBER_TAGGED,
    ]
    with opened.app.reader.connect() as connection:
        assert ANN not in str(acts.listed(connection, ActFilter()))


def test_staff_set_the_time_zone_of_a_person(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    one = f"/people/{person(opened).id}"
    shown = act(desk, admin, f"{one}/zone", {"timezone": "Pacific/Apia"})
    assert "time zone has been saved" in shown
    assert "<option selected>Pacific/Apia" in shown
    assert desk.post(admin, f"{one}/zone", {"timezone": HOSTILE}).status_code == 409
    assert person(opened).timezone == "Pacific/Apia"
    act(desk, admin, f"{one}/zone", {"timezone": ""})
    assert person(opened).timezone == ""
    assert recorded(opened)[:2] == [ActKind.SUBSCRIBER_ZONE_SET] * 2


def test_a_pause_needs_a_number(desk: StaffedDesk, admin: TestClient, opened: House) -> None:
    for weeks in ("", "-1", "999", "\u0663", "two"):
        answer = desk.post(admin, f"/people/{person(opened).id}/pause", {"weeks": weeks})
        assert answer.status_code == 409, weeks
    assert person(opened).subscriptions[0].paused_until is None


def test_data_is_exported_and_erased_after_a_recent_sign_in(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    one = f"/people/{person(opened).id}"
    copy = json.loads(desk.post(admin, f"{one}/data").text)
    assert (copy["address"], copy["consents"][0]["newsletter"]) == (ANN, "weekly")
    assert {"deliveries", "notices", "history"} <= set(copy)
    assert desk.post(admin, f"{one}/erase").status_code == 409
    assert person(opened)
    opened.at += timedelta(hours=2)
    for path in ("data", "erase"):
        again = desk.post(admin, f"{one}/{path}", {"sure": "yes"})
        assert again.status_code == 403
        assert ANN not in again.text
    desk.post(admin, "/account/sign-out")
    fresh = desk.browser(Role.ADMIN)
    assert "has been deleted" in act(desk, fresh, f"{one}/erase", {"sure": "yes"})
    assert "No subscriber matches" in fresh.get("/people", params={"text": "ann@"}).text
    assert recorded(opened)[0] is not ActKind.DATA_EXPORTED
    with opened.app.reader.connect() as connection:
        assert ANN not in str(acts.listed(connection, ActFilter()))


def test_a_suppressed_address_without_a_subscriber_is_found_and_lifted(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    people.suppress(opened.app.context, OWNER, "eve@example.org", reason="asked by phone")
    page = admin.get("/people", params={"text": "eve@example.org"}).text
    assert "eve@example.org is not a subscriber" in page
    assert "asked by phone" in page
    fields = {"address": "eve@example.org", "reason": "asked again"}
    assert "may be emailed again" in act(desk, admin, "/people/lift", fields)
    assert "No subscriber matches" in admin.get("/people", params={"text": "eve@example.org"}).text


def test_a_segment_is_counted_with_examples_reasons_and_growth(admin: TestClient) -> None:
    listed = admin.get("/people/segments").text
    assert "sailors" in listed
    assert "would get an issue" not in listed
    page = admin.get("/people/segments", params={"expression": "sailors or fsh"}).text
    assert "1 subscriber of The Tide would get an issue now." in page
    for part in (ANN, "No subscriber has the tag “fsh”", "This issue went to only some", "2026-01"):
        assert part in page
    assert "segment, column" in admin.get("/people/segments?expression=%28").text
    unknown = admin.get("/people/segments", params={"expression": "fish", "newsletter": "none"})
    assert "1 subscriber of The Tide" in unknown.text
