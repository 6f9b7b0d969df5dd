"""Each reader gets an issue at the same local time, in their own time zone, and once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from newsletter.model.actor import Actor
from newsletter.model.states import BatchState, IssueState
from newsletter.model.subjects import Arm, SubjectTest
from newsletter.send import decisions, subjects
from newsletter.store.content import issues
from newsletter.store.sending import batches
from subscribers.audience import timezones
from subscribers.store import statuses
from subscribers.store.tables import subscribers, subscriptions
from tests.fakes.crashes import crash_at_every_write
from tests.fakes.issues import NOW, add_issue, add_many, add_people
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import Office
from tests.integration.send.test_subjects import add_second_subject

WALL = datetime(2026, 11, 24, 8)  # noqa: DTZ001 - the same on each reader's clock
NEWSLETTER = "Asia/Seoul"
ZONES = ("Asia/Seoul", "Europe/London", "America/New_York", "Pacific/Apia", "", "Mars/Olympus")
LONG_AFTER = NOW + timedelta(days=200)
EACH = 4
"""How many readers each zone has, half of them with another topic."""
ADA = Actor.person("ada")


def address(number: int) -> str:
    return f"reader{number}@example.net"


def at(zone: str, wall: datetime = WALL) -> datetime:
    """Return when a local time comes in a zone, by another way than ours."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def opened(office: Office, wall: datetime = WALL, test: SubjectTest | None = None) -> None:
    """Approve an issue with reader time for readers in all zones and of two topics."""
    office.configure(send_at="reader", content="followed")
    with office.engine.begin() as connection:
        half = len(ZONES) * EACH // 2
        add_people(connection, half, tags=["korea"])
        add_people(connection, half, first=half + 1, tags=["trade"])
        for number in range(1, 2 * half + 1):
            statuses.set_timezone(connection, number, zone_of(number))
        office.issue_id = add_issue(
            connection, contents=[(1, 2), (1,), (2,)], tags=[["korea"], ["trade"]]
        )
        if test is not None:
            add_second_subject(connection, office.issue_id, test)
        issues.set_reader_time(
            connection, office.issue_id, wall.isoformat(timespec="minutes"), None
        )


def zone_of(number: int) -> str:
    return ZONES[number % len(ZONES)]


def home_of(number: int) -> str:
    """Return the zone that counts for a reader: an unknown one is that of the newsletter."""
    return zone_of(number) if zone_of(number) not in {"", "Mars/Olympus"} else NEWSLETTER


def move(office: Office, number: int, zone: str) -> None:
    with office.engine.begin() as connection:
        statuses.set_timezone(connection, number, zone)


def watched(office: Office, until: datetime = LONG_AFTER) -> dict[str, list[datetime]]:
    """Let the time pass; return when each reader got their copies.

    The clock stops when a batch may leave, and a minute before that.
    """
    found: dict[str, list[datetime]] = {}
    with office.engine.connect() as connection:
        laid = batches.of_issue(connection, office.issue_id, {BatchState.PREPARED})
    times = {batch.not_before for batch in laid if batch.not_before is not None}
    steps = {office.now, until} | times | {moment - timedelta(minutes=1) for moment in times}
    for moment in sorted(step for step in steps if office.now <= step <= until):
        office.now = moment
        before = len(office.memory.shipments)
        office.submit()
        for shipment in office.memory.shipments[before:]:
            for recipient in shipment.recipients:
                found.setdefault(recipient.address, []).append(office.now)
    return found


def expected() -> dict[str, list[datetime]]:
    return {address(number): [at(home_of(number))] for number in range(1, len(ZONES) * EACH + 1)}


def test_readers_in_four_zones_get_it_at_their_own_eight_o_clock(office: Office) -> None:
    opened(office)
    assert office.freeze() is not None
    with office.engine.connect() as connection:
        issue = issues.load(connection, office.issue_id)
        laid = batches.of_issue(connection, office.issue_id)
        assert timezones(connection, "weekly") == sorted(filter(None, ZONES))
    assert issue.ends_at == at("America/New_York")
    times = {batch.not_before for batch in laid}
    assert times == {at(zone) for zone in map(home_of, range(len(ZONES)))}
    assert watched(office) == expected()
    dates = {
        recipient.address: shipment.letter.date
        for shipment in office.memory.shipments
        for recipient in shipment.recipients
    }
    assert dates == {name: moment for name, (moment,) in expected().items()}
    assert office.told().state is IssueState.SUBMITTED


def test_a_zone_that_changes_later_changes_nothing_of_this_issue(office: Office) -> None:
    opened(office)
    assert office.freeze() is not None
    had = next(number for number in range(1, 9) if zone_of(number) == "Pacific/Apia")
    waiting = next(number for number in range(1, 9) if zone_of(number) == "America/New_York")
    first = watched(office, at("Asia/Seoul") - timedelta(hours=1))
    assert [address(had) in first, address(waiting) in first] == [True, False]
    move(office, had, "America/New_York")
    move(office, waiting, "Pacific/Apia")
    assert first | watched(office) == expected()


def test_a_reader_whose_time_has_passed_gets_it_at_once(office: Office) -> None:
    opened(office, wall=WALL - timedelta(days=1))
    assert office.freeze() is not None
    found = watched(office)
    for name, (moment,) in expected().items():
        assert found[name] == [max(moment - timedelta(days=1), NOW)]


def test_the_clocks_of_each_zone_count(office: Office) -> None:
    """New York has no 02:30 on this night, and London has 01:30 twice on another."""
    gap = datetime(2027, 3, 14, 2, 30)  # noqa: DTZ001 - the same on each reader's clock
    office.now = datetime(2027, 3, 13, 8, tzinfo=UTC)
    opened(office, wall=gap)
    assert office.freeze() is not None
    found = watched(office)
    for number in range(1, len(ZONES) * EACH + 1):
        (moment,) = found[address(number)]
        local = moment.astimezone(ZoneInfo(home_of(number)))
        skipped = home_of(number) == "America/New_York"
        assert f"{local:%H:%M}" == ("03:30" if skipped else "02:30")


def test_all_zones_from_the_first_to_the_last_get_it_once(lite: Office) -> None:
    opened(lite)
    for number, zone in ((1, "Pacific/Kiritimati"), (2, "Etc/GMT+12"), (3, "Asia/Kathmandu")):
        move(lite, number, zone)
    assert lite.freeze() is not None
    found = watched(lite)
    assert {len(times) for times in found.values()} == {1}
    assert found[address(1)] == [at("Pacific/Kiritimati")]
    assert found[address(2)] == [at("Etc/GMT+12")]
    assert found[address(3)] == [at("Asia/Kathmandu")]


def test_at_once_is_for_everyone_and_a_spread_begins_anew_in_each_zone(office: Office) -> None:
    office.answers(max_batch=2)
    opened(office)
    office.configure(spread=timedelta(hours=1))
    assert office.freeze() is not None
    found = watched(office)
    for name, (moment,) in expected().items():
        (got,) = found[name]
        assert timedelta(0) <= got - moment < timedelta(hours=1)
    assert len({got for (got,) in found.values()}) > len({at(zone) for zone in set(ZONES[:4])})


def test_without_waiting_everyone_gets_it_now(office: Office) -> None:
    opened(office)
    assert office.freeze(at_once=True) is not None
    office.submit()
    assert sorted(office.reached()) == sorted(expected())
    with office.engine.connect() as connection:
        issue = issues.load(connection, office.issue_id)
    assert (issue.reader_time, issue.ends_at) == ("", None)


def test_a_worker_that_is_killed_leaves_its_zone_in_doubt_and_no_one_gets_two(
    office: Office,
) -> None:
    opened(office)
    assert office.freeze() is not None
    office.now = at("Pacific/Apia")
    with office.engine.begin() as connection:
        claim = office.claim(connection)
    found = watched(office)
    doubtful = {
        name for name, (moment,) in expected().items() if moment == at("Pacific/Apia")
    } - found.keys()
    assert 0 < len(doubtful) <= claim.last - claim.first + 1
    assert found == {name: at_ for name, at_ in expected().items() if name not in doubtful}
    told = office.told()
    assert (told.held, told.waiting) == (len(doubtful), 0)
    office.resolve(claim.batch, "again")
    office.submit()
    assert Counter(office.reached()) == dict.fromkeys(expected(), 1)


def test_what_is_held_before_its_time_and_prepared_again_waits_for_its_time(
    office: Office,
) -> None:
    """After a restore, batches are held that no one has claimed yet."""
    opened(office)
    assert office.freeze() is not None
    with office.engine.begin() as connection:
        for batch in batches.lock_prepared(connection, office.issue_id):
            if batch.seq % 2:
                batches.hold(
                    connection, batch.key, from_states=[BatchState.PREPARED], reason="restored"
                )
            else:
                batches.doubt(connection, batch.key, reason="stopped", now=office.now)
    for batch in office.waiting():
        office.resolve(batch, "again")
    assert watched(office) == expected()


def test_a_crash_at_any_write_of_the_freeze_leaves_one_audience(lite: Office) -> None:
    office = lite
    opened(office)

    def check() -> None:
        with office.engine.connect() as connection:
            assert not batches.of_issue(connection, office.issue_id)

    assert crash_at_every_write(office.engine, office.freeze, check) > len(ZONES)
    assert watched(office) == expected()


def test_what_is_paused_cancelled_or_moved_keeps_its_times(office: Office) -> None:
    opened(office)
    assert office.freeze() is not None
    other = MemorySender(max_batch=2, name="other")
    office.senders["other"] = other
    with office.engine.begin() as connection:
        decisions.pause(connection, office.issue_id, actor=ADA, now=office.now)
        before = {batch.span: batch.not_before for batch in batches.of_issue(connection, 1)}
        decisions.move(connection, office.issue_id, "other", 2, actor=ADA, now=office.now)
        for batch in batches.of_issue(connection, 1):
            first = next(span for span in before if span[0] <= batch.first_seq <= span[1])
            assert batch.not_before == before[first]
    assert watched(office, at("Asia/Seoul") + timedelta(hours=1)) == {}
    with office.engine.begin() as connection:
        decisions.resume(connection, office.issue_id, actor=ADA, now=office.now)
    office.submit()
    early = {name for name, (moment,) in expected().items() if moment <= office.now}
    assert {who.address for who in other.recipients} == early
    with office.engine.begin() as connection:
        decisions.cancel(connection, office.issue_id, actor=ADA, now=office.now)
    watched(office)
    assert Counter(who.address for who in other.recipients) == dict.fromkeys(early, 1)


@pytest.mark.parametrize("winner", [Arm.A, Arm.B])
def test_the_rest_of_a_test_of_two_subjects_gets_the_chosen_one_at_its_own_time(
    office: Office, winner: Arm
) -> None:
    opened(office, test=SubjectTest("Subject B", share=40, decide_after=timedelta(days=3)))
    assert office.freeze() is not None
    tested = watched(office, at("Asia/Seoul") + timedelta(minutes=30))
    with office.engine.begin() as connection:
        subjects.choose(
            connection, office.issue_id, winner, spread=timedelta(0), actor=ADA, now=office.now
        )
    chosen = office.now
    found = tested | watched(office)
    assert found.keys() == expected().keys()
    for name, (moment,) in expected().items():
        (got,) = found[name]
        assert got in {moment, max(moment, chosen)}
    assert tested.keys() < expected().keys()


def test_each_batch_has_one_edition_and_one_time_and_all_deliveries_are_in_one(
    office: Office,
) -> None:
    opened(office, test=SubjectTest("Subject B", share=40))
    assert office.freeze() is not None
    with office.engine.connect() as connection:
        laid = batches.of_issue(connection, office.issue_id)
        rows = connection.execute(
            sa.text(
                "SELECT d.seq, d.edition_id, s.timezone FROM deliveries d"
                " JOIN subscribers s ON s.id = d.subscriber_id ORDER BY d.seq"
            )
        ).all()
    covered = [seq for batch in laid for seq in range(batch.first_seq, batch.last_seq + 1)]
    assert sorted(covered) == [row.seq for row in rows]
    for batch in laid:
        mine = [row for row in rows if batch.first_seq <= row.seq <= batch.last_seq]
        assert {row.edition_id for row in mine} == {batch.edition_id}
        assert {at(_known(row.timezone)) for row in mine} == {batch.not_before}


def _known(zone: str) -> str:
    return zone if zone not in {"", "Mars/Olympus"} else NEWSLETTER


def test_only_the_zones_of_confirmed_readers_of_the_newsletter_count(office: Office) -> None:
    opened(office)
    with office.engine.begin() as connection:
        apia = sa.select(subscribers.c.id).where(subscribers.c.timezone == "Pacific/Apia")
        gone = subscriptions.update().where(subscriptions.c.subscriber_id.in_(apia))
        connection.execute(gone.values(state="unsubscribed"))
        assert "Pacific/Apia" not in timezones(connection, "weekly")
        assert timezones(connection, "another") == []


def test_the_zones_of_a_large_list_are_read_from_their_index(pg: Office) -> None:
    with pg.engine.begin() as connection:
        add_many(connection, 20_000)
        connection.exec_driver_sql("UPDATE subscribers SET timezone = 'Asia/Seoul'")
        statuses.set_timezone(connection, 1, "Pacific/Apia")
        for table in ("subscribers", "subscriptions"):
            connection.exec_driver_sql(f"ANALYZE {table}")
    asked: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    with pg.engine.begin() as connection:
        sa.event.listen(pg.engine, "before_cursor_execute", note)
        assert timezones(connection, "weekly") == ["Asia/Seoul", "Pacific/Apia"]
        sa.event.remove(pg.engine, "before_cursor_execute", note)
        ((statement, parameters),) = asked
        explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        (((plan,),),) = connection.exec_driver_sql(explained, parameters).all()  # type: ignore[call-overload]  # as the driver got them
    assert max(read_rows(plan["Plan"])) < 100


def read_rows(plan: dict[str, Any]) -> Iterator[int]:
    """Yield how many rows each step of a plan read, on all its runs."""
    rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    yield int(rows * plan["Actual Loops"])
    for part in plan.get("Plans", ()):
        yield from read_rows(part)


def test_an_issue_without_reader_time_reads_no_zone(office: Office) -> None:
    opened(office)
    with office.engine.begin() as connection:
        issues.set_reader_time(connection, office.issue_id, "", None)
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(office.engine, "before_cursor_execute", note)
    assert office.freeze() is not None
    sa.event.remove(office.engine, "before_cursor_execute", note)
    assert not [statement for statement in seen if "timezone" in statement]
    with office.engine.connect() as connection:
        laid = batches.of_issue(connection, office.issue_id)
        assert issues.load(connection, office.issue_id).ends_at is None
    assert {batch.not_before for batch in laid} == {None}
