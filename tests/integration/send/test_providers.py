"""The ledger with the providers that answer for each recipient, and notices."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typing_extensions import override

from newsletter.errors import NotAllowed, TemplateFailed
from newsletter.esp.outbox import OutboxSender
from newsletter.esp.port import Letter, Outcome, Recipient, Sender, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.actor import Actor
from newsletter.model.delivery import notice_id
from newsletter.send import decisions, notices, run, testsend
from newsletter.send.notices import Post
from newsletter.store.content import editions, issues
from newsletter.store.people import notices as queue
from newsletter.store.people.notices import Claimed, Notice
from newsletter.store.sending import attempts, batches
from newsletter.store.tables import notices as notice_table
from subscribers.model import NoticeKind
from tests.fakes.issues import PUBLICATION, WEEKLY
from tests.fakes.memory import MemorySender
from tests.fakes.smtp import Smtp
from tests.integration.send.conftest import Office

ROOT = Path(__file__).parent.parent.parent.parent


def test_over_smtp_only_the_message_in_doubt_is_held(office: Office) -> None:
    office.issue(people=8)
    with Smtp(["ok", "rcpt_550", "accept_drop"]) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        office.submit()
        office.later(hours=1)
        office.submit()
        told = office.told()
        assert (told.submitted, told.refused, told.held, told.planned) == (6, 1, 1, 8)
        assert set(server.mailbox.copies().values()) == {1}
        assert len(server.mailbox.messages) == 7
        with office.engine.begin() as connection:
            (doubt,) = batches.waiting(connection)
            decisions.resolve(
                connection, doubt.id, "accepted", actor=Actor.person("ada"), now=office.now
            )
        office.submit()
        assert office.told().state == "submitted"


def test_a_server_that_says_later_is_asked_again_later(office: Office) -> None:
    office.issue(people=3)
    with Smtp(["ok", "rcpt_450"]) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        office.submit()
        assert len(server.mailbox.messages) == 2
        office.later(minutes=6)
        office.submit()
        assert set(server.mailbox.copies().values()) == {1}
    told = office.told()
    assert (told.submitted, told.state) == (3, "submitted")


def test_one_who_is_told_to_come_later_keeps_nobody_else_waiting(office: Office) -> None:
    office.issue(people=60)
    with Smtp(["ok", "rcpt_450"]) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        assert office.submit().submitted == 59
        office.later(minutes=6)
        office.submit()
        assert set(server.mailbox.copies().values()) == {1}
    assert office.told().state == "submitted"


def test_a_server_that_is_busy_keeps_everybody_waiting(office: Office) -> None:
    office.issue(people=60)
    with Smtp(["rcpt_421"]) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        assert office.submit().submitted == 0
        office.later(minutes=4)
        assert office.submit().submitted == 0
        office.later(minutes=2)
        assert office.submit().submitted == 60


def test_only_attempts_that_reached_the_server_use_up_the_patience_with_it(office: Office) -> None:
    office.issue(people=3)
    office.use(SmtpSender("smtp://127.0.0.1:9"))
    office.freeze()
    for _ in range(12):
        office.submit()
        office.later(minutes=1)
    with Smtp(["rcpt_450", *["ok"] * 2, *["rcpt_450"] * 8]) as server:
        office.use(SmtpSender(server.url))
        for _ in range(9):
            office.submit()
            office.later(minutes=6)
        told = office.told()
        assert (told.submitted, told.waiting, told.refused) == (2, 1, 0)
        office.submit()
    assert office.told().submitted == 3


def test_ten_times_later_is_a_no(office: Office) -> None:
    office.issue(people=3)
    with Smtp(["rcpt_450", *["ok"] * 2, *["rcpt_450"] * 9]) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        for _ in range(10):
            assert office.told().waiting
            office.submit()
            office.later(minutes=6)
    told = office.told()
    assert (told.submitted, told.refused, told.state) == (2, 1, "submitted")


def test_a_batch_that_smtp_put_off_has_its_second_attempt_with_another_provider(
    office: Office,
) -> None:
    office.issue(people=5)
    with Smtp(["rcpt_450"] * 5) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        office.submit()
    other = MemorySender([Outcome(Verdict.REFUSED, "HTTP 400", refused={"1-2": "no address"})])
    office.use(other)
    with office.engine.begin() as connection:
        decisions.move(
            connection, office.issue_id, "memory", 5, actor=Actor.person("ada"), now=office.now
        )
    office.later(minutes=6)
    office.submit()
    told = office.told()
    assert (told.submitted, told.refused) == (4, 1)


def test_a_server_that_takes_nobody_pauses_the_issue_and_refuses_nobody(office: Office) -> None:
    office.issue(people=120)
    with Smtp(["rcpt_554 5.7.1 Relay access denied"] * 120) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        office.submit()
        told = office.told()
        assert (told.state, told.waiting, told.refused) == ("paused", 120, 0)
        assert "Relay access denied" in told.reason
        left = 120 - SmtpSender.max_batch
        assert len(server.mailbox.faults) == left, "it went on after the first batch"
        server.mailbox.faults.clear()
        with office.engine.begin() as connection:
            decisions.resume(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
        office.submit()
    assert office.told().submitted == 120


def test_control_characters_in_a_servers_words_do_not_break_the_record(office: Office) -> None:
    office.issue(people=5)
    with Smtp(["rcpt_550 no\0pe", "rcpt_450 \0", "garbled"]) as server:
        office.use(SmtpSender(server.url))
        office.freeze()
        office.submit()
    told = office.told()
    assert (told.refused, told.submitting) == (1, 0)


def test_a_full_outbox_loses_nothing_and_doubles_nothing(office: Office, tmp_path: Path) -> None:
    office.issue(people=6)
    folder = tmp_path / "outbox"
    folder.write_text("in the way")
    office.use(OutboxSender(folder, max_batch=4))
    office.freeze()
    tally = office.submit()
    assert len(tally.problems) == 1
    assert "cannot be written" in tally.problems[0]
    assert office.told().waiting == 6
    folder.unlink()
    office.submit()
    assert len(list(folder.glob("*.eml"))) == 6
    assert office.told().state == "submitted"


def test_a_killed_outbox_worker_is_repeated_without_a_person(lite: Office, tmp_path: Path) -> None:
    lite.issue(people=6)
    folder = tmp_path / "outbox"
    lite.use(OutboxSender(folder, max_batch=4))
    lite.freeze()
    url = lite.engine.url.render_as_string(hide_password=False)
    dying = ["after_response", str(folder), url, lite.now.isoformat()]
    command = [sys.executable, "-m", "tests.fakes.dying", *dying]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    written = {one.name: one.stat().st_mtime_ns for one in folder.glob("*.eml")}
    assert len(written) == 4
    lite.later(minutes=5)
    lite.submit()
    after = {one.name: one.stat().st_mtime_ns for one in folder.glob("*.eml")}
    assert len(after) == 6
    assert written.items() <= after.items()
    assert lite.told().state == "submitted"


def test_a_test_send_touches_no_delivery(office: Office) -> None:
    office.issue()
    with office.engine.connect() as connection:
        issue = issues.load(connection, office.issue_id)
        printed = editions.of_issue(connection, office.issue_id)
    tested = testsend.StaffTestSend(office.publication, WEEKLY, issue, printed, "staff@example.org")
    done = testsend.send(tested, office.memory, lambda: "abcdef0123", now=office.now)
    assert [outcome.verdict for _edition, outcome in done] == [Verdict.ACCEPTED]
    (shipment,) = office.memory.shipments
    assert shipment.letter.subject == "[TEST] Edition 1 of the week"
    assert [one.address for one in shipment.recipients] == ["staff@example.org"]
    assert office.told().planned == 0


BROKEN, FOR_NO_ONE = NoticeKind.GOODBYE, NoticeKind.MANAGE


def _post(office: Office, sender: Sender, alerts: Sender | None = None) -> Post:
    def compose(claimed: Claimed) -> tuple[Letter, Recipient] | None:
        if claimed.notice.kind is BROKEN:
            msg = "the template of broken names nothing"
            raise TemplateFailed(msg)
        if claimed.notice.kind is FOR_NO_ONE:
            return None
        letter = notices.letter(PUBLICATION, "Hello", "<p>x</p>", "x", date=office.now)
        return letter, Recipient(notice_id(claimed.id), claimed.notice.address, "", "")

    return Post(sender, alerts or sender, compose, lambda: office.now)


def _queue(office: Office, *kinds: NoticeKind) -> None:
    with office.engine.begin() as connection:
        for kind in kinds:
            notice = Notice(kind, f"{kind}:1", address=f"{kind}@example.org")
            queue.queue(connection, notice, now=office.now)


def _states(office: Office) -> list[tuple[str, str]]:
    with office.engine.connect() as connection:
        columns = (notice_table.c.state, notice_table.c.reason)
        query = sa.select(*columns).order_by(notice_table.c.id)
        return [(row[0], row[1]) for row in connection.execute(query)]


def test_notices_leave_in_order_and_one_that_fails_stops_no_other(office: Office) -> None:
    _queue(office, NoticeKind.CONFIRM, BROKEN, FOR_NO_ONE, NoticeKind.WELCOME)
    done = notices.submit(office.engine, _post(office, office.memory))
    assert (done.submitted, done.failed) == (2, 2)
    assert office.reached() == ["confirm@example.org", "welcome@example.org"]
    assert [state for state, _why in _states(office)] == [
        "submitted",
        "refused",
        "refused",
        "submitted",
    ]
    assert "names nothing" in _states(office)[1][1]


def test_a_second_worker_leaves_a_notice_that_is_being_submitted(office: Office) -> None:
    found = []

    class Concurrent(MemorySender):
        @override
        def submit(self, shipment: Shipment) -> Outcome:
            found.append(notices.submit(office.engine, _post(office, office.memory)))
            return super().submit(shipment)

    _queue(office, NoticeKind.CONFIRM)
    done = notices.submit(office.engine, _post(office, Concurrent()))
    assert done.submitted == 1
    assert [other.submitted for other in found] == [0]


def test_alerts_take_their_own_way_out(office: Office) -> None:
    alerts = MemorySender()
    _queue(office, NoticeKind.CONFIRM, NoticeKind.ALERT)
    notices.submit(office.engine, _post(office, office.memory, alerts))
    assert [one.address for one in alerts.recipients] == ["alert@example.org"]
    assert office.reached() == ["confirm@example.org"]


def test_a_notice_whose_recipient_is_refused_is_no_failure_of_the_pass(office: Office) -> None:
    _queue(office, NoticeKind.CONFIRM, NoticeKind.WELCOME)
    with Smtp(["rcpt_550"]) as server:
        done = notices.submit(office.engine, _post(office, SmtpSender(server.url)))
    assert (done.submitted, done.refused, done.failed) == (1, 1, 0)
    assert [state for state, _why in _states(office)] == ["refused", "submitted"]


def test_a_notice_that_a_server_puts_off_for_a_day_is_given_up(office: Office) -> None:
    _queue(office, NoticeKind.CONFIRM)
    with Smtp(["rcpt_450"] * 9) as server:
        post = _post(office, SmtpSender(server.url))
        for hours in (0, 1, 22):
            office.later(hours=hours)
            assert notices.submit(office.engine, post).waiting == 1
        office.later(hours=2)
        assert notices.submit(office.engine, post).refused == 1


def test_a_notice_that_was_turned_away_is_tried_later(office: Office) -> None:
    _queue(office, NoticeKind.CONFIRM)
    office.answers([Outcome(Verdict.UNSENT, "HTTP 429", wait=10.0)])
    post = _post(office, office.memory)
    assert notices.submit(office.engine, post).waiting == 1
    assert notices.submit(office.engine, post).submitted == 0
    office.later(seconds=11)
    assert notices.submit(office.engine, post).submitted == 1


def test_a_notice_in_doubt_is_tried_three_times_and_no_more(office: Office) -> None:
    _queue(office, NoticeKind.CONFIRM)
    office.answers([Outcome(Verdict.UNKNOWN, "no answer")] * 9)
    for _ in range(6):
        notices.submit(office.engine, _post(office, office.memory))
        office.later(minutes=10)
    assert len(office.memory.shipments) == 3
    assert _states(office) == [("unknown", "no answer")]


def test_a_notice_whose_worker_died_is_claimed_again_after_the_lease(office: Office) -> None:
    _queue(office, NoticeKind.CONFIRM)
    with office.engine.begin() as connection:
        queue.claim(connection, now=office.now, lease_until=office.now + timedelta(minutes=3))
    assert notices.submit(office.engine, _post(office, office.memory)).submitted == 0
    office.later(minutes=4)
    assert notices.submit(office.engine, _post(office, office.memory)).submitted == 1


def test_an_edition_that_is_gone_stops_the_issue_instead_of_guessing(office: Office) -> None:
    office.issue()
    office.freeze()
    with office.engine.begin() as connection:
        editions.forget(connection, office.issue_id)
    office.submit()
    assert not office.memory.shipments
    told = office.told()
    assert (told.state, told.waiting) == ("paused", 12)
    assert "edition 1 of weekly does not exist" in told.reason


def test_a_provider_that_breaks_leaves_the_batch_in_doubt(office: Office) -> None:
    class Broken(MemorySender):
        def submit(self, shipment: Shipment) -> Outcome:
            raise RuntimeError("SG.secret\0" + shipment.attempt)

    office.issue(people=5)
    office.use(Broken(max_batch=5))
    office.freeze()
    office.submit()
    assert office.told().unknown == 5
    with office.engine.connect() as connection:
        (noted,) = attempts.of_issue(connection, office.issue_id)
    assert noted["reason"] == "an unexpected error while submitting; the log has the details"


def test_without_a_postal_address_a_frozen_issue_stays_where_it_is(office: Office) -> None:
    office.issue()
    office.freeze()
    office.publication = replace(office.publication, postal_address="")
    with pytest.raises(NotAllowed, match="postal address"):
        run.submit(office.engine, office.publication, office.courier())
    assert not office.memory.shipments
