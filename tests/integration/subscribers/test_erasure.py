"""Erasing reaches mail that went to another address than the last one."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance.erasing import erase_elsewhere
from newsletter.people.effects import apply_effects
from newsletter.store.people import erasure as erasing
from newsletter.store.sending import partitions
from newsletter.store.tables import deliveries, issues, notices
from subscribers import directory, erasure
from subscribers.consent import rights
from subscribers.consent.limits import SignUpLimits
from subscribers.consent.signing_up import Rules
from subscribers.model import Effects, EmailAddress, Erased
from subscribers.store.tables import tags
from subscribers.tokens import LinkClaim, Purpose
from tests.fakes.house import House, house
from tests.fakes.people import NOW, PEPPER, add_person
from tests.integration.subscribers.test_export_of_one import ISSUE


def carried_out(opened: House, outcome: Effects, connection: sa.Connection) -> Effects:
    apply_effects(connection, outcome, opened.app.journal, now=opened.at)
    return outcome


@pytest.mark.parametrize("taken", [False, True])
def test_mail_to_an_earlier_or_a_wished_for_address_is_erased_too(
    tmp_path: Path, *, taken: bool
) -> None:
    with house(tmp_path) as opened:
        app, now, pepper = opened.app, opened.at, opened.app.settings.pepper
        with app.engine.begin() as connection:
            person = directory.require(connection, "ann@example.org")
            asked = carried_out(opened, rights.email_link(connection, person, now), connection)
        opened.pass_at(now)
        claim = LinkClaim(person.id, "", Purpose.MANAGE, int(asked.notices[0].values["serial"]))
        wanted = EmailAddress.parse("ann.new@example.net")
        with app.engine.begin() as connection:
            moved = rights.change_address(
                connection, claim, wanted, Rules(SignUpLimits(), pepper, now)
            )
            carried_out(opened, moved, connection)
        opened.pass_at(now)
        claim = LinkClaim(person.id, "", Purpose.ADDRESS, int(moved.notices[0].values["serial"]))
        if taken:
            with app.engine.begin() as connection:
                rights.take_address(connection, claim, pepper=pepper, now=now)
        assert len(list(app.settings.outbox.glob("notice-*.eml"))) == 2
        with app.engine.begin() as connection:
            present = directory.load(connection, person.id)
            assert present is not None
            gone = erasure.erase(connection, present, pepper=pepper, actor="staff", now=now)
            carried_out(opened, gone, connection)
        assert erase_elsewhere(app.engine, app.settings.outbox, gone.erased) == 2
        with app.reader.connect() as connection:
            assert not connection.execute(sa.select(notices)).all()
    for path in (*app.settings.outbox.iterdir(), tmp_path / "newsletter.db"):
        assert b"ann@example.org" not in path.read_bytes()
        assert b"ann.new@example.net" not in path.read_bytes()


def test_an_erasure_leaves_no_tag_that_only_that_person_had(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        private = ["wife of Bob", "vip"]
        ann = add_person(connection, "ann@example.org", topics=["ships"], labels=private)
        add_person(connection, "bob@example.org", labels=["vip"])
        person = directory.load(connection, ann)
        assert person is not None
        erasure.erase(connection, person, pepper=PEPPER, actor="person:kim", now=NOW)
        assert set(connection.scalars(sa.select(tags.c.name))) == {"vip"}


def test_an_erasure_empties_what_servers_said_about_the_address(engine: sa.Engine) -> None:
    answers = {1: "550 ann@example.org is unknown", 2: "550 bob@example.org is unknown", 3: "full"}
    with engine.begin() as connection:
        connection.execute(issues.insert().values(id=1, number=1, **ISSUE))
        partitions.add(connection, 1)
        for person, reason in answers.items():
            row = {"issue_id": 1, "seq": person, "subscriber_id": person, "edition_id": 1}
            connection.execute(deliveries.insert().values(state="refused", reason=reason, **row))
        erasing.erase(connection, Erased(1, "ann@example.org"))
        erasing.erase(connection, Erased(3, "eve@example.org"))
        reasons = connection.execute(sa.select(deliveries.c.seq, deliveries.c.reason)).all()
    assert dict(reasons) == {**answers, 1: "erased"}
