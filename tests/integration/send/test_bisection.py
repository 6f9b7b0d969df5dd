"""A refusal that names nobody: who is refused is narrowed down, within bounds."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.esp.port import Outcome, Verdict
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.model.actor import Actor
from newsletter.send import decisions, run
from newsletter.store.sending import attempts, batches
from newsletter.store.tables import notices as notice_table
from tests.fakes.memory import MemorySender
from tests.fakes.sendgrid import SendGrid
from tests.integration.send.conftest import Office

REFUSED = Outcome(Verdict.REFUSED, "HTTP 400: Bad Request")


def _waiting(office: Office) -> list[str]:
    return [one.batch for one in office.told().doubts]


@contextmanager
def _one_unwelcome(office: Office, tmp_path: Path) -> Iterator[SendGrid]:
    with (
        SendGrid(tmp_path / "ledger") as sink,
        closing(SendGridSender("SG.test", sink.url)) as sender,
    ):
        sink.unwelcome.add("reader17@example.net")
        office.use(sender)
        office.issue(people=40)
        office.freeze()
        yield sink


def test_all_but_the_eighth_with_the_one_who_is_refused_are_reached_once(
    office: Office, tmp_path: Path
) -> None:
    with _one_unwelcome(office, tmp_path) as sink:
        office.submit()
        copies = sink.ledger.copies()
    told = office.told()
    assert set(copies.values()) == {1}
    assert len(copies) == told.submitted == 35
    assert [(one.state, one.people) for one in told.doubts] == [("refused", 5)]
    assert sink.asked == 7
    assert told.planned == 40
    assert told.waits_for_a_person


def test_again_narrows_it_down_to_the_one(office: Office, tmp_path: Path) -> None:
    with _one_unwelcome(office, tmp_path) as sink:
        for _ in range(2):
            office.submit()
            (batch,) = _waiting(office)
            office.resolve(batch, "again")
        office.submit()
        copies = sink.ledger.copies()
    assert set(copies.values()) == {1}
    assert len(copies) == 39
    told = office.told()
    assert [one.people for one in told.doubts] == [1]
    assert (told.planned, told.submitted) == (40, 39)


def test_each_cut_is_on_record(office: Office) -> None:
    office.issue(people=5)
    office.answers([REFUSED])
    office.freeze()
    office.submit()
    assert [len(one.recipients) for one in office.memory.shipments] == [5, 3, 2]
    with office.engine.connect() as connection:
        (noted,) = attempts.of_issue(connection, office.issue_id)
    assert (noted["outcome"], noted["first_seq"], noted["last_seq"]) == ("halved", 1, 5)
    assert office.told().state == "submitted"


def test_half_of_what_is_in_doubt_stays_in_doubt(office: Office) -> None:
    office.issue(people=5)
    office.answers([Outcome(Verdict.UNKNOWN, "no answer"), REFUSED, Outcome(Verdict.ACCEPTED)])
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")
    office.stopped = lambda: len(office.memory.shipments) == 3
    office.submit()
    with office.engine.begin() as connection:
        assert (
            decisions.cancel(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
            == 0
        )
    assert [(one.state, one.people) for one in office.told().doubts] == [("held", 2)]


@pytest.mark.parametrize("size", [5, 40])
def test_a_cause_common_to_all_batches_stops_the_issue_soon(office: Office, size: int) -> None:
    office.answers([REFUSED] * 1000, max_batch=size)
    office.issue(people=400)
    office.freeze()
    office.submit()
    assert len(office.memory.shipments) <= 20
    assert office.told().state == "paused"
    asked = len(office.memory.shipments)
    office.answers(max_batch=size)
    office.later(minutes=11)
    with office.engine.begin() as connection:
        decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
        for batch in batches.waiting(connection):
            name = f"{batch.issue_id}.{batch.seq}"
            decisions.resolve(connection, name, "again", actor=Actor.person("ada"), now=office.now)
    office.submit()
    assert asked <= 20
    assert set(Counter(office.reached()).values()) == {1}
    assert office.told().submitted == 400
    assert office.told().state == "submitted"


def test_several_connections_stop_soon_too(office: Office, tmp_path: Path) -> None:
    with (
        SendGrid(tmp_path / "ledger", ["400"] * 1000) as sink,
        closing(SendGridSender("SG.test", sink.url)) as sender,
    ):
        office.use(sender)
        office.issue(people=400)
        small = MemorySender(max_batch=5, name="sendgrid")
        run.prepare(
            office.engine, office.publication, office.issue_id, run.Route(small), now=office.now
        )
        run.submit(office.engine, office.publication, office.courier(connections=4))
        assert sink.asked <= 20 + 4
        assert not sink.ledger.copies()
    assert office.told().state == "paused"


def test_five_refused_batches_pause_the_issue(office: Office) -> None:
    office.answers([REFUSED] * 1000, max_batch=1)
    office.issue(people=30)
    office.freeze()
    office.submit()
    assert len(office.memory.shipments) == 5
    assert office.told().state == "paused"
    assert "refused or gave no clear answer to 5 batches" in office.told().reason
    with office.engine.connect() as connection:
        says = list(connection.scalars(sa.select(notice_table.c["values"])))
    assert any("5 batches in 10 minutes" in one["what"] for one in says)
