"""What readers choose and get, once each on PostgreSQL; the details are tested on SQLite."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.edit.operations import SetTest, SetText
from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm, SubjectTest, arm_of
from newsletter.usecases import editing, watching
from tests.fakes.house import MONDAY, STAFF, mail
from tests.fakes.postgres import Postgres
from tests.fakes.readers import reader, words_of
from tests.integration.pipeline import test_alerts, test_digests, test_welcome
from tests.integration.subscribers import test_following, test_offers


@pytest.fixture
def database(postgres: Postgres, migrated_database: str) -> Iterator[str]:
    with postgres.database(template=migrated_database) as url:
        yield url.render_as_string(hide_password=False)


def test_follows_and_mutes(tmp_path: Path, database: str) -> None:
    with reader(tmp_path, "", database=database) as ann:
        mail(ann.house)
        test_following.test_less_of_a_topic_takes_its_articles_out_of_the_next_issue(ann)


def test_a_digest(tmp_path: Path, database: str) -> None:
    with reader(tmp_path, test_digests.DAILY, database=database) as daily:
        for address, frequency in ((test_digests.ANN, "each"), (test_digests.BOB, "weekly")):
            test_digests.subscribe(daily, address, frequency)
        test_digests.test_a_weekly_digest_collects_what_the_reader_missed_and_is_sent_once(daily)


def test_an_alert_and_one_that_was_withdrawn(tmp_path: Path, database: str) -> None:
    for tide in test_alerts.opened(tmp_path, database=database):
        test_alerts.test_a_file_that_is_removed_during_the_delay_cancels_the_alert(tide)
        test_alerts.publish(tide, "dory", "ships", test_alerts.NOON + timedelta(hours=2))
        assert len(test_alerts.alerts(tide, test_alerts.ANN)) == 1


def test_a_welcome_issue(tmp_path: Path, database: str) -> None:
    with reader(tmp_path, 'welcome = "latest"', database=database) as eve:
        mail(eve.house)
        eve.house.pass_at(MONDAY + timedelta(minutes=1))
        eve.house.at = test_welcome.WEDNESDAY
        test_welcome.confirm(eve, topic=["fish"])
        eve.house.pass_at(test_welcome.WEDNESDAY)
        assert len(test_welcome.issues_to(eve, test_welcome.EVE)) == 1
        assert test_welcome.outcome(eve) == [(1, "")]


def test_a_sign_up_with_a_name_and_fields_and_the_next_issue(tmp_path: Path, database: str) -> None:
    with reader(tmp_path, test_offers.FIELDS, database=database) as found:
        page = words_of(found.client.get("/").text)
        assert "Next issue: Monday 30 November 2026" in page
        found.sign_up(test_offers.EVE, **{"name": "Eve", "field.city": "Busan"})
        found.client.post(found.link(test_offers.EVE, "confirm"))
        assert test_offers.answers(found) == ("Eve", {"city": "Busan"})


def test_two_subjects(tmp_path: Path, database: str) -> None:
    test = SubjectTest("What the ports tell us", share=60, decide_after=timedelta(hours=2))
    with reader(tmp_path, "", database=database) as found:
        found.house.pass_at(MONDAY - timedelta(hours=5))
        operations = [SetText("subject", "Ports are busy"), SetTest(test)]
        editing.change(found.house.app.context, STAFF, 1, operations)
        found.house.pass_at(MONDAY - timedelta(hours=4))
        found.house.approve()
        found.house.pass_at(MONDAY)
        found.house.pass_at(MONDAY + timedelta(hours=3))
        assert watching.state_of(found.house.app.context, 1) is IssueState.SUBMITTED
        for address in ("ann@example.org", "bob@example.org", "cyd@example.org"):
            arm = arm_of(found.subscriber(address), 1, test)
            subject = test.subject if arm is Arm.B else "Ports are busy"
            assert [letter["Subject"] for letter in found.letters(address)] == [subject]
