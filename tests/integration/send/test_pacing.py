"""Several servers by weight, and the pace of servers and receiving domains, on both databases."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa

from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.publication import SmtpUse
from newsletter.model.states import IssueState
from newsletter.pipeline import statuses
from newsletter.send import run, status
from newsletter.send.context import SendingContext
from newsletter.send.courier import Courier
from newsletter.send.pacing import GIVEN_UP, Pacing, describe
from newsletter.send.worker import Tally
from newsletter.store.content import issues
from newsletter.store.sending import batches, deliveries, slowed
from newsletter.store.sending.slowed import FIRST_PACE, FIRST_WAIT, Slowed
from newsletter.store.tables import rates as rate_table
from subscribers.store import tables as people_tables
from tests.fakes.esmtp import Esmtp
from tests.fakes.issues import add_issue
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import Office

PEOPLE = 24
SIZE = 4
"""Recipients in a batch; every second of them is at b.example."""


class Post:
    """An office with mail servers, which all processes of a test share."""

    def __init__(self, office: Office) -> None:
        """Freeze an issue in small batches."""
        self.office = office
        self.servers: list[Esmtp] = []
        self.options: list[str] = []
        self.use = SmtpUse()
        self._stack = ExitStack()
        office.issue(PEOPLE)
        people = people_tables.subscribers
        with office.engine.begin() as connection:
            connection.execute(
                people.update()
                .where(people.c.id % 2 == 0)
                .values(address=sa.func.replace(people.c.address, "example.net", "b.example"))
            )
        office.use(MemorySender(max_batch=SIZE, name="smtp"))
        office.freeze()

    def serve(self, faults: list[str] | None = None, options: str = "") -> Esmtp:
        """Start another server."""
        server = self._stack.enter_context(Esmtp(faults or []))
        self.servers.append(server)
        self.options.append(options)
        return server

    def close(self) -> None:
        """Stop the servers."""
        self._stack.close()

    @property
    def urls(self) -> str:
        """Return the value of SMTP_URL."""
        return " ".join(
            server.url + options for server, options in zip(self.servers, self.options, strict=True)
        )

    def courier(self, patience: timedelta = timedelta(0)) -> Courier:
        """Return what a new process works with."""
        self.office.use(SmtpSender(self.urls, use=self.use))
        return replace(self.office.courier(patience), pacing=Pacing.of(self.urls, self.use))

    def submit(self, patience: timedelta = timedelta(0)) -> Tally:
        """Send in a new process."""
        courier = self.courier(patience)
        run.reconcile(self.office.engine, self.office.publication, courier)
        return run.submit(self.office.engine, self.office.publication, courier)

    def reached(self, domain: str = "") -> list[str]:
        """Return the recipients that the servers accepted, of all domains or of one."""
        found = [
            str(message["To"]) for server in self.servers for message in server.mailbox.messages
        ]
        return [address for address in found if domain in address]

    def slowed(self) -> dict[str, Slowed]:
        """Return what is slowed."""
        with self.office.engine.connect() as connection:
            return dict(slowed.present(connection))

    def told(self) -> str:
        """Return the status as reports and the desk show it."""
        office = self.office
        context = SendingContext(office.publication, {"smtp"}, office.now)
        with office.engine.connect() as connection:
            return "\n".join(statuses.waiting(status.of(connection, office.issue_id, context)))

    def state(self) -> IssueState:
        """Return the state of the issue."""
        with self.office.engine.connect() as connection:
            return issues.load(connection, self.office.issue_id).state

    def rejections(self) -> set[int]:
        """Return how many attempts of the batches counted as refused."""
        with self.office.engine.connect() as connection:
            return {each.rejections for each in batches.of_issue(connection, self.office.issue_id)}


@pytest.fixture
def post(office: Office) -> Iterator[Post]:
    made = Post(office)
    yield made
    made.close()


@pytest.fixture
def lite_post(lite: Office) -> Iterator[Post]:
    made = Post(lite)
    yield made
    made.close()


def name_of(server: Esmtp) -> str:
    """Return the name of a server in the database."""
    return server.url.removeprefix("smtp://")


def require_one_copy_each(post: Post) -> None:
    """Check that every recipient has one email, and that the issue is finished."""
    assert Counter(Counter(post.reached()).values()) == {1: PEOPLE}
    assert post.state() is IssueState.SUBMITTED


def test_servers_share_the_batches_by_weight(post: Post) -> None:
    first, second = post.serve(options="?weight=2"), post.serve()
    post.submit()
    require_one_copy_each(post)
    assert len(first.mailbox.messages) == 2 * len(second.mailbox.messages)


def test_a_server_that_refuses_is_left_out_by_every_process_and_tried_again(post: Post) -> None:
    failing, healthy = post.serve(["ok", "mail_450 4.3.2 no"]), post.serve()
    post.submit()
    require_one_copy_each(post)
    assert set(post.slowed()) == {name_of(failing)}
    before = failing.mailbox.sessions

    post.office.issue_id = another_issue(post)
    post.submit()
    assert failing.mailbox.sessions == before
    post.office.later(minutes=2)
    post.office.issue_id = another_issue(post)
    post.submit()
    assert failing.mailbox.sessions > before
    assert post.slowed()[name_of(failing)].pace > FIRST_PACE
    assert len(post.reached()) == 3 * PEOPLE
    assert healthy.mailbox.sessions


def another_issue(post: Post) -> int:
    """Freeze the next issue for the same people."""
    office = post.office
    with office.engine.begin() as connection:
        number = office.issue_id + 1
        office.issue_id = add_issue(connection, number=number)
    office.use(MemorySender(max_batch=SIZE, name="smtp"))
    office.freeze()
    return office.issue_id


def test_what_is_left_out_is_reported(post: Post) -> None:
    failing = post.serve(["rcpt_421 4.3.2 restarting"])
    post.submit()
    told = post.told()
    assert f"the server {name_of(failing)} has not been taking email since 17:00 KST" in told
    assert "421 4.3.2 restarting" in told
    assert "it gets nothing until 17:01" in told


def test_a_domain_that_defers_is_slowed_alone(post: Post) -> None:
    server = post.serve()
    server.busy.add("b.example")
    post.submit()
    assert len(post.reached("example.net")) == PEOPLE // 2
    assert post.reached("b.example") == []
    assert sum("b.example" in line for line in server.commands) == 1, "one question was enough"
    assert "b.example has been deferring since 17:00 KST (451 4.7.1 too many" in post.told()
    assert post.rejections() == {0, 1}

    server.busy.clear()
    post.office.later(minutes=6)
    post.submit(patience=timedelta(hours=1))
    require_one_copy_each(post)
    assert post.slowed()["@b.example"].pace > FIRST_PACE
    assert post.slowed()["@b.example"].strikes == 0


def test_a_domain_that_goes_on_deferring_is_asked_less_and_less(post: Post) -> None:
    server = post.serve()
    server.busy.add("b.example")
    waits = []
    for _ in range(4):
        post.submit()
        found = post.slowed()["@b.example"]
        waits.append(found.until - post.office.now)
        post.office.now = found.until + timedelta(minutes=5)
    assert waits == [FIRST_WAIT * factor for factor in (1, 2, 4, 8)]
    found = post.slowed()["@b.example"]
    assert found.since == post.office.now - sum(waits, timedelta(minutes=20))
    assert found.pace < FIRST_PACE


def test_after_a_day_of_deferrals_the_rest_is_refused(post: Post) -> None:
    server = post.serve()
    server.busy.add("b.example")
    post.submit()
    post.office.later(seconds=GIVEN_UP.total_seconds() - 600)
    post.submit()
    post.office.later(hours=1)
    for _ in range(30):
        post.submit(patience=timedelta(hours=2))
        post.office.later(hours=2)
    assert len(post.reached()) == PEOPLE // 2
    assert post.state() is IssueState.SUBMITTED
    with post.office.engine.connect() as connection:
        rows = deliveries.listed(connection, post.office.issue_id, now=post.office.now)
    refused = {row["address"].rpartition("@")[2] for row in rows if row["state"] == "refused"}
    assert refused == {"b.example"}


def test_a_configured_limit_of_a_domain_holds_back_only_that_domain(lite_post: Post) -> None:
    lite_post.use = SmtpUse(domains=(("b.example", 0.5),))
    lite_post.serve()
    began = lite_post.office.now
    lite_post.submit()
    assert len(lite_post.reached("example.net")) == PEOPLE // 2
    assert len(lite_post.reached("b.example")) == SIZE // 2
    assert "b.example gets 0.5 per second" in lite_post.told()
    lite_post.submit(patience=timedelta(hours=1))
    require_one_copy_each(lite_post)
    took = (lite_post.office.now - began).total_seconds()
    assert took >= (PEOPLE // 2 - SIZE // 2) / 0.5
    assert lite_post.rejections() == {0}


def test_processes_share_what_a_domain_gets(lite_post: Post) -> None:
    """Two that ask at the same time get it once."""
    lite_post.use = SmtpUse(domains=(("b.example", 1),))
    lite_post.serve()
    lite_post.submit()
    lite_post.submit()
    assert len(lite_post.reached("b.example")) == SIZE // 2


def test_a_server_that_asks_for_fewer_messages_gets_fewer_and_slowly_more(lite_post: Post) -> None:
    server = lite_post.serve(["ok", "data_454 Throttling failure: rate exceeded"])
    lite_post.submit()
    assert len(lite_post.reached()) == 1
    found = lite_post.slowed()[name_of(server)]
    assert (found.pace, found.strikes) == (FIRST_PACE, 1)
    began = lite_post.office.now
    lite_post.submit(patience=timedelta(hours=1))
    require_one_copy_each(lite_post)
    assert lite_post.office.now - began > timedelta(seconds=10)
    assert lite_post.slowed()[name_of(server)].pace > FIRST_PACE


def test_a_limit_of_one_server_lets_the_other_one_take_the_rest(lite_post: Post) -> None:
    limited, other = lite_post.serve(options="?rate=1"), lite_post.serve()
    lite_post.submit()
    require_one_copy_each(lite_post)
    assert len(limited.mailbox.messages) == SIZE
    assert len(other.mailbox.messages) == PEOPLE - SIZE


def test_if_every_server_is_busy_the_next_batch_waits_for_the_first_that_is_free(
    lite_post: Post,
) -> None:
    servers = [lite_post.serve(options="?rate=1"), lite_post.serve(options="?rate=1")]
    began = lite_post.office.now
    lite_post.submit()
    assert [len(server.mailbox.messages) for server in servers] == [SIZE, SIZE]
    lite_post.submit(patience=timedelta(hours=1))
    require_one_copy_each(lite_post)
    assert lite_post.office.now - began >= timedelta(seconds=(PEOPLE - 2 * SIZE) / 2)


def test_refusals_of_what_was_already_on_its_way_count_once(office: Office) -> None:
    name, began = "@b.example", office.now
    with office.engine.begin() as connection:
        for seconds in (0, 1, 59):
            slowed.slow(connection, name, "451 busy", began + timedelta(seconds=seconds))
        found = slowed.present(connection)[name]
        assert (found.strikes, found.until, found.pace) == (1, began + FIRST_WAIT, FIRST_PACE)
        slowed.slow(connection, name, "451 busy", found.until)
        found = slowed.present(connection)[name]
        assert (found.strikes, found.pace) == (2, FIRST_PACE / 2)
        for _ in range(found.strikes):
            slowed.ease(connection, name, found.until)
        eased = slowed.present(connection)[name]
    assert (
        describe(eased, found.until, UTC)
        == "b.example has been slowed since 08:00 UTC (451 busy); it gets 47 per minute, and more as it takes them"
    )


def test_the_outage_of_the_only_server_does_not_slow_it(lite_post: Post) -> None:
    lite_post.serve(["mail_550 not today"])
    lite_post.submit()
    assert lite_post.slowed() == {}


def test_nothing_is_written_while_nothing_is_slowed(lite_post: Post) -> None:
    lite_post.serve()
    lite_post.submit()
    require_one_copy_each(lite_post)
    with lite_post.office.engine.connect() as connection:
        assert connection.scalars(sa.select(rate_table.c.name)).all() == []
    assert lite_post.slowed() == {}


@pytest.mark.parametrize(
    ("until", "kept"),
    [(timedelta(minutes=1), True), (timedelta(hours=3), False), (timedelta(days=-2), False)],
)
def test_old_rows_and_those_of_a_clock_that_jumped_are_deleted(
    office: Office, until: timedelta, *, kept: bool
) -> None:
    with office.engine.begin() as connection:
        slowed.slow(connection, "@b.example", "451 busy", office.now + until - FIRST_WAIT)
    run.reconcile(office.engine, office.publication, office.courier())
    with office.engine.connect() as connection:
        assert bool(slowed.present(connection)) == kept
