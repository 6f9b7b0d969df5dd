"""What comes back about a notice settles it, and concerns the address that it went to."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from newsletter.cli.main import program
from newsletter.esp.port import Outcome, Verdict
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.maintenance import retention
from newsletter.model.actor import MACHINE, Actor
from newsletter.model.retention import Retention
from newsletter.model.return_path import ReturnPaths
from newsletter.send import notices as outgoing
from newsletter.store.people import notices as queue
from newsletter.store.people.notices import Notice
from newsletter.store.tables import events
from newsletter.store.tables import notices as table
from newsletter.usecases import events as usecase
from newsletter.usecases import people, returned
from subscribers import directory
from subscribers.model import NoticeKind
from tests.fakes import webhook
from tests.fakes.house import SECRETS, House, house
from tests.fakes.memory import MemorySender
from tests.fakes.returned import report
from tests.fakes.sendgrid import SendGrid
from tests.fakes.smtp import Smtp
from tests.integration.events.conftest import Desk
from tests.integration.send.test_providers import _post

ADA = Actor.person("ada")
HARD = {"type": "bounce", "status": "5.1.1", "reason": "550 no such user"}
DATABASES = pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)


def send(desk: Desk, *found: Notice, answers: list[Outcome] | None = None) -> None:
    """Queue notices and submit them."""
    with desk.office.engine.begin() as connection:
        for notice in found:
            queue.queue(connection, notice, now=desk.office.now)
    sender = MemorySender(answers or [])
    outgoing.submit(desk.office.engine, _post(desk.office, sender))


def confirm(number: int) -> Notice:
    return Notice(NoticeKind.CONFIRM, f"confirm:{number}", number, values={"newsletter": "weekly"})


def event(desk: Desk, kind: str, notice: int, **more: object) -> dict[str, object]:
    """Return an event about a notice, as the desk's provider reports it."""
    about = {"nl_delivery": f"notice-{notice}", "nl_attempt": f"notice-{notice}:1"}
    return {**desk.event(kind, 1), "email": "", "sg_event_id": f"{kind}{notice}", **about, **more}


def states(desk: Desk) -> list[str]:
    with desk.office.reader.connect() as connection:
        return list(connection.scalars(sa.select(table.c.state).order_by(table.c.id)))


@DATABASES
def test_a_hard_bounce_of_a_notice_suppresses_its_subscriber(desk: Desk) -> None:
    send(desk, confirm(3), confirm(4), confirm(5))
    found = [
        event(desk, "bounce", 1, **HARD),
        event(desk, "delivered", 1),
        event(desk, "delivered", 2),
        event(desk, "spamreport", 3),
    ]
    done = desk.drain(*found, *found)
    assert (done.new, done.notices, done.ours, done.suppressed) == (4, 4, 0, 2)
    assert desk.drain(*found).new == 0
    assert states(desk) == ["bounced", "delivered", "complained"]
    assert [bool(desk.person(number).suppressed) for number in (3, 4, 5)] == [True, False, True]
    assert desk.states() == ["submitted"] * 12
    with desk.office.reader.connect() as connection:
        known = connection.execute(sa.select(events.c.kind, events.c.subscriber_id))
        assert ("bounced", 3) in {tuple(row) for row in known}


def test_what_a_notice_to_another_address_reports_is_not_about_the_subscriber(desk: Desk) -> None:
    change = {"values": {"serial": "1"}, "language": "en"}
    send(
        desk,
        Notice(NoticeKind.ADDRESS_CHANGE, "a", 3, "new@example.net", **change),  # type: ignore[arg-type]
        Notice(NoticeKind.ADDRESS_CHANGE, "b", 3, "reader4@example.net", **change),  # type: ignore[arg-type]
        Notice(NoticeKind.REPORT, "c", address="staff@example.org"),
    )
    done = desk.drain(*(event(desk, "bounce", number, **HARD) for number in (1, 2, 3)))
    assert done.suppressed == 2
    assert states(desk) == ["bounced"] * 3
    assert [bool(desk.person(number).suppressed) for number in (3, 4)] == [False, True]
    with desk.office.reader.connect() as connection:
        found = [
            directory.find_suppressed(connection, address, b"p" * 32)
            for address in ("new@example.net", "staff@example.org")
        ]
        assert [bool(each) for each in found] == [True, False]
        assert set(connection.scalars(sa.select(events.c.subscriber_id))) == {None}


def test_an_event_settles_a_notice_in_doubt_and_it_is_not_sent_again(desk: Desk) -> None:
    send(desk, confirm(3), answers=[Outcome(Verdict.UNKNOWN, "no answer")])
    assert states(desk) == ["queued"]
    desk.drain(event(desk, "processed", 1))
    assert states(desk) == ["submitted"]
    desk.office.later(hours=1)
    sender = MemorySender()
    outgoing.submit(desk.office.engine, _post(desk.office, sender))
    assert sender.recipients == []


def test_events_about_a_refused_or_unsent_notice_change_nothing(desk: Desk) -> None:
    send(desk, confirm(3), answers=[Outcome(Verdict.REFUSED, "550")])
    with desk.office.engine.begin() as connection:
        queue.queue(connection, confirm(4), now=desk.office.now)
    done = desk.drain(
        event(desk, "delivered", 1),
        event(desk, "delivered", 2),
        event(desk, "bounce", 9, **HARD),
        event(desk, "bounce", 1, **HARD, category=["notice", "nl-another"], sg_event_id="foreign"),
    )
    assert (done.new, done.notices) == (4, 1)
    assert states(desk) == ["refused", "queued"]
    assert desk.person(3).suppressed is None


def test_soft_bounces_of_notices_and_issues_count_together(desk: Desk) -> None:
    send(desk, confirm(3))
    full = {"type": "bounce", "status": "5.2.2"}
    at = desk.office.now
    desk.drain(
        *(desk.event("bounce", 3, at + timedelta(days=day), **full) for day in range(4)),
    )
    assert desk.person(3).suppressed is None
    desk.drain(event(desk, "bounce", 1, **full, timestamp=int(at.timestamp()) + 5 * 86_400))
    assert desk.person(3).suppressed is not None


def test_notices_that_were_reported_are_deleted_as_others_are(desk: Desk, tmp_path: Path) -> None:
    send(desk, confirm(3), confirm(4))
    desk.drain(event(desk, "bounce", 1, **HARD), event(desk, "deferred", 2))
    periods = Retention()
    now = desk.office.now + periods.notices + timedelta(days=1)
    engine, pepper = desk.office.engine, b"p" * 32
    folders = retention.Folders(tmp_path, tmp_path)
    retention.tidy(engine, periods, folders, pepper=pepper, now=now, wait=lambda _: None)
    assert states(desk) == []


@contextmanager
def through(folder: Path, sender: SmtpSender | SendGridSender) -> Iterator[House]:
    """Yield a publication with a mailbox for bounces that sends through a provider."""
    with closing(sender), house(folder) as built:
        paths = ReturnPaths("bounces@harbour.example", [b"k" * 32])
        own = replace(built.app.publication, provider=sender.name)
        senders = {sender.name: sender}
        built.app = replace(built.app, publication=own, senders=senders, returns=paths)
        yield built


def asked(built: House) -> None:
    """Ask a new subscriber to confirm, and submit the email."""
    people.add(built.app.context, ADA, people.NewSubscriber("new@example.net", ["weekly"]))
    built.app.one_pass()


def test_a_bounce_by_email_names_its_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Smtp() as server, through(tmp_path / "site", SmtpSender(server.url)) as built:
        asked(built)
        (path,) = set(server.mailbox.senders)
        taken = returned.take(built.app.context, MACHINE, report("5.1.1", "550 no", to=path))
        assert (taken.trusted, taken.new) == (True, True)
        forged = path.replace("notice-1", "notice-2")
        other = returned.take(built.app.context, MACHINE, report("5.1.1", "550", to=forged))
        assert not other.trusted
    monkeypatch.chdir(tmp_path / "site")
    monkeypatch.setenv("COLUMNS", "200")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(program, ["subscribers", "show", "new@example.net"])
    assert "confirm email: bounced (550 no)" in shown.output
    assert "bounce" in shown.output


def test_sendgrid_marks_its_events_about_a_notice(tmp_path: Path) -> None:
    with (
        SendGrid(tmp_path / "ledger") as sink,
        through(tmp_path / "site", SendGridSender("SG.test", sink.url)) as built,
    ):
        asked(built)
        (body,) = sink.bodies
        (personalization,) = body["personalizations"]
        found = {
            "event": "bounce",
            "email": "new@example.net",
            "timestamp": int(built.at.timestamp()),
            "sg_event_id": "b1",
            "category": body["categories"],
            **personalization["custom_args"],
            **HARD,
        }
        usecase.receive(built.app.context, "sendgrid", webhook.body([found]))
        lines = [line.message for line in built.app.one_pass()]
    assert "1 new event, 1 about notices, 1 address suppressed" in lines
