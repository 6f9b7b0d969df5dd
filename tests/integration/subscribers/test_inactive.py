"""Subscribers who seem inactive are asked once, and paused until they say that they want more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter import settings
from newsletter.errors import ConfigurationError
from newsletter.model.actor import MACHINE
from newsletter.store.engagement_tables import engagements
from newsletter.store.people import personal
from newsletter.store.people.question_tables import still_wanted
from newsletter.store.tables import deliveries, issues, notices
from newsletter.usecases import reengaging
from newsletter.usecases.reengaging import PER_PASS, Reengaged
from subscribers import directory
from subscribers.model import Subscription
from subscribers.store.tables import subscribers, subscriptions
from tests.fakes.house import MONDAY, SECRETS, article, lay_out
from tests.fakes.readers import Reader, mailed, words_of
from tests.integration.subscribers.test_export_of_one import ISSUE

INACTIVE = 'inactive = { after = "20d", answer = "5d" }\n'
COUNTED = f"{INACTIVE}tracking = {{ opens = true }}\n"
CHOICES = {"form": "preferences", "newsletter": "weekly"}
ANN, BOB = "ann@example.org", "bob@example.org"
DAY = timedelta(days=1)
ASKED_AT = MONDAY + 10 * DAY


@contextmanager
def sent(root: Path, more: str = INACTIVE) -> Iterator[Reader]:
    """Send an issue; ten days later, none of the emails had been returned."""
    with mailed(root, more) as eve:
        eve.house.at = ASKED_AT
        yield eve


def blocked(eve: Reader, *addresses: str) -> None:
    """Have the servers of these people refuse the issue."""
    people = [eve.subscriber(address) for address in addresses]
    with eve.house.app.engine.begin() as connection:
        mine = deliveries.update().where(deliveries.c.subscriber_id.in_(people))
        connection.execute(mine.values(state="blocked"))


def opened(eve: Reader, address: str, at: datetime, rule: str = "human", *, issue: int = 1) -> None:
    """Record that an email was opened."""
    person = eve.subscriber(address)
    values = {"kind": "opened", "source": "own", "at": at, "issue_id": issue, "edition_id": 1}
    with eve.house.app.engine.begin() as connection:
        connection.execute(
            engagements.insert().values(
                id=f"{person} {at} {rule}", seq=person, subscriber_id=person, rule=rule, **values
            )
        )


def reengage(eve: Reader, *, after: timedelta = timedelta(0)) -> Reengaged:
    eve.house.at += after
    return reengaging.reengage(eve.house.app.context, MACHINE, "weekly")


def asked(eve: Reader) -> set[str]:
    """Return who was asked."""
    with eve.house.app.reader.connect() as connection:
        query = sa.select(subscribers.c.address).join(
            still_wanted, still_wanted.c.subscriber_id == subscribers.c.id
        )
        return set(connection.scalars(query))


def subscription(eve: Reader, address: str) -> Subscription:
    with eve.house.app.reader.connect() as connection:
        person = directory.find(connection, address)
    assert person is not None
    found = person.subscription("weekly")
    assert found is not None
    return found


def test_it_is_off_by_default(tmp_path: Path) -> None:
    with sent(tmp_path, "") as eve:
        blocked(eve, ANN, BOB)
        assert reengage(eve) == Reengaged()
        assert asked(eve) == set()


def test_only_those_whose_emails_never_arrived_are_asked(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        assert reengage(eve) == Reengaged()
        blocked(eve, ANN)
        assert reengage(eve, after=DAY) == Reengaged(asked=1)
        assert asked(eve) == {ANN}


def test_the_question_is_asked_once_in_a_period(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        assert reengage(eve).asked == 1
        eve.client.post(eve.link(ANN, "keep"))
        for _ in range(6):
            assert reengage(eve, after=DAY) == Reengaged()
        with eve.house.app.reader.connect() as connection:
            query = sa.select(notices.c.kind).where(notices.c.kind == "still-wanted")
            assert len(connection.scalars(query).all()) == 1


def test_a_second_run_at_the_same_time_asks_no_one_twice(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN, BOB)
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(reengage, eve) for _ in range(4)]
        assert sum(each.result().asked for each in done) == 2
        assert asked(eve) == {ANN, BOB}


def test_without_an_answer_the_subscription_is_paused_and_the_button_resumes_it(
    tmp_path: Path,
) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        reengage(eve)
        link = eve.link(ANN, "keep")
        assert reengage(eve, after=4 * DAY).paused == 0
        assert reengage(eve, after=2 * DAY).paused == 1
        assert subscription(eve, ANN).paused_as_inactive
        page = eve.client.get(f"/preferences/{eve.token(ANN)}").text
        assert "Paused, because we asked whether you still want it and got no answer" in page
        article(eve.house.root, "third", "ships")
        eve.house.pass_at(MONDAY + 20 * DAY)
        number = eve.house.issues()[-1].id
        eve.house.approve(number)
        eve.house.pass_at(MONDAY + 21 * DAY)
        assert not [name for name in received(eve, number) if name == eve.subscriber(ANN)]
        assert "We&#39;ll keep sending" in eve.client.post(link).text
        assert subscription(eve, ANN).paused_until is None
        assert subscription(eve, ANN).reason == ""


def test_a_confirmed_sign_up_ends_the_pause(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        reengage(eve)
        reengage(eve, after=6 * DAY)
        eve.sign_up(ANN)
        link = eve.link(ANN, "confirm")
        assert subscription(eve, ANN).paused_as_inactive
        assert eve.client.post(link).status_code == 200
        assert (subscription(eve, ANN).paused_until, subscription(eve, ANN).reason) == (None, "")


def received(eve: Reader, issue_id: int) -> list[int]:
    with eve.house.app.reader.connect() as connection:
        query = sa.select(deliveries.c.subscriber_id).where(deliveries.c.issue_id == issue_id)
        found = list(connection.scalars(query))
    assert found
    return found


def test_a_scanner_that_follows_every_link_answers_nothing(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        reengage(eve)
        link = eve.link(ANN, "keep")
        before = eve.everything()
        for method in ("GET", "HEAD", "GET"):
            assert eve.client.request(method, link).status_code == 200
        assert eve.everything() == before
        assert reengage(eve, after=6 * DAY).paused == 1


def test_an_answer_keeps_the_subscription(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        reengage(eve)
        assert eve.client.post(eve.link(ANN, "keep")).status_code == 200
        assert reengage(eve, after=6 * DAY).paused == 0
        assert subscription(eve, ANN).paused_until is None


def test_who_reads_while_the_question_is_open_has_answered(tmp_path: Path) -> None:
    with sent(tmp_path, COUNTED) as eve:
        opened(eve, BOB, ASKED_AT - 30 * DAY)
        assert reengage(eve).asked == 3
        opened(eve, ANN, ASKED_AT + DAY)
        assert reengage(eve, after=6 * DAY).paused == 2
        assert subscription(eve, ANN).paused_until is None


def test_reading_another_newsletter_is_not_an_answer(tmp_path: Path) -> None:
    with sent(tmp_path, COUNTED) as eve:
        opened(eve, BOB, ASKED_AT - 30 * DAY)
        with eve.house.app.engine.begin() as connection:
            other = ISSUE | {"id": 2, "number": 1, "newsletter": "daily"}
            connection.execute(issues.insert().values(**other))
        opened(eve, ANN, ASKED_AT - DAY, issue=2)
        assert reengage(eve).asked == 3
        opened(eve, ANN, ASKED_AT + DAY, issue=2)
        assert reengage(eve, after=6 * DAY).paused == 3


def test_with_counting_on_those_who_read_nothing_are_asked(tmp_path: Path) -> None:
    with sent(tmp_path, COUNTED) as eve:
        opened(eve, ANN, ASKED_AT - DAY)
        opened(eve, BOB, ASKED_AT - 30 * DAY)
        opened(eve, BOB, ASKED_AT - DAY, rule="prefetch")
        assert reengage(eve).asked == 2
        assert asked(eve) == {BOB, "cyd@example.org"}


def test_no_one_is_asked_before_reading_was_counted_for_so_long(tmp_path: Path) -> None:
    with sent(tmp_path, COUNTED) as eve:
        opened(eve, ANN, ASKED_AT - 19 * DAY)
        assert reengage(eve) == Reengaged()


@pytest.mark.parametrize(
    "changes",
    [
        {"confirmed_at": ASKED_AT - 19 * DAY},
        {"state": "pending"},
        {"state": "unsubscribed"},
        {"paused_until": ASKED_AT + DAY},
    ],
)
def test_new_and_former_and_paused_subscribers_are_not_asked(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        with eve.house.app.engine.begin() as connection:
            connection.execute(subscriptions.update().values(**changes))
        assert reengage(eve) == Reengaged()


def test_who_acted_on_our_pages_is_not_asked(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        eve.client.post(f"/preferences/{eve.token(ANN)}", data=CHOICES)
        assert reengage(eve) == Reengaged()


def test_a_pass_asks_a_limited_number_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        many(eve, PER_PASS + 20)
        assert [reengage(eve).asked for _ in range(3)] == [PER_PASS, 20, 0]
        assert len(asked(eve)) == PER_PASS + 20


def test_the_number_of_statements_does_not_grow_with_the_readers(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        statements: list[str] = []
        sa.event.listen(
            eve.house.app.reader,
            "before_cursor_execute",
            lambda *arguments: statements.append(arguments[2]),
        )
        reengage(eve)
        few = len(statements)
        many(eve, 300, state="pending")
        statements.clear()
        assert reengage(eve, after=DAY) == Reengaged()
        assert len(statements) == few


def many(eve: Reader, number: int, state: str = "blocked") -> None:
    """Add subscribers to whom the issue was sent."""
    ids = range(1_000, 1_000 + number)
    long_ago = MONDAY - 300 * DAY
    people = [
        {"id": n, "address": f"r{n}@example.net", "address_key": f"r{n}@example.net"} for n in ids
    ]
    since = {"state": "confirmed", "since": long_ago, "confirmed_at": long_ago}
    given = [{"newsletter": "weekly", "subscriber_id": n, **since} for n in ids]
    email = {"issue_id": 1, "edition_id": 1, "state": state}
    emails = [{"seq": n, "subscriber_id": n, **email} for n in ids]
    with eve.house.app.engine.begin() as connection:
        connection.execute(subscribers.insert().values(created_at=long_ago), people)
        connection.execute(subscriptions.insert(), given)
        connection.execute(deliveries.insert(), emails)


def test_a_pass_asks_and_the_email_says_what_follows(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        lines = [eve.house.pass_at(ASKED_AT) for _ in range(2)]
        said = [[line.message for line in each if line.stage == "inactive"] for each in lines]
        assert said == [["weekly: 1 subscriber asked"], []]
        letter = eve.letters(ANN)[-1]
        assert letter["Subject"] == "Do you still want The Tide?"
        body = letter.get_body(("plain",))
        assert body is not None
        text = words_of(body.get_content())
        assert "If you don't answer by 15 December 2026 at 08:00 UTC, we'll pause it." in text
        assert "/unsubscribe/" in text
        one_click = str(letter["List-Unsubscribe"]).strip("<>").removeprefix(eve.base)
        assert one_click in text
        eve.client.post(one_click, data={"List-Unsubscribe": "One-Click"})
        assert eve.state(ANN) == "unsubscribed"


def test_the_question_is_in_the_export_and_goes_with_the_person(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        blocked(eve, ANN)
        reengage(eve)
        eve.client.post(f"/preferences/{eve.token(ANN)}/data")
        manage = eve.link(ANN, "manage")
        with eve.house.app.reader.connect() as connection:
            (question,) = personal.of(connection, eve.subscriber(ANN))["still_wanted"]
        assert question["newsletter"] == "weekly"
        eve.client.post(manage, data={"act": "erase", "sure": "yes"})
        with eve.house.app.reader.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(still_wanted)) == 0


@pytest.mark.parametrize(
    "value",
    ['{ after = "5d", answer = "5d" }', '{ answer = "0" }', '{ then = "drop" }', "{ x = 1 }"],
)
def test_a_rule_that_makes_no_sense_is_refused(tmp_path: Path, value: str) -> None:
    lay_out(tmp_path, f"inactive = {value}\n")
    with pytest.raises(ConfigurationError, match="inactive"):
        settings.load(tmp_path, SECRETS)
