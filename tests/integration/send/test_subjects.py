"""Two subjects are tested on a part of the recipients; the rest waits for one, and gets it once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.actor import Actor
from newsletter.model.delivery import delivery_id
from newsletter.model.edition import edition_hash, issue_hash
from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm, SubjectTest, arm_of
from newsletter.send import decisions, subjects
from newsletter.store.content import editions
from newsletter.store.content import subjects as stored
from newsletter.store.sending import arms, deliveries
from newsletter.store.tables import acts, batches
from newsletter.store.tables import deliveries as delivery_rows
from newsletter.store.tables import issues as issue_rows
from tests.fakes.crashes import crash_at_every_write
from tests.fakes.issues import NOW, add_issue, add_people
from tests.integration.send.conftest import UNKNOWN, Office

TEST = SubjectTest("Subject B", share=40, decide_after=timedelta(hours=4))
PEOPLE = 60
ADA = Actor.person("ada")


def add_second_subject(connection: sa.Connection, issue_id: int, test: SubjectTest) -> None:
    """Give an approved issue a second subject, as rendering does."""
    stored.set_test(connection, issue_id, test)
    made = []
    for edition in editions.of_issue(connection, issue_id):
        for arm, subject in ((Arm.A, "Subject A"), (Arm.B, test.subject)):
            hash_ = edition_hash(subject, edition.preheader, edition.html, edition.text)
            seq = len(made) + 1
            made.append(replace(edition, seq=seq, arm=arm, subject=subject, hash=hash_))
    editions.replace(connection, issue_id, made, now=NOW)
    approved = issue_hash(editions.of_issue(connection, issue_id))
    mine = issue_rows.update().where(issue_rows.c.id == issue_id)
    connection.execute(mine.values(approved_hash=approved))


def prepared(office: Office, test: SubjectTest = TEST, people: int = PEOPLE) -> None:
    with office.engine.begin() as connection:
        add_people(connection, people // 2, tags=["korea"])
        add_people(connection, people - people // 2, first=people, tags=["trade"])
        office.issue_id = add_issue(
            connection, contents=[(1, 2), (1,), (2,)], tags=[["korea"], ["trade"]]
        )
        add_second_subject(connection, office.issue_id, test)
    office.configure(content="followed")
    assert office.freeze(at_once=True)


def sent(office: Office) -> dict[str, Counter[str]]:
    """Return who got which subject how often."""
    found: dict[str, Counter[str]] = {}
    for shipment in office.memory.shipments:
        names = Counter(recipient.address for recipient in shipment.recipients)
        found.setdefault(shipment.letter.subject, Counter()).update(names)
    return found


def choose(office: Office, winner: Arm) -> int:
    with office.engine.begin() as connection:
        return subjects.choose(
            connection,
            office.issue_id,
            winner,
            spread=timedelta(0),
            actor=ADA,
            now=office.now,
        )


def own_arms(office: Office) -> dict[str, Arm]:
    with office.engine.connect() as connection:
        rows = deliveries.listed(connection, office.issue_id, now=NOW, limit=1000)
    return {row["address"]: arm_of(row["subscriber_id"], office.issue_id, TEST) for row in rows}


def test_each_subject_goes_to_its_half_of_the_share_and_the_rest_waits(office: Office) -> None:
    prepared(office)
    office.submit()
    expected = own_arms(office)
    assert len(expected) == PEOPLE
    assert set(expected.values()) == set(Arm)
    found = sent(office)
    for arm, subject in ((Arm.A, "Subject A"), (Arm.B, "Subject B")):
        assert found[subject] == Counter(name for name in expected if expected[name] is arm)
    told = office.told()
    rest = sum(arm is Arm.REST for arm in expected.values())
    assert told.state is IssueState.SUBMITTING
    assert told.waiting == rest
    assert [(each.arm, each.planned, each.submitted) for each in told.subjects] == [
        (Arm.A, sum(found["Subject A"].values()), sum(found["Subject A"].values())),
        (Arm.B, sum(found["Subject B"].values()), sum(found["Subject B"].values())),
        (Arm.REST, rest, 0),
    ]


@pytest.mark.parametrize("winner", [Arm.A, Arm.B])
def test_the_rest_gets_the_subject_that_a_person_chooses_once(office: Office, winner: Arm) -> None:
    prepared(office)
    office.submit()
    expected = own_arms(office)
    rest = [name for name in expected if expected[name] is Arm.REST]
    assert choose(office, winner) == len(rest)
    with pytest.raises(NotAllowed, match=f"was given subject {winner.upper()} before"):
        choose(office, Arm.B if winner is Arm.A else Arm.A)
    office.submit()
    found = sent(office)
    assert set(rest) <= found[f"Subject {winner.upper()}"].keys()
    assert sum(found.values(), Counter()) == Counter(expected.keys())
    assert office.told().state is IssueState.SUBMITTED
    assert {each.arm: each.subject for each in office.told().subjects}[Arm.REST] == (
        f"Subject {winner.upper()}"
    )


def test_the_copy_on_the_web_has_the_subject_that_was_sent(office: Office) -> None:
    prepared(office)
    choose(office, Arm.B)
    office.submit()
    subject_of = {
        recipient.delivery: shipment.letter.subject
        for shipment in office.memory.shipments
        for recipient in shipment.recipients
    }
    with office.engine.connect() as connection:
        printed = {each.id: each for each in editions.of_issue(connection, office.issue_id)}
        rows = connection.execute(sa.select(delivery_rows)).all()
        for row in rows:
            name = delivery_id(row.issue_id, row.seq)
            edition_id = deliveries.edition_of(connection, name, row.subscriber_id)
            assert edition_id is not None
            assert printed[edition_id].subject == subject_of[name]
            assert printed[edition_id].items == printed[row.edition_id].items
    assert len(rows) == PEOPLE


def test_without_a_choice_the_first_subject_goes_out_when_the_time_is_over(office: Office) -> None:
    prepared(office)
    office.later(hours=3, minutes=59)
    office.submit()
    assert office.told().subjects[-1].submitted == 0
    office.later(minutes=2)
    office.submit()
    told = office.told()
    assert told.state is IssueState.SUBMITTED
    assert told.subjects[-1].subject == "Subject A"
    with office.engine.connect() as connection:
        actors = connection.scalars(sa.select(acts.c.actor).where(acts.c.kind == "subject chosen"))
        assert list(actors) == ["policy:first subject"]


def test_a_choice_at_the_last_moment_is_not_overwritten(office: Office) -> None:
    prepared(office)
    office.submit()
    office.later(hours=5)
    with office.engine.connect() as connection:
        overdue = subjects.overdue(connection, office.now)
    choose(office, Arm.B)
    assert overdue == [office.issue_id]
    with office.engine.begin() as connection:
        assert not subjects.decide(connection, office.publication, office.issue_id, office.now)
    office.submit()
    assert office.told().subjects[-1].subject == "Subject B"


def test_a_paused_issue_takes_a_choice_but_sends_nothing(office: Office) -> None:
    prepared(office)
    office.submit()
    with office.engine.begin() as connection:
        decisions.pause(connection, office.issue_id, actor=ADA, now=office.now)
    office.later(hours=5)
    office.submit()
    assert office.told().subjects[-1].subject == ""
    choose(office, Arm.B)
    office.submit()
    assert office.told().subjects[-1].submitted == 0
    with office.engine.begin() as connection:
        decisions.resume(connection, office.issue_id, actor=ADA, now=office.now)
    office.submit()
    assert office.told().state is IssueState.SUBMITTED
    assert max(sum(sent(office).values(), Counter()).values()) == 1


def test_the_rest_of_a_cancelled_issue_gets_nothing(office: Office) -> None:
    prepared(office)
    office.submit()
    reached = len(office.reached())
    with office.engine.begin() as connection:
        decisions.cancel(connection, office.issue_id, actor=ADA, now=office.now)
    with pytest.raises(NotAllowed, match="is cancelled; no recipients wait"):
        choose(office, Arm.B)
    office.later(hours=5)
    office.submit()
    assert len(office.reached()) == reached
    assert office.told().withdrawn == PEOPLE - reached


def test_the_rest_moves_to_another_provider_and_still_waits(office: Office) -> None:
    prepared(office)
    with office.engine.begin() as connection:
        decisions.move(connection, office.issue_id, "memory", 2, actor=ADA, now=office.now)
    office.submit()
    told = office.told()
    assert told.state is IssueState.SUBMITTING
    assert told.subjects[-1].submitted == 0
    assert told.waiting == told.subjects[-1].planned
    choose(office, Arm.B)
    office.submit()
    assert sum(sent(office).values(), Counter()) == Counter(own_arms(office).keys())
    assert office.told().state is IssueState.SUBMITTED


def test_a_test_group_in_doubt_does_not_release_the_rest(office: Office) -> None:
    prepared(office)
    office.answers([UNKNOWN])
    office.submit()
    told = office.told()
    assert told.unknown
    assert told.subjects[-1].submitted == 0


def chosen_state(office: Office) -> list[object]:
    """Return everything that a choice writes: the winner, the editions and times, and the act."""
    acts_of = sa.select(acts.c.kind, acts.c.after, acts.c.detail)
    of_issue = (
        sa.select(issue_rows.c.winner),
        sa.select(batches.c.seq, batches.c.edition_id, batches.c.not_before).order_by(
            batches.c.seq
        ),
        acts_of.where(acts.c.kind == "subject chosen"),
    )
    with office.engine.connect() as connection:
        return [tuple(row) for query in of_issue for row in connection.execute(query)]


def test_a_crash_at_any_write_of_a_choice_changes_nothing(office: Office) -> None:
    prepared(office)
    office.submit()
    before, tested = chosen_state(office), len(office.reached())

    def check() -> None:
        assert chosen_state(office) == before
        office.submit()
        assert len(office.reached()) == tested

    assert crash_at_every_write(office.engine, lambda: choose(office, Arm.B), check) > 5
    once = chosen_state(office)
    assert once != before
    with pytest.raises(NotAllowed, match="was given subject B before"):
        choose(office, Arm.A)
    assert chosen_state(office) == once
    office.submit()
    assert Counter(office.reached()) == Counter(own_arms(office).keys())
    assert set(sent(office)["Subject A"]) == {
        name for name, arm in own_arms(office).items() if arm is Arm.A
    }


def test_a_crash_while_the_time_decides_is_made_up_for_by_the_next_pass(office: Office) -> None:
    prepared(office)
    office.submit()
    before = chosen_state(office)
    office.later(hours=5)

    def decide() -> None:
        with office.engine.begin() as connection:
            subjects.decide(connection, office.publication, office.issue_id, office.now)

    def check() -> None:
        assert chosen_state(office) == before

    assert crash_at_every_write(office.engine, decide, check) > 3
    once = chosen_state(office)
    decide()
    assert chosen_state(office) == once
    office.submit()
    assert Counter(office.reached()) == Counter(own_arms(office).keys())


def test_the_rest_is_spread_from_the_choice_on(office: Office) -> None:
    prepared(office)
    office.later(hours=1)
    spread = timedelta(minutes=30)
    with office.engine.begin() as connection:
        subjects.choose(
            connection, office.issue_id, Arm.B, spread=spread, actor=ADA, now=office.now
        )
        query = sa.select(batches.c.not_before).where(batches.c.arm == "rest")
        moments = list(connection.scalars(query.order_by(batches.c.seq)))
    assert moments[0] == office.now
    assert moments[-1] == office.now + spread / len(moments) * (len(moments) - 1)


def test_an_issue_without_a_second_subject_has_nothing_to_choose(office: Office) -> None:
    office.issue()
    office.freeze(at_once=True)
    with pytest.raises(NotAllowed, match="has only one subject"):
        choose(office, Arm.A)
    assert office.told().subjects == ()


def test_nothing_is_chosen_before_the_test_groups_got_their_subjects(office: Office) -> None:
    with office.engine.begin() as connection:
        add_people(connection, 3)
        office.issue_id = add_issue(connection)
        add_second_subject(connection, office.issue_id, TEST)
    with pytest.raises(NotAllowed, match="has not gone out to the test groups yet"):
        choose(office, Arm.B)


def test_the_database_and_the_program_agree_about_the_arms(engine: sa.Engine) -> None:
    test = SubjectTest("B", share=50)
    numbers = [*range(1, 4000), 2**31 - 2, 2**31 - 1]
    listed = sa.Table("listed", sa.MetaData(), sa.Column("id", sa.Integer), prefixes=["TEMPORARY"])
    with engine.begin() as connection:
        listed.create(connection)
        connection.execute(listed.insert(), [{"id": number} for number in numbers])
        for issue_id in (1, 77, 2**31 - 1):
            query = sa.select(listed.c.id, arms.arm(listed.c.id, issue_id, test))
            found = {row[0]: row[1] for row in connection.execute(query)}
            assert found == {number: arm_of(number, issue_id, test) for number in numbers}
