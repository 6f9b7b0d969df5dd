"""From a slot to the inboxes of four time zones: what staff and readers see on the way."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.model.actor import Role
from newsletter.model.issue import Issue
from newsletter.store.content import agendas
from newsletter.web.main import public_site
from subscribers import directory
from subscribers.consent import choosing
from subscribers.model import READER
from subscribers.tokens import Purpose
from tests.fakes.desk import staffed_desk
from tests.fakes.house import MONDAY, House, house

READER_TIME = 'send_at = "reader"\ntimezone = "Europe/London"\n'
ZONES = {
    "ann@example.org": "Pacific/Apia",
    "bob@example.org": "America/New_York",
    "cyd@example.org": "Asia/Seoul",
}
DUE = {
    "ann@example.org": datetime(2026, 11, 29, 19, tzinfo=UTC),
    "cyd@example.org": datetime(2026, 11, 29, 23, tzinfo=UTC),
    "bob@example.org": datetime(2026, 11, 30, 13, tzinfo=UTC),
}
"""When it is Monday at 08:00 in their zones."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, READER_TIME, at=MONDAY - timedelta(days=7)) as made:
        for address, zone in ZONES.items():
            choose_zone(made, address, zone)
        yield made


def choose_zone(opened: House, address: str, zone: str) -> None:
    with opened.app.engine.begin() as connection:
        person = directory.require(connection, address)
        choosing.set_timezone(connection, person, zone, actor=READER, now=opened.at)


def recipients(opened: House) -> dict[str, int]:
    """Return how many copies of an issue each person got."""
    written = (path for path in opened.app.settings.outbox.glob("*.eml"))
    headers = (
        message_from_bytes(path.read_bytes(), policy=default)["To"].addresses
        for path in written
        if not path.name.startswith("notice")
    )
    return dict(Counter(address.addr_spec for (address,) in headers))


def issue(opened: House) -> Issue:
    (found,) = opened.issues()
    return found


def test_an_issue_is_due_with_the_first_zone_and_goes_round_the_world_once(opened: House) -> None:
    opened.pass_at(DUE["ann@example.org"] - timedelta(hours=30))
    drafted = issue(opened)
    assert (drafted.nominal, drafted.reader_time) == ("2026-11-30T08:00", "2026-11-30T08:00")
    assert drafted.due_at == DUE["ann@example.org"]
    assert drafted.ends_at == DUE["bob@example.org"]
    opened.approve()
    got: dict[str, datetime] = {}
    for moment in sorted(DUE.values()):
        opened.pass_at(moment - timedelta(minutes=1))
        assert recipients(opened).keys() == got.keys()
        lines = opened.pass_at(moment)
        got |= dict.fromkeys(recipients(opened).keys() - got.keys(), moment)
        if len(got) == 1:
            report = " ".join(line.message for line in lines)
            assert "each reader's own time; the next batch goes out Sun 29 Nov 23:00" in report
            assert "the last one Mon 30 Nov 13:00 GMT" in report
            choose_zone(opened, "ann@example.org", "America/New_York")
    assert got == DUE
    assert recipients(opened) == dict.fromkeys(DUE, 1)
    opened.pass_at(MONDAY + timedelta(hours=12))
    assert recipients(opened) == dict.fromkeys(DUE, 1)
    assert issue(opened).state == "submitted"


def test_staff_see_from_when_to_when_it_goes_out(opened: House) -> None:
    opened.pass_at(DUE["ann@example.org"] - timedelta(hours=30))
    desk = staffed_desk(opened.app)
    approver = desk.browser(Role.APPROVER)
    span = "Each reader gets it at 08:00 in their own time zone, the last ones Monday"
    assert span in approver.get("/issues/1/approve").text
    today = approver.get("/").text
    assert span in today
    assert "Sunday 29 November 2026 at 19:00 GMT" in today
    opened.approve()
    (line,) = [
        line for line in opened.pass_at(opened.at) if "approved and goes out" in line.message
    ]
    assert "goes out Sun 29 Nov 2026 19:00 GMT to Mon 30 Nov 2026 13:00 GMT" in line.message
    calendar = approver.get("/calendar").text
    assert "08:00 reader&#39;s time" in calendar
    assert "from Sun 06 Dec 19:00 to Mon 07 Dec 13:00 GMT" in calendar


def test_an_approval_after_the_first_zone_still_reaches_the_others_in_time(opened: House) -> None:
    opened.pass_at(DUE["ann@example.org"] - timedelta(hours=1))
    late = DUE["ann@example.org"] + timedelta(hours=6)
    opened.pass_at(late)
    opened.approve()
    opened.pass_at(late)
    assert recipients(opened).keys() == {"ann@example.org", "cyd@example.org"}
    opened.pass_at(DUE["bob@example.org"] - timedelta(minutes=1))
    assert recipients(opened).keys() == {"ann@example.org", "cyd@example.org"}
    opened.pass_at(DUE["bob@example.org"])
    assert recipients(opened) == dict.fromkeys(DUE, 1)


def test_a_slot_is_caught_up_while_a_zone_still_waits_for_it(opened: House) -> None:
    opened.pass_at(opened.at)  # the cadence is in force from here on
    opened.pass_at(DUE["bob@example.org"] - timedelta(hours=3))
    with opened.app.reader.connect() as connection:
        newsletter = opened.app.publication.require_newsletter("weekly")
        coming = next(agendas.of(connection, newsletter, opened.at, opened.at))
    assert issue(opened).nominal == "2026-11-30T08:00"
    assert coming.due.nominal == "2026-12-07T08:00"


def test_readers_choose_their_zone_on_the_preference_page(opened: House) -> None:
    with opened.app.reader.connect() as connection:
        ann = directory.require(connection, "ann@example.org")
    token = opened.app.signer.mint(ann.id, "weekly", Purpose.ISSUE)
    client = TestClient(public_site(opened.app), base_url="http://127.0.0.1:8025")
    page = client.get(f"/preferences/{token}").text
    assert '<option value="Pacific/Apia" selected>Apia</option>' in page
    assert page.count(" selected>Apia") == 1
    assert '<optgroup label="Asia">' in page
    form = {"form": "preferences", "newsletter": "weekly", "frequency.weekly": "each"}
    for typed, stored in (
        ({"timezone": "Asia/Tokyo"}, "Asia/Tokyo"),
        ({"timezone": "Mars/Olympus"}, "Asia/Tokyo"),
        ({}, "Asia/Tokyo"),
        ({"timezone": ""}, ""),
    ):
        client.post(f"/preferences/{token}", data=form | typed)
        with opened.app.reader.connect() as connection:
            assert directory.require(connection, "ann@example.org").timezone == stored
